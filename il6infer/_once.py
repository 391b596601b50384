"""Attributes that are made when they are first asked for, by one of the threads that ask.

`functools.cached_property` has had no lock since Python 3.12: of two threads each makes the value, and the first to
end loses its own, with the memory whose address compiled code has been given.
https://docs.python.org/3/library/functools.html#functools.cached_property
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar

Value = TypeVar("Value")


class once(cached_property[Value]):  # noqa: N801 - a decorator, as cached_property is
    """Make an attribute by a method, once for each object; other threads wait for it."""

    def __init__(self, make: Callable[[Any], Value]) -> None:
        super().__init__(make)
        self._making = RLock()

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Give the value; make it where it is missing."""
        if instance is None or self.attrname in instance.__dict__:
            return super().__get__(instance, owner)
        with self._making:
            return super().__get__(instance, owner)
