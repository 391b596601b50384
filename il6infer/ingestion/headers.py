"""What the header of a column says of its numbers, held against what the description says: units, logarithms, factors.

A header in pg/ml under a description in ng/ml is a factor of a thousand that no fit would notice. Who knows better than
the header gives the column another name (``columns:``), which says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from il6infer._errors import Fault
from il6infer._tables import Sheet
from il6infer._units import DOSE_UNITS, species_of, substances

_SPELLED = {
    **{unit.casefold(): unit for unit in DOSE_UNITS},
    **{f"{p}mol/l": f"{p}M" for p in "fpnum"},
    "%": "percent",
    "percent": "percent",
    "fraction": "fraction",
    "molecules/cell": "molecules/cell",
    **{f"{u}/ml": "U/ml" for u in ("u", "iu", "unit", "units")},
}
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_LOGARITHM = re.compile(
    r"(?<![a-z])(log|log2|log10|log1p|ln|lg|loge)(?![a-z])|(?<![a-z])log2?_?(fc|fold)"
    r"|(?<![a-z])-?(\u03b4|\u0394|d){0,2}c[tqp](?![a-z])",
    re.IGNORECASE,
)
_TRANSFORMED = re.compile(
    r"(?<![a-z])(a(rc|r)?(sin|cos)h|logicle|biexp(onential)?|r?logit|r[_ -]?log|vst|(square|cube)?[ _-]?root|sqrt"
    r"|(robust )?z[_ -]?(score|value|transformed)s?|standard score)(?![a-z])",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(%|per ?cent|relative) ?(of )?(change|increase|rise)(?![a-z])|(change|increase) (over|from|vs|in %)",
    re.IGNORECASE,
)
_FALL = r"(inhibition|suppression|reduction|knock[ -]?down)"
_FALLING = re.compile(
    rf"(%|percent|fraction)( of)?( \w+)? {_FALL}|{_FALL}\W*(%|percent|in %)|\A{_FALL}\Z"
    r"|(?<![a-z])(transmittance|quench(ed|ing)|(renilla|r-?luc)\s*(/|over|to)\s*(firefly|f-?luc)"
    r"|(total|t-?stat3|stat3)\s*(/|over|to)\s*(phospho|p-?stat3)"
    r"|(unstim(ulated)?|untreated|control|ctrl|vehicle)\s*(/|over|to)\s*(stim(ulated)?|treated))(?![a-z])",
    re.IGNORECASE,
)
_GATED = re.compile(
    r"\A(?!.*(%|percent|freq)).*?("
    r"(?<![a-z])(of|in|among)\s+(the\s+)?((p-?stat[13]|p-?y70[15]|p-?erk|p-?akt)[ _-]?)?(\+|positives?|pos\.?)(?![a-z])"
    r"|(?<![a-z])(p-?stat[13]|p-?y70[15]|p-?erk|p-?akt)\s?(\+|(positive|pos\.?) (cells|mfi|median|mean))"
    r"|[(\[]positive[)\]])",
    re.IGNORECASE,
)
"""Of cells above a gate in the very signal."""

_CYCLES = re.compile(r"(?<![a-z])c[tqp](?![a-z])", re.IGNORECASE)
_QUANTITY = re.compile(
    r"(?<![a-z])(?P<amount>[fpnum]?g|[fpnum]?mol|molecules?|copies|sites|i?u|units?)"
    r"(?:\s*(?:/|\bper\b|_per_)\s*(?P<each>[a-z0-9.^]+(?:\s*(?:/|\bper\b|_per_)\s*[a-z0-9.^]+)*)"
    r"|_(?P<code>ml|l|dl|ul|mg|well|cell)(?![a-z]))",
    re.IGNORECASE,
)
"""An amount by volume, mass, well, cell, time or whatever."""

_MOLAR = re.compile(r"(?<![A-Za-z])[fpnum]M(?![A-Za-z])")  # mM is a concentration, mm a length

_MASS = re.compile(r"[(\[,]\s*([pnum\u00b5\u03bc]g)\s*(?:[)\]]|$)")
_ACTIVITY = "U/ml"
"""Of which no concentration follows."""
_RELATIVE = re.compile(
    r"(%|percent|fraction|share) of (the |own )?(max|control|ctrl|con\b|untreated|vehicle|wt|wild|peak|top|basal)"
    r"|\bof max|(?<![a-z])(fold|relative|rel\.|normali[sz]ed|norm\.|arbitrary|a\.?u\.|rlu|mfi|gmfi|od ?\d*|absorbance"
    r"|optical density|counts|cpm|fluorescence|luminescence|intensity)(?![a-z])",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"(?<![a-z])[x\u00d7*]\s*(10\s*\^?\s*-?\d+|10+|1[., ]?0{3}(?:[., ]?0{3})*)(?!\d)|10\s*\^\s*-?\d+"
    r"|(?<![a-z])in (thousands|millions)|(?<![\d:])1\s*:\s*\d+(?![\d:])",
    re.IGNORECASE,
)


def unit_of(header: str) -> str:
    """Give the unit that a header names in brackets, or behind its last comma or blank; empty where it names none."""
    inside = _BRACKETS.findall(header)
    words = header.rsplit(",", 1)[1:] or header.rsplit(" ", 1)[1:]
    for word in [*inside, *words]:
        plain = re.sub(r"\s", "", word).replace("\u00b5", "u").replace("\u03bc", "u").replace("per", "/")
        unit = _SPELLED.get(plain.casefold())
        if unit is not None and plain[-1:] != "m":  # mm is a length, mM a concentration
            return unit
    return ""


def _stated_unit(header: str) -> str:
    """Give the unit of a header wherever it stands in it, also one that the description cannot say (``pg/mg``)."""
    if unit := unit_of(header):
        return unit
    plain = header.replace("\u00b5", "u").replace("\u03bc", "u")
    found = _QUANTITY.search(plain)
    if not found:
        molar = _MOLAR.search(plain)
        return molar[0] if molar else ""
    each = re.sub(r"\s*(/|\bper\b|_per_)\s*", "/", found["each"] or found["code"], flags=re.IGNORECASE)
    amount = re.sub(r"^(molecule|copies|sites)$", "molecules", found["amount"], flags=re.IGNORECASE)
    return _SPELLED.get(f"{amount}/{each}".casefold(), f"{amount}/{each}")


def is_logarithm(header: str) -> bool:
    """Tell whether a header says that its numbers are logarithms: ``log10 ...``, ``dCt``, ``Ct SOCS3``."""
    return bool(_LOGARITHM.search(header))


def is_transformed(header: str) -> bool:
    """Tell whether by its header a column is no signal but made of one: ``arcsinh ...``, ``% change``."""
    return any(kind.search(header) for kind in (_LOGARITHM, _TRANSFORMED, _CHANGE, _GATED, _FALLING))


def dosed(column: str) -> str:
    """Give the substance whose dose a column holds, by its name (``input_il6``, ``Stattic (uM)``); empty for none.

    A number in brackets is no unit of a dose, but the region of a bead array (``sIL-6R (43)``): that was measured.
    """
    if any(inside.strip().isdigit() for inside in _BRACKETS.findall(column)):
        return ""
    words = _BRACKETS.sub("", column).strip()
    words = re.sub(r"^(input|dose|conc)[_ ]|[_ ](dose|level|conc|ng[_ ]?ml|nm|um|ng per ml)$", "", words, flags=re.I)
    species = species_of(words.strip(" ,"))
    return species if species in substances() else ""


def contradicted(sheet: Sheet, units: Mapping[str, str], absolute: Collection[str]) -> Iterator[Fault]:
    """Find columns whose header says another unit than the description, or a factor that it does not know.

    Parameters
    ----------
    sheet
        The table.
    units
        Column -> unit that the description says.
    absolute
        Columns of these whose numbers are not known only up to a factor.
    """
    for column, unit in units.items():
        where = f"{sheet.name}, column '{column}'"
        own = "or give the column a name that says nothing of it, as in "
        own += f"'columns: {{{_name(column)}: {_quoted(column)}}}'"
        said = _stated_unit(column)
        free = unit in ("a.u.", "ratio", "relative") or {said, unit} == {"percent", "fraction"}
        if said and said != unit and not free:
            remedy = f"Say 'unit: {said}'" if said in _SPELLED.values() else "Convert the numbers"
            if said == _ACTIVITY:
                remedy = "Convert the numbers: no amount follows from an activity"
            yield Fault(where, f"its header says {said}, the description {unit}.", f"{remedy}, {own}.")
        mass = _MASS.search(column) if unit in DOSE_UNITS else None
        if mass:
            what = f"its header says a mass ({mass[1]}), and the description a concentration ({unit})."
            yield Fault(where, what, f"Divide it by the volume, {own}.")
        relative = _RELATIVE.search(column) if column in absolute else None
        if relative:
            what = f"its header says '{relative[0].strip()}': numbers up to a factor, and the description says that "
            what += f"they are {unit} as they stand."
            yield Fault(where, what, f"Take 'scale: false' out, {own}.")
        factor = _FACTOR.search(column) if column in absolute else None
        if factor:
            what = f"its header says that the numbers are to be multiplied ({factor[0].strip()})."
            yield Fault(where, what, f"Multiply them, {own}.")


def transformed(sheet: Sheet, columns: Collection[str]) -> Iterator[Fault]:
    """Find measured columns that by their header are no multiple of the signal: z-scores, changes, inhibition."""
    kinds = (
        (_TRANSFORMED, "transformed numbers, which are no multiple of the signal", "Give the signal itself"),
        (_CHANGE, "a difference from a control, 0 where the signal is not", "Give signals, the control's, too"),
        (_GATED, "a mean of the cells above a gate, which hardly falls with the signal", "Give that of all cells"),
        (_FALLING, "what falls as the signal rises", "Give what rises with it"),
    )
    for column in columns:
        for kind, what, remedy in kinds:
            if column in sheet.columns and (found := kind.search(column)):
                own = f"if it is that, say 'columns: {{{_name(column)}: {_quoted(column)}}}'."
                said = f"its header says '{found[0].strip()}': {what}."
                yield Fault(f"{sheet.name}, column '{column}'", said, f"{remedy}; {own}")
                break


def logarithms(sheet: Sheet, columns: Collection[str]) -> Iterator[Fault]:
    """Find columns that hold logarithms by their header, and are read as numbers."""
    for column in columns:
        if column in sheet.columns and is_logarithm(column):
            what = "its header says logarithm, and it would be read as the number itself."
            remedy = f"Give the numbers; if these are they, say 'columns: {{{_name(column)}: {_quoted(column)}}}'."
            if _CYCLES.search(column):
                what = (
                    "its header says cycles of a PCR, which fall as the amount rises: it would be read as the amount."
                )
                remedy = "Read them by 'assay: qpcr' (a row a well: columns gene and ct), or give amounts, 2^-ddCt."
            yield Fault(f"{sheet.name}, column '{column}'", what, remedy)


def _name(column: str) -> str:
    words = re.sub(r"\W+", "_", _BRACKETS.sub("", column), flags=re.ASCII).strip("_")
    silent = words and words != column and not words[0].isdigit() and not is_transformed(words.replace("_", " "))
    return words if silent else "values"


def _quoted(column: str) -> str:
    return "'" + column.replace("'", "''") + "'"
