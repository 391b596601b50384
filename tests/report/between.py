"""A part of a page."""

from __future__ import annotations


def between(page: str, start: str, end: str) -> str:
    return page[page.index(start) : page.index(end, page.index(start))]
