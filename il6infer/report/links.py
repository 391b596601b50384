"""Text of the page: DOIs as links, models in words, reasons put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

# Some hold parentheses, and none ends with a stop: 10.1016/0014-5793(92)81004-6.
_DOI = re.compile(r"\b(10\.\d{4,9}/(?:\([^\s()]*\)|[^\s;,()\]'\"<>])*(?:\([^\s()]*\)|[^\s;,.:()\]'\"<>]))")


def dois(text: str) -> list[str]:
    """DOIs in a text, in order."""
    return _DOI.findall(text)


def linked(text: object) -> Markup:
    """Escape text, and make a link of each DOI in it."""
    parts = _DOI.split(str(text))
    made = [
        Markup('<a href="https://doi.org/{0}">{0}</a>').format(part) if i % 2 else escape(part)
        for i, part in enumerate(parts)
    ]
    return Markup("").join(made)


def in_words(lines: Iterable[str], words: Mapping[str, str]) -> list[str]:
    """Replace names of models in sentences by what they say, in quotes."""
    if not words:
        return list(lines)
    names = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w+@.]){names and f'({names})'}(?![\w+@])")
    return [pattern.sub(lambda found: f"\N{LEFT DOUBLE QUOTATION MARK}{words[found[1]]}"
                                      "\N{RIGHT DOUBLE QUOTATION MARK}", line) for line in lines]  # fmt: skip


def grouped_by_reason(reasons: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Reason -> models, from model -> reason."""
    found: dict[str, list[str]] = {}
    for model, why in reasons.items():
        found.setdefault(why, []).append(model)
    return list(found.items())
