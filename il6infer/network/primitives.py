"""Functions that only plain expressions hold, with the derivatives that they have in floating point."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp
from sympy.core.evalf import prec_to_dps

LOG_OF_ZERO = -1e300
"""What `LogSize` is at 0."""


class Power(sp.Function):
    """x**n of real numbers, whose derivatives are finite where x reaches 0.

    A negative base has a power where the exponent is whole. A base that is negative within the solver's tolerance
    (above -1e-6) counts as 0 for any other exponent, since concentrations touch 0, where d(x**n)/dn = x**n log(x) is
    0 * -inf in floating point though its limit is 0. The value at 0 is infinite when n is negative, and 1 when it is 0.
    """

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate by the base (1) or the exponent (2)."""
        base, exponent = self.args
        if argindex == 1:
            return exponent * PowerInSlope(base, exponent - 1)
        return PowerByExponent(base, exponent) * Logarithm(base)


class PowerInSlope(Power):
    """`Power` as a factor of a derivative: 0 at x = 0 where the exponent is negative."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate: at x = 0 as if by 0 times infinity, so that x**n at n = 1 has a finite second derivative."""
        base, exponent = self.args
        return super().fdiff(1) if argindex == 1 else PowerInSlope(base, exponent) * Logarithm(base)


class PowerByExponent(Power):
    """`Power` as a factor of its derivative by the exponent: `PowerInSlope`, but NaN where 0**0 has no derivative."""


class Logarithm(sp.Function):
    """log(x) that is 0 at x = 0, and NaN below: only ever multiplied by a `PowerByExponent`."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return PowerInSlope(self.args[0], sp.Integer(-1))


class Floor(sp.Function):
    """Greatest whole number that is not above x; its slope is 0."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return sp.Integer(0)


class _Number(sp.Function):
    """A function that is a number where its arguments are: fixed parameters are put in before compilation."""

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        arguments = [argument.evalf(prec_to_dps(prec)) for argument in self.args]
        if not all(argument.is_number for argument in arguments):
            return None
        if any(argument is sp.nan or argument.is_extended_real is False for argument in arguments):
            return sp.nan
        return sp.sympify(self._number(*arguments))

    @staticmethod
    def _number(*arguments: sp.Expr) -> sp.Expr | float:
        """Give the value at real numbers."""
        raise NotImplementedError


