"""Reads JSON, refuses what two readers could understand differently, and writes compact JSON."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from chat_gateway.core import json_depth
from chat_gateway.core.errors import InvalidRequestError

# A body over HTTP may begin with it, once: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TOP = "the request"  # the name of the top level in messages
# A list of two bytes takes about 100 bytes of the function's memory: docs/adr/0060-memory-by-measurement.md.
_MAX_OBJECTS_AND_LISTS = 400_000
_MAX_VALUES_LOOKED_AT = 10_000  # to look at many short values takes longer than it saves
_MAX_NUMBER_CHARACTERS = 308  # every integer of that many digits fits into a double


class _RepeatedKeyError(ValueError):
    """An object repeats a key."""


def loads_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`.

    Raises InvalidRequestError if `raw` is not UTF-8 JSON, is not an object, repeats a key at any depth, is nested
    more than 100 deep, has more than 400,000 objects and lists, or holds NaN, a number too large for a double, or a number
    of more than 308 characters.
    """
    if not raw:
        raise InvalidRequestError("The request is empty.")
    try:
        document = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise _not_utf8(raw) from None
    except _RepeatedKeyError:
        raise _repeated_key(raw) from None
    except json.JSONDecodeError as error:
        if _wide_encoding(raw):
            raise _not_utf8(raw) from None
        # Some of the decoder's messages end in "at".
        problem = error.msg.removesuffix(" at")
        raise InvalidRequestError(f"The request is not JSON: {problem} at character {error.pos}.") from None
    except RecursionError:
        raise InvalidRequestError("The request is nested too deeply.") from None
    if not isinstance(document, dict):
        raise InvalidRequestError("The request must be a JSON object.")
    depth, objects_and_lists = json_depth.nesting(document)
    if depth > json_depth.MAX_DEPTH:
        raise InvalidRequestError(f"The request is nested more than {json_depth.MAX_DEPTH} deep.")
    if objects_and_lists > _MAX_OBJECTS_AND_LISTS:
        raise InvalidRequestError(f"The request has more than {_MAX_OBJECTS_AND_LISTS:,} objects and lists.")
    return document


def dumps(document: dict[str, Any]) -> bytes:
    """`document` as compact UTF-8 JSON. Raises InvalidRequestError if it holds an unpaired surrogate."""
    try:
        return (
            (_ASCII_ENCODER if _is_quicker_in_ascii(document) else _ENCODER).encode(document).encode("utf-8")
        )
    except UnicodeEncodeError:
        from chat_gateway.core import places  # for refused requests only

        place = places.of_first(document, _has_surrogate)
        raise InvalidRequestError(
            f"The request contains an unpaired surrogate, which is not valid text, in {place or _TOP}.",
            param=place or None,
        ) from None
    except RecursionError:
        raise InvalidRequestError("The request is nested too deeply.") from None


def _is_quicker_in_ascii(document: dict[str, Any]) -> bool:
    """Whether the document has few values, and only text that both encoders write as the same bytes.

    `json` writes long text in three quarters of the time if it may escape what is not ASCII. It would also escape DEL.
    """
    waiting: list[Any] = [document]
    for value in waiting:
        if isinstance(value, str):
            if not value.isascii() or "\x7f" in value:
                return False
        elif isinstance(value, dict | list):
            if len(waiting) + len(value) > _MAX_VALUES_LOOKED_AT:
                return False
            waiting += value
            if isinstance(value, dict):
                waiting += value.values()
    return True


def _not_utf8(raw: bytes) -> InvalidRequestError:
    encoding = _wide_encoding(raw)
    looks = f": it looks like {encoding}. Send it as UTF-8" if encoding else ""
    return InvalidRequestError(f"The request is not UTF-8{looks}.")


def _wide_encoding(raw: bytes) -> str | None:
    """UTF-16 or UTF-32 if the first bytes are of JSON in that encoding, else None."""
    encoding = json.detect_encoding(raw).upper()
    return encoding[:6] if encoding.startswith(("UTF-16", "UTF-32")) else None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _RepeatedKeyError
    return document


def _repeated_key(raw: bytes) -> InvalidRequestError:
    from chat_gateway.core import places  # for refused requests only

    try:
        found = places.of_repeated_key(raw.decode("utf-8"))
    except (ValueError, RecursionError):  # the text after the repeated key is not JSON
        found = None
    key, place = found or ("*", "")
    return InvalidRequestError(
        f"An object in the request repeats a key: {key!r} in {place or _TOP}.", param=place or None
    )


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER_CHARACTERS:
        raise InvalidRequestError("The request contains a number that is too large.")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > _MAX_NUMBER_CHARACTERS:
        raise InvalidRequestError("The request contains a number that is too long.")
    number = float(text)
    if math.isinf(number):
        raise InvalidRequestError("The request contains a number that is too large.")
    return number


def _no_constant(name: str) -> NoReturn:
    raise InvalidRequestError(f"The request contains {name}, which is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=_integer, parse_float=_finite, parse_constant=_no_constant
)
_ENCODER, _ASCII_ENCODER = (
    json.JSONEncoder(ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False, check_circular=False)
    for ascii_only in (False, True)
)
