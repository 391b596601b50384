"""PEtab priors as PyMC variables on the linear scale, in the coordinates of `il6infer.inference.coordinates`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.transforms import Transform
from pytensor.tensor import TensorVariable

from il6infer.inference.coordinates import Coordinate, coordinate
from il6infer.problems.families import FAMILIES
from il6infer.problems.priors import distribution, draw
from il6infer.problems.spec import Parameter, Prior
from il6infer.pymc.tensors import pt


def _base(prior: Prior) -> TensorVariable:
    # As arrays: PyTensor makes a bare 2.0 a float32, and its logarithm has float32's precision.
    values = (np.asarray(value, dtype=np.float64) for value in prior.parameters)
    return FAMILIES[prior.distribution].pymc(pm, *values)


def prior_variable(parameter: Parameter) -> TensorVariable:
    """Add the free variable of one parameter to the model in context, on the linear scale.

    Its support, truncation and transform are those of `il6infer.inference.coordinates.coordinate`.
    """
    place = coordinate(parameter)
    whole = (place.low, place.high) == tuple(map(float, distribution(parameter.stated_prior).support()))
    base = _base(parameter.stated_prior) if whole else _truncated(parameter, place)
    return pm.modelcontext(None).register_rv(base, parameter.id, default_transform=BentLine(place))


def _truncated(parameter: Parameter, place: Coordinate) -> TensorVariable:
    """Give the family within the bounds; its parameters come first, then the bounds, as the model's text shows them."""

    def logp(value: TensorVariable, *given: TensorVariable) -> TensorVariable:
        *_, low, high = given
        inside = pt.and_(value >= low, value <= high)
        return pt.switch(inside, pm.logp(_base(parameter.stated_prior), value) - place.log_mass, -np.inf)

    def random(*given: float, rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return draw([parameter], int(np.prod(size or (1,))), rng).reshape(size or ())

    prior = parameter.stated_prior
    name = "Truncated" + "".join(word.capitalize() for word in prior.distribution.split("-"))
    return pm.CustomDist.dist(*prior.parameters, place.low, place.high, logp=logp, random=random, class_name=name)


class BentLine(Transform):
    """`il6infer.inference.coordinates.Coordinate` for PyMC."""

    name = "bent"

    def __init__(self, place: Coordinate) -> None:
        self._place = place

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        """Coordinate of a value."""
        (lower, upper), bend = self._place.ends, self._place.bend
        line = pt.log(value) if self._place.logarithmic else value
        x = line
        if math.isfinite(lower):
            x = pt.switch(line < lower + bend, lower + bend * (1.0 - _overshoot(line - lower, bend)), x)
        if math.isfinite(upper):
            x = pt.switch(line > upper - bend, upper - bend * (1.0 - _overshoot(upper - line, bend)), x)
        return x

    def backward(self, x: TensorVariable, *inputs: Any) -> TensorVariable:
        """Value of a coordinate."""
        (lower, upper), line = self._place.ends, x
        if math.isfinite(lower):
            u = self._beyond(x - lower)
            line = pt.switch(u > 0, lower + self._place.bend * pt.exp(-u * (1.0 + 0.5 * u)), line)
        if math.isfinite(upper):
            u = self._beyond(upper - x)
            line = pt.switch(u > 0, upper - self._place.bend * pt.exp(-u * (1.0 + 0.5 * u)), line)
        return pt.clip(pt.exp(line) if self._place.logarithmic else line, self._place.low, self._place.high)

    def log_jac_det(self, x: TensorVariable, *inputs: Any) -> TensorVariable:
        """Logarithm of the derivative of the value by the coordinate."""
        (lower, upper), total, line = self._place.ends, pt.zeros_like(x), x
        for end, distance, side in ((lower, x - lower, 1.0), (upper, upper - x, -1.0)):
            if math.isfinite(end):
                u = self._beyond(distance)
                total += pt.log1p(u) - u * (1.0 + 0.5 * u)
                line = pt.switch(u > 0, end + side * self._place.bend * pt.exp(-u * (1.0 + 0.5 * u)), line)
        return total + line if self._place.logarithmic else total

    def _beyond(self, distance: TensorVariable) -> TensorVariable:
        """How far x has gone beyond the beginning of a bend, in bends; 0 before it."""
        return pt.maximum(1.0 - distance / self._place.bend, 0.0)


def _overshoot(distance: TensorVariable, bend: float) -> TensorVariable:
    return pt.sqrt(1.0 - 2.0 * pt.minimum(pt.log(pt.maximum(distance, 0.0) / bend), 0.0)) - 1.0
