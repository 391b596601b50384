"""Genotype of the cells of a condition: what they lack, and parameters that have another value in them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from il6infer._tables import number

COLUMNS = ("knock_out", "set")
"""Columns of a protocol that hold it, as text: ``SOCS3;JAK1`` and ``ratio_IL6R_gp130=0.2;k_import=high``."""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_CELLS = re.compile(rf"[:~@]?{_NAME.pattern}|[:~]?{_NAME.pattern}@{_NAME.pattern}", re.ASCII)

_FACTOR = re.compile(r"[xX]([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_])(.*)", re.ASCII)

MARKS = (":", "~", "@", "=")
"""What a value begins with that a joint fit has written: see `Genotype.set`."""


@dataclass(frozen=True)
class Genotype:
    """What sets the cells of a condition apart from those of the model, from before the stimulus to the end.

    Attributes
    ----------
    knock_out
        Genes, or parameters, that they lack.
    set
        Parameter -> its value in these cells; or a name, where it is estimated for these cells apart, from the same
        prior; or ``x0.5``, a factor on the model's own value, which may be estimated. Conditions that give a parameter
        one name share it. A joint fit writes four more, which models without the parameter pass over: ``:name``, as a
        name; ``~name``, drawn around a mean that all share; ``@cell``, as in a cell preset; ``=0.2``, the value that
        the configuration gives. ``@cell`` behind a name says which preset's cells these are, and so which prior they
        have. Behind a factor, these say what it multiplies.
    """

    knock_out: tuple[str, ...] = ()
    set: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        """Whether the cells differ at all."""
        return bool(self.knock_out or self.set)

    @property
    def cells(self) -> tuple[str, str]:
        """Its text in the columns of a protocol."""
        given = [f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in self.set.items()]
        return ";".join(self.knock_out), ";".join(given)


def factor_of(value: object) -> tuple[float | None, str]:
    """Read a factor: its number, and how the joint fit marks what it multiplies; None and the text of any other value.

    Parameters
    ----------
    value
        Of `Genotype.set`.
    """
    found = _FACTOR.fullmatch(value) if isinstance(value, str) else None
    return (float(found[1]), found[2]) if found else (None, value if isinstance(value, str) else "")


def written(value: object) -> str:
    """Write what stands in a description as the cell of a protocol: lists with ``;``, mappings as ``name=value``."""
    if isinstance(value, Mapping):
        return ";".join(f"{key}={each}" for key, each in value.items())
    return ";".join(map(str, value)) if isinstance(value, list | tuple) else str(value).strip()


def read_genotype(knock_out: str, given: str, *, joined: bool = False) -> tuple[Genotype, list[tuple[str, str]]]:
    """Read the two cells of a protocol.

    Parameters
    ----------
    knock_out, given
        Text of the columns `COLUMNS`; empty for nothing.
    joined
        Whether a joint fit may have written them.

    Returns
    -------
    tuple
        The genotype, and (column, what is wrong) of each fault.
    """
    wrong: list[tuple[str, str]] = []
    lacking = [name.strip() for name in knock_out.split(";") if name.strip()]
    wrong += [("knock_out", f"'{name}' is no name of a gene or parameter.") for name in lacking if not _is_name(name)]
    values: dict[str, float | str] = {}
    for entry in (part.strip() for part in given.split(";") if part.strip()):
        name, equals, text = (word.strip() for word in entry.partition("="))
        value = number(text)
        factor, rest = factor_of(text)
        read = (_of_joint if joined else _is_name)(rest) if rest else factor is not None
        if not equals or not _is_name(name) or (value is None and not read) or (factor is not None and _is_name(rest)):
            wrong.append(("set", f"'{entry}' is not PARAMETER=VALUE."))
        elif factor is not None and not 0 < factor < math.inf:
            wrong.append(("set", f"'{entry}': a factor must be above 0; what cells lack is under knock_out."))
        elif name in values:
            wrong.append(("set", f"'{name}' is set twice."))
        else:
            values[name] = text if value is None else value
    wrong += [("set", f"'{name}' is knocked out, too.") for name in values if name in lacking]
    return Genotype(tuple(dict.fromkeys(lacking)), MappingProxyType(values)), wrong


def _of_joint(text: str) -> bool:
    return bool(_CELLS.fullmatch(text)) or (text[:1] == MARKS[-1] and number(text[1:]) is not None)


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))
