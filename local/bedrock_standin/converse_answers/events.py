"""The events of a stream, as Converse's own names and payloads, without I/O."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from local.bedrock_standin.converse_answers.answer import metadata_of
from local.bedrock_standin.generators.completion import pieces_of

if TYPE_CHECKING:
    from local.bedrock_standin.converse_answers.answer import Answer

JsonObject = dict[str, Any]


class Event(NamedTuple):
    """One event: its type and its payload."""

    name: str
    payload: JsonObject


Events = AsyncGenerator[list[Event], None]  # each list has the events that are available together

MESSAGE_START = Event("messageStart", {"role": "assistant"})


def tool_start(index: int, tool_use_id: str, name: str) -> Event:
    """The start of a block that calls a tool."""
    start = {"toolUse": {"toolUseId": tool_use_id, "name": name}}
    return Event("contentBlockStart", {"start": start, "contentBlockIndex": index})


def delta(index: int, kind: str, value: object) -> Event:
    """A piece of a block."""
    return Event("contentBlockDelta", {"delta": {kind: value}, "contentBlockIndex": index})


def block_stop(index: int) -> Event:
    """The end of a block."""
    return Event("contentBlockStop", {"contentBlockIndex": index})


def message_stop(stop_reason: str, model_fields: JsonObject | None = None) -> Event:
    """The end of the message."""
    fields = {} if model_fields is None else {"additionalModelResponseFields": model_fields}
    return Event("messageStop", {"stopReason": stop_reason, **fields})


def events_of(answer: Answer) -> Iterator[Event]:
    """All events of a whole answer."""
    yield MESSAGE_START
    for index, block in enumerate(answer.blocks):
        yield from block_events(index, block)
    yield message_stop(answer.stop_reason, answer.model_fields)
    yield Event("metadata", metadata_of(answer))


def block_events(index: int, block: JsonObject) -> Iterator[Event]:
    """The events of one block: text, a tool call, or reasoning. The signature is an event of its own."""
    if "toolUse" in block:
        yield from _tool_events(index, block["toolUse"])
    elif "reasoningContent" in block:
        yield from _reasoning_events(index, block["reasoningContent"]["reasoningText"])
    else:
        yield from (delta(index, "text", piece) for piece in pieces_of(block["text"]))
    yield block_stop(index)


def _tool_events(index: int, use: JsonObject) -> Iterator[Event]:
    yield tool_start(index, use["toolUseId"], use["name"])
    for piece in pieces_of(json.dumps(use["input"], ensure_ascii=False)):
        yield delta(index, "toolUse", {"input": piece})


def _reasoning_events(index: int, reasoning: JsonObject) -> Iterator[Event]:
    for piece in pieces_of(reasoning["text"]):
        yield delta(index, "reasoningContent", {"text": piece})
    if "signature" in reasoning:
        yield delta(index, "reasoningContent", {"signature": reasoning["signature"]})
