"""Writes the events of a streamed chat completion.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DONE = b"data: [DONE]\n\n"
# Longer text is cut: in ASCII it takes up to six bytes a character, and readers of events limit an event's size.
_MOST_CHARACTERS = 65_536
_quoted = json.encoder.encode_basestring_ascii  # in ASCII, since a model may answer an unpaired surrogate


class ChunkWriter:
    """Writes the events of one completion. Events of the same kind differ only in their text and index."""

    __slots__ = ("_after_words", "_before_words", "_head")

    def __init__(self, *, model: str, id_: str, created: int) -> None:
        head = _json({"id": id_, "object": "chat.completion.chunk", "created": created, "model": model})
        self._head = f'data: {head[:-1]},"choices":['
        before, self._after_words = self._around('{"content":', "}")
        self._before_words = before

    def role(self) -> bytes:
        """The first event."""
        return self._delta({"role": "assistant", "content": ""})

    def words(self, text: str) -> bytes:
        """Text of the answer, as one event or more."""
        if len(text) > _MOST_CHARACTERS:
            return self._cut(self._before_words, text, self._after_words)
        return self._before_words + _quoted(text).encode("ascii") + self._after_words

    def reasoning(self, text: str) -> bytes:
        """Text of the reasoning, as one event or more."""
        before, after = self._around('{"reasoning_content":', "}")
        return self._cut(before, text, after)

    def call(self, index: int, *, id_: str, name: str) -> bytes:
        """The beginning of a tool call, without arguments."""
        function = {"name": name, "arguments": ""}
        return self._delta(
            {"tool_calls": [{"index": index, "id": id_, "type": "function", "function": function}]}
        )

    def arguments(self, index: int, text: str) -> bytes:
        """A piece of a tool call's arguments, as one event or more."""
        before, after = self._around(f'{{"tool_calls":[{{"index":{index},"function":{{"arguments":', "}}]}")
        return self._cut(before, text, after)

    def finish(self, reason: str) -> bytes:
        """The event that ends the choice."""
        return self._event(f'{{"index":0,"delta":{{}},"finish_reason":{_json(reason)}}}]}}')

    def facts(self, fields: Mapping[str, Any]) -> bytes:
        """An event without choices, with these further fields."""
        return self._event(f"],{_json(fields)[1:]}" if fields else "]}")

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return self._event(f'{{"index":0,"delta":{_json(delta)},"finish_reason":null}}]}}')

    def _event(self, rest: str) -> bytes:
        return f"{self._head}{rest}\n\n".encode("ascii")

    def _around(self, before: str, after: str) -> tuple[bytes, bytes]:
        """The event's bytes before and after the text that ends a delta."""
        begin = f'{self._head}{{"index":0,"delta":{before}'
        return begin.encode("ascii"), f'{after},"finish_reason":null}}]}}\n\n'.encode("ascii")

    def _cut(self, before: bytes, text: str, after: bytes) -> bytes:
        pieces = (text[at : at + _MOST_CHARACTERS] for at in range(0, len(text), _MOST_CHARACTERS))
        return b"".join(before + _quoted(piece).encode("ascii") + after for piece in pieces)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
