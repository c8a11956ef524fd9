"""Puts the id of a request or job into the traceback of a killed process, as the name of a frame.

faulthandler prints names of functions but no values, so the id has to be the name of a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TypeVar

_Result = TypeVar("_Result")

_MAX_CHARACTERS = 200


def named(name: str, call: Callable[..., _Result], *args: object) -> _Result:
    """The result of `call(*args)`. In tracebacks its caller is `name`, in printable ASCII, cut to 200 characters."""
    result: _Result = _renamed(_call, name)(call, *args)
    return result


def named_items(name: str, items: Iterator[bytes]) -> Iterator[bytes]:
    """`items`, each made below a frame with `name`. Closing the iterator closes `items` only if it was started."""
    renamed: Iterator[bytes] = _renamed(_items, name)(items)
    return renamed


def _call(call: Callable[..., _Result], *args: object) -> _Result:
    return call(*args)


def _items(items: Iterator[bytes]) -> Iterator[bytes]:
    yield from items


def _renamed(function: Callable[..., object], name: str) -> FunctionType:
    return FunctionType(function.__code__.replace(co_name=_printable(name)), {})


def _printable(name: str) -> str:
    if not (name.isascii() and name.isprintable()):
        name = "".join(character if " " <= character <= "~" else "?" for character in name[:_MAX_CHARACTERS])
    return name[:_MAX_CHARACTERS]
