"""Reads one line of a file as a JSON object, more strictly than `json` does."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class BadLineError(ValueError):
    """The line cannot be used. The message says why, and never repeats the line's text."""


def loads(raw: bytes) -> dict[str, Any]:
    """The object in the line. Raises BadLineError, also for a repeated key, NaN and Infinity."""
    try:
        document = _DECODER.decode(raw.decode())
    except UnicodeDecodeError:
        raise BadLineError("not UTF-8") from None
    except json.JSONDecodeError as error:
        # Some of the decoder's messages end in "at", because a position follows.
        problem = error.msg.removesuffix(" at")
        raise BadLineError(f"not JSON: {problem} at character {error.pos + 1}") from None
    except RecursionError:
        raise BadLineError("nested too deeply") from None
    except BadLineError:
        raise
    except ValueError:
        raise BadLineError("has a number that is too large") from None
    if not isinstance(document, dict):
        raise BadLineError("not a JSON object")
    return document


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise BadLineError("repeats a key in one object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise BadLineError(f"has {name}, which is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant)
