"""Hostile input of any size: texts, JSON and requests that make readers slow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]
# Each kind of input by name: a function from a size in bytes to an input of about that size.
Kinds = Mapping[str, Callable[[int], Any]]

_UNITS = {
    "combining marks": "\u0301\u0327",
    "zero-width spaces": "\u200b",
    "ligatures": "\ufb03",
    "brackets": "[",
    "backslashes": "\\",
    "quotes": '"',
    "escapes": "\\u0041",
    "half surrogates": "\\ud800",
    "line ends": "\r\n\n\r",
    "blanks": " \t",
    "digits": "7",
    "commas": ",",
    "tag fragments": "<amazon-bedrock-guardrails-guard",
    "data URLs": "data:image/png;base64,",
    "base64": "QUJD",
}


def repeated(**units: bytes) -> Kinds:
    """Each unit repeated, by its name with blanks for underscores."""

    def repeating(unit: bytes) -> Callable[[int], bytes]:
        return lambda size: unit * (size // len(unit) + 1)

    return {name.replace("_", " "): repeating(unit) for name, unit in units.items()}


def changed(kinds: Kinds, change: Callable[[Any], Any]) -> Kinds:
    """The same kinds of input, each changed by `change`."""

    def changing(make: Callable[[int], Any]) -> Callable[[int], Any]:
        return lambda size: change(make(size))

    return {name: changing(make) for name, make in kinds.items()}


def some(kinds: Kinds, *names: str) -> Kinds:
    """Only these kinds of input."""
    return {name: kinds[name] for name in names}


def in_pieces_of(piece_bytes: int) -> Callable[[bytes], list[bytes]]:
    """Cuts bytes as a connection may deliver them."""
    return lambda content: [content[at : at + piece_bytes] for at in range(0, len(content), piece_bytes)]


def _text(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit.encode()) + 1)


def _json(unit: str, *, begin: str = "[", end: str = "]") -> Callable[[int], bytes]:
    """An object whose value is `unit`, repeated."""
    text = _text(unit)
    return lambda size: f'{{"a":{begin}{text(size).removesuffix(",")}{end}}}'.encode()


def _distinct_keys(size: int) -> bytes:
    """Long distinct keys: with many short ones, the processor's caches would affect the time."""
    return json.dumps({f"{number:0400}": 1 for number in range(size // 408 + 1)}).encode()


def _in_string(unit: str) -> Callable[[int], bytes]:
    return _json(unit, begin='"', end='"')


TEXTS: Kinds = {name: _text(unit) for name, unit in _UNITS.items()}

JSON: Kinds = {
    "open lists": _json("[", end=""),
    "open objects": _json('{"a":', end=""),
    "numbers": _json("1,"),
    "fractions": _json("0.1,"),
    "empty lists": _json("[],"),
    "deep lists": _json("[" * 90 + "]" * 90 + ","),
    "strings": _json('"a",'),
    "objects": _json('{"a":1},'),
    "a repeated key": _json('"a":1,', begin="{", end="}"),
    "distinct keys": _distinct_keys,
    "one integer": _json("7", begin="", end=""),
    "one fraction": _json("7", begin="0.", end=""),
    "one exponent": _json("7", begin="1e-", end=""),
    "one string": _in_string("a"),
    "combining marks": _in_string("\u0301\u0327"),
    "escapes": _in_string("\\u0041"),
    "half surrogates": _in_string("\\ud800"),
    "backslashes": _in_string("\\\\"),
    "quotes": _json('"', begin="", end=""),
    "blanks": _json(" ", begin="", end=""),
    "commas": _json(",", end=""),
    "line ends": _json("\r\n", begin="", end=""),
    "no UTF-8": lambda size: b'{"a":"' + b"\xff" * size,
}


def _request(text: str) -> Document:
    """A request with a share of `text` in each place that a text can have."""
    share = text[: len(text) // 8 + 1]
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": share}}
    parts = [
        {"type": "text", "text": share},
        {"type": "image_url", "image_url": {"url": share}},
        {"type": "file", "file": {"filename": share, "file_data": share}},
    ]
    return {
        "model": "m",
        "messages": [
            {"role": "user", "content": share},
            {"role": "user", "content": parts},
            {"role": "assistant", "content": None, "tool_calls": [call]},
        ],
        "n": 1,
        "stream": True,
        "stream_options": {"a": share[:100]},
        "unknown": {"a": share, share[:100]: share[:100]},
    }


def _with_messages(*messages: Document) -> Callable[[int], Document]:
    size_bytes = len(json.dumps(messages))
    return lambda size: {"model": "m", "messages": list(messages) * (size // size_bytes + 1)}


def _with_parts(part: Document) -> Callable[[int], Document]:
    def made(size: int) -> Document:
        parts = [part] * (size // len(json.dumps(part)) + 1)
        return {"model": "m", "messages": [{"role": "user", "content": parts}]}

    return made


def _with_keys(key: str) -> Callable[[int], Document]:
    """`key` is formatted with a number, so that each key is different."""

    def made(size: int) -> Document:
        count = size // len(f'"{key}":1,'.encode()) + 1
        return {**_request("a"), "unknown": {key.format(number): 1 for number in range(count)}}

    return made


def _with_tools(size: int) -> Document:
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(size // 50 + 1)]
    return {**_request("a"), "tools": tools}


REQUESTS: Kinds = {
    **changed(TEXTS, _request),
    "one long key": lambda size: {**_request("a"), "a" + TEXTS["combining marks"](size): 1},
    "keys": _with_keys("{:0100}"),
    "keys of combining marks": _with_keys("{}" + "\u0301\u0327" * 50),
    "messages": _with_messages({"role": "user", "content": "a"}),
    "turns": _with_messages({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}),
    "parts": _with_parts({"type": "text", "text": "a"}),
    "media": _with_parts({"type": "file", "file": {"filename": "a", "file_data": "QUJD"}}),
    "tools": _with_tools,
}