class AbsoluteValue(_Number):
    """|x|, whose slope at 0 is 1."""

    nargs = 1

    @staticmethod
    def _number(x: sp.Expr) -> sp.Expr:
        """Give the absolute value."""
        return sp.Abs(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return 2 * AtLeast(self.args[0], sp.Integer(0)) - 1


class Larger(_Number):
    """The larger of two numbers; where they are equal, its slope is that of the first. NaN where one is NaN."""

    nargs = 2

    @staticmethod
    def _number(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Give the larger."""
        return sp.Max(a, b)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate by the first (1) or the second (2)."""
        first = AtLeast(*self.args)
        return first if argindex == 1 else 1 - first


class AtLeast(_Number):
    """1 where the first is not smaller than the second, else 0; NaN where one is NaN. Its slope is 0."""

    nargs = 2

    @staticmethod
    def _number(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Give 1 or 0."""
        return sp.Integer(bool(a >= b))

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return sp.Integer(0)


class Chosen(sp.Function):
    """The second where the first is above 0, else the third, NaN in the first included: two forms of one function.

    SymPy's own `Piecewise` is unfolded into all combinations where one stands in another.
    """

    nargs = 3

    @classmethod
    def eval(cls, test: sp.Expr, form: sp.Expr, other: sp.Expr) -> sp.Expr | None:
        """Choose where it is known which.

        Parameters
        ----------
        test
            Above 0 for the second.
        form, other
            The same in two forms.
        """
        if form is other:
            return form
        value = test.evalf() if test.is_number else None
        return None if value is None else form if value.is_extended_positive else other

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        return self.of_forms(lambda form: form.diff(s))

    def of_forms(self, function: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
        """Give the choice between what a function makes of the two forms; the test stays."""
        test, form, other = self.args
        return self.func(test, function(form), function(other))


class BySeries(Chosen):
    """A quotient of two that vanish together, or a sum whose poles cancel: `il6infer.network.poles.where_small`."""


class ByConjugate(Chosen):
    """A root of a quadratic equation, see `il6infer.network.conjugates`."""


class Largest(_Number):
    """The largest of the logarithms of the terms of a sum. Its slope counts as 0.

    A sum is divided by its largest term, and what the sum stands in is multiplied by it: no slope of the whole depends
    on which number that is; see `il6infer.network.magnitudes`.
    """

    @staticmethod
    def _number(*arguments: sp.Expr) -> sp.Expr:
        """Give the largest."""
        return sp.Max(*arguments)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return sp.Integer(0)


class LogSize(_Number):
    """log|x|, and -1e300 at 0; stands only in `Largest` and `RelativePower`, and its slope counts as 0."""

    nargs = 1

    @staticmethod
    def _number(x: sp.Expr) -> sp.Expr | float:
        """Give it, finite at 0, so that 0 times it is 0."""
        return LOG_OF_ZERO if x.is_zero else sp.log(sp.Abs(x))

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate."""
        return sp.Integer(0)


class RelativeExp(_Number):
    """exp(u - m) of two numbers, and 1 where both are the same, infinite ones too."""

    nargs = 2

    @staticmethod
    def _number(u: sp.Expr, m: sp.Expr) -> sp.Expr:
        """Give exp(u - m)."""
        return sp.Integer(1) if u == m else sp.exp(u - m)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate by u (1) or m (2)."""
        return self if argindex == 1 else -self


class RelativePower(_Number):
    """x**n exp(w) as `Power` has it, though x**n may overflow. Arguments: x, n, `LogSize` of x, w."""

    nargs = 4

    @staticmethod
    def _number(x: sp.Expr, n: sp.Expr, size: sp.Expr, w: sp.Expr) -> sp.Expr:
        """Give sign(x)**n exp(n size + w)."""
        value = sp.exp(n * size + w)
        # sympy's 2.0 is not its 2.
        if x > 0 or n.is_zero:
            return value
        if x.is_zero:
            return sp.Integer(0) if n > 0 else value
        return (-value if float(n) % 2 else value) if float(n).is_integer() else sp.nan

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate by x (1), n (2) or w (4); the third goes with the first."""
        base, exponent, size, w = self.args
        if argindex == 1:
            return exponent * RelativePowerInSlope(base, exponent - 1, size, w)
        if argindex == 2:
            return RelativePowerByExponent(base, exponent, size, w) * Logarithm(base)
        return sp.Integer(0) if argindex == 3 else self


class RelativePowerInSlope(RelativePower):
    """`RelativePower` as `PowerInSlope`."""

    @staticmethod
    def _number(x: sp.Expr, n: sp.Expr, size: sp.Expr, w: sp.Expr) -> sp.Expr:
        """As `RelativePower`, but 0 at x = 0 where n is negative."""
        return sp.Integer(0) if x.is_zero and n < 0 else RelativePower._number(x, n, size, w)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Differentiate, see `PowerInSlope`."""
        base, exponent, size, w = self.args
        if argindex == 2:
            return RelativePowerInSlope(base, exponent, size, w) * Logarithm(base)
        return super().fdiff(argindex)


class RelativePowerByExponent(RelativePower):
    """`RelativePower` as `PowerByExponent`."""

    @staticmethod
    def _number(x: sp.Expr, n: sp.Expr, size: sp.Expr, w: sp.Expr) -> sp.Expr:
        """As `RelativePowerInSlope`, but NaN for 0**0."""
        return sp.nan if x.is_zero and n.is_zero else RelativePowerInSlope._number(x, n, size, w)


INTERNAL = {
    Power: "power",
    PowerInSlope: "power_in_slope",
    PowerByExponent: "power_by_exponent",
    Logarithm: "logarithm",
    Larger: "larger",
    AtLeast: "at_least",
    Largest: "largest",
    LogSize: "log_size",
    RelativeExp: "relative_exp",
    RelativePower: "relative_power",
    RelativePowerInSlope: "relative_power_in_slope",
    RelativePowerByExponent: "relative_power_by_exponent",
}
"""Class -> name in generated code of what only plain expressions hold."""
