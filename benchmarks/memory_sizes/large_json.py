"""JSON that takes as much memory as possible for its size, within the limits of requests and of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

# A document may be 100 levels deep, of which what is around this JSON needs some.
_DEPTH = 85
# An answer may have 500,000 values, and a request 400,000 objects and lists. Some of them are around this JSON.
_MOST_OBJECTS = 490_000
_WIDE = "\U0001f600"  # with one such character, a text takes four bytes in memory for each of its characters


def small(_: int) -> str:
    """A word."""
    return '"Paris"'


def text(size_bytes: int) -> str:
    """A string of ASCII characters."""
    return '"' + "a" * (size_bytes - 2) + '"'


def wide_text(size_bytes: int) -> str:
    """A string whose characters take four bytes each."""
    return '"' + _WIDE + "a" * (size_bytes - 2 - len(_WIDE.encode())) + '"'


def lists(size_bytes: int) -> str:
    """Lists in lists. No other value takes as much memory for its number of characters. A large request of them is refused."""
    chain = "[" * _DEPTH + "]" * _DEPTH
    return "[" + ",".join([chain] * ((size_bytes - 1) // (len(chain) + 1))) + "]"


def objects(size_bytes: int) -> str:
    """Objects in objects, each with a key of its own. No other value takes as much memory, if the number is limited."""
    count = min((size_bytes - 1) // (len(_objects(0).encode()) + 1), _MOST_OBJECTS // _DEPTH)
    return "[" + ",".join(_objects(number * _DEPTH) for number in range(count)) + "]"


def _objects(first: int) -> str:
    keys = (f'{{"{_WIDE}{number:06x}":' for number in range(first, first + _DEPTH))
    return "".join(keys) + "0" + "}" * _DEPTH


SMALL, TEXT, WIDE_TEXT, LISTS, OBJECTS, IMAGE = "small", "text", "wide text", "lists", "objects", "image"
STRINGS = (SMALL, TEXT, WIDE_TEXT)
BY_KIND: Mapping[str, Callable[[int], str]] = {
    SMALL: small,
    TEXT: text,
    WIDE_TEXT: wide_text,
    LISTS: lists,
    OBJECTS: objects,
}
