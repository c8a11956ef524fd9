"""Hostile input for the pure functions that turn callers' requests into Converse's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from chat_gateway.completions.cache_control import without_cache_control
from chat_gateway.converse import families, request, text_files
from chat_gateway.core.errors import InvalidRequestError
from tests.unit.growth.hostile import JSON, REQUESTS, TEXTS, Document, Kinds, changed
from tests.unit.growth.measure import REQUEST_BYTES, Case, cases

_MODELS = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-opus-5",
    "amazon.nova-2-lite-v1:0",
    "meta.llama3-3-70b-instruct-v1:0",
    "amazon.titan-text-express-v1",
)
_USER = {"role": "user", "content": "a"}
_MARK = {"cache_control": {"type": "ephemeral"}}
_PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n0000").decode()
_TEXT_FILE = "data:text/plain;base64,QUJDREVGR0hJSktMTU5P"


def all_cases() -> Iterator[Case]:
    """All cases with requests of callers."""
    yield from cases("Converse, text", REQUEST_BYTES, changed(TEXTS, _with_text), _read)
    yield from cases("Converse, name", REQUEST_BYTES, changed(TEXTS, _with_name), _read)
    yield from cases("Converse, media", REQUEST_BYTES, changed(TEXTS, _with_media), _read)
    yield from cases(
        "Converse, field", REQUEST_BYTES, changed(TEXTS, lambda text: _asking(**{text: 1})), _read
    )
    arguments = changed(JSON, lambda raw: _calling(arguments=raw.decode("utf-8", "replace")))
    yield from cases("Converse, arguments", REQUEST_BYTES, arguments, _read)
    yield from cases("Converse, request", REQUEST_BYTES, REQUESTS, _read)
    yield from cases("Converse, many", REQUEST_BYTES, _MANY, _read)
    yield from cases("Converse, refused", REQUEST_BYTES, _refused(), _read)
    yield from cases("cache_control", REQUEST_BYTES, _MARKED, without_cache_control)
    yield from cases("family", REQUEST_BYTES, TEXTS, families.of)
    yield from cases("HTML", REQUEST_BYTES, {**TEXTS, **_PAGES}, _read_page)


def _read(document: Document) -> None:
    for model in _MODELS:
        with suppress(InvalidRequestError):
            request.translated(document, model=model)


def _read_page(text: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        text_files.readings(text.encode(encoding, "replace"), "html")


def _asking(*messages: Document, **fields: Any) -> Document:
    return {"messages": list(messages) or [_USER], **fields}


def _calling(id_: str = "c", name: str = "f", arguments: str = "{}") -> Document:
    call = {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
    return _asking(_USER, *_round(call, id_))


def _round(call: Document, id_: str) -> list[Document]:
    return [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": id_, "content": ""}]


def _tool(name: str, **function: Any) -> Document:
    return {"type": "function", "function": {"name": name, "strict": True, **function}, **_MARK}


def _with_text(text: str) -> Document:
    system = {"role": "system", "content": text}
    answer = {"role": "assistant", "content": [{"type": "refusal", "refusal": text}], "refusal": text}
    return _asking(system, {"role": "user", "content": text}, answer, stop=text, reasoning_effort="low")


def _with_name(text: str) -> Document:
    choice = {"type": "function", "function": {"name": text}}
    document = _calling(text, text)
    return {
        **document,
        "tools": [_tool(text, description=text)],
        "tool_choice": choice,
        "parallel_tool_calls": False,
    }


def _with_media(text: str) -> Document:
    parts = [
        {"type": "text", "text": "a", **_MARK},
        {"type": "file", "file": {"filename": text, "file_data": _TEXT_FILE}},
        {"type": "file", "file": {"filename": text, "file_data": _TEXT_FILE}},
        {"type": "image_url", "image_url": {"url": _PNG}},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text}"}},
    ]
    return _asking({"role": "user", "content": parts})


def _times(item: Callable[[int], Any], item_bytes: int) -> Callable[[int], list[Any]]:
    return lambda size: [item(number) for number in range(size // item_bytes + 1)]


_tools = _times(lambda number: _tool(f"f.{number}"), 100)
_names = _times(lambda number: {"type": "function", "function": {"name": f"f.{number}"}}, 100)
_parts = _times(lambda _: {"type": "text", "text": "a", **_MARK}, 70)


def _rounds(size: int) -> Document:
    """Calls with one id, and with names that are all replaced."""
    calls = _times(lambda number: _calling("c d", f"f.{number}")["messages"][1:], 200)(size)
    return _asking(_USER, *[message for messages in calls for message in messages])


def _calls(size: int) -> Document:
    """Many calls in one turn; the ids differ in one character that is replaced."""
    made = [_calling(f"c{chr(0x4E00 + number)}") for number in range(min(size // 100 + 1, 20_000))]
    answers = [document["messages"][1] for document in made]
    return _asking(_USER, *answers, *[document["messages"][2] for document in made])


def _allowed(size: int) -> Document:
    allowed = {"mode": "required", "tools": _names(size // 2)}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    return _asking(tools=_tools(size // 2), tool_choice=choice)


def _schema(size: int) -> Document:
    schema: Document = {"properties": {f"p{number}": {} for number in range(size // 20 + 1)}}
    definition = {"name": "a", "schema": schema}
    return _asking(
        tools=[_tool("f", parameters=schema)],
        tool_choice="required",
        response_format={"type": "json_schema", "json_schema": definition},
        service_tier="flex",
        top_k=1,
        temperature=0.5,
        top_p=1,
    )


_MANY: Kinds = {
    "rounds": _rounds,
    "calls": _calls,
    "tools": lambda size: _asking(tools=_tools(size), reasoning_effort="high"),
    "allowed tools": _allowed,
    "marked parts": lambda size: _asking({"role": "user", "content": _parts(size)}),
    "neighbours": lambda size: _asking(*[_USER] * (size // 40 + 1)),
    "system prompts": lambda size: _asking(*[{"role": "system", "content": "a"}] * (size // 40 + 1), _USER),
    "stops": lambda size: _asking(stop=["a"] * (size // 4 + 1)),
    "schema": _schema,
}
_MARKED: Kinds = {
    "parts": lambda size: _asking({"role": "user", "content": _parts(size)}, tools=_parts(size)),
    "messages": lambda size: _asking(*[{"role": "user", "content": [{"a": 1}]}] * (size // 50 + 1)),
}


_PAGES: Kinds = {
    "open tags": lambda size: "<" * size,
    "long tag": lambda size: "<" + "a" * size,
    "ampersands": lambda size: "&" * size,
    "escapes": lambda size: "&#1" * (size // 3 + 1),
}


def _refused() -> Kinds:
    """Requests that are refused, each with a long text."""
    fields: dict[str, Document] = {
        "role": _asking({"role": "critic"}),
        "type": _asking(_USER, {"role": "assistant", "content": 7}),
        "tool choice": _asking(tools=[_tool("f")], tool_choice=7),
        "both samplers": _asking(temperature=0.5, top_p=0.5),
        "open call": _asking(*_calling()["messages"][:2]),
    }
    return {name: _adding_text(document) for name, document in fields.items()}


def _adding_text(document: Document) -> Callable[[int], Document]:
    return lambda size: {**document, "user": "a" * size}
