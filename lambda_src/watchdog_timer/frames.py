"""Frames with a name of their own: how the id of a request or job gets into the traceback of a dead process.

faulthandler prints the names of functions and no values, so the id has to be the name of a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TypeVar

_Result = TypeVar("_Result")

_MAX_CHARACTERS = 200


def named(name: str, call: Callable[..., _Result], *args: object) -> _Result:
    """What `call(*args)` returns; in tracebacks its caller has `name`, in printable ASCII and cut to 200 characters."""
    result: _Result = _renamed(_call, name)(call, *args)
    return result


def named_items(name: str, items: Iterator[bytes]) -> Iterator[bytes]:
    """`items`, each made below a frame with `name`; closing it closes `items`, once it has been begun."""
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
