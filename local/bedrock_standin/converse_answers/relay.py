"""Turns a generator's chunks, in OpenAI's form, into events as they come."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.converse_answers.answer import MODEL_STOPS
from local.bedrock_standin.converse_answers.events import Event, block_stop, delta, message_stop, tool_start

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]


def tool_use_id() -> str:
    """A new id in the form of Bedrock's, such as tooluse_kZJMlvQmRJ6eAyJE5GIl7Q."""
    return f"tooluse_{secrets.token_urlsafe(16)}"


class Relay:
    """The events of the first choice of a generator's chunks. `usage` is the last chunk's, in OpenAI's form."""

    def __init__(self, first_index: int = 0) -> None:
        self._index = first_index - 1  # the block that is open, or was last
        self._open: str | int | None = None  # "reasoning", "text", or the number of a tool call
        self._finish_reason = "stop"
        self.usage: JsonObject = {}

    def events(self, chunk: JsonObject) -> Iterator[Event]:
        """The events that this chunk makes."""
        self.usage = chunk.get("usage") or self.usage
        for choice in (chunk.get("choices") or ())[:1]:
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
            piece = choice.get("delta") or {}
            if piece.get("reasoning_content"):
                yield from self._opened("reasoning")
                yield delta(self._index, "reasoningContent", {"text": piece["reasoning_content"]})
            if piece.get("content"):
                yield from self._opened("text")
                yield delta(self._index, "text", piece["content"])
            for call in piece.get("tool_calls") or ():
                yield from self._call(call)

    def end(self) -> Iterator[Event]:
        """The events at the end of the chunks, except the metadata."""
        yield from self._closed()
        yield message_stop(MODEL_STOPS.get(self._finish_reason, "end_turn"))

    def _call(self, call: JsonObject) -> Iterator[Event]:
        function = call.get("function") or {}
        if self._open != call.get("index", 0):
            yield from self._opened(call.get("index", 0))
            yield tool_start(self._index, tool_use_id(), function.get("name") or "")
        if function.get("arguments"):
            yield delta(self._index, "toolUse", {"input": function["arguments"]})

    def _opened(self, kind: str | int) -> Iterator[Event]:
        if self._open != kind:
            yield from self._closed()
            self._open, self._index = kind, self._index + 1

    def _closed(self) -> Iterator[Event]:
        if self._open is not None:
            yield block_stop(self._index)
            self._open = None
