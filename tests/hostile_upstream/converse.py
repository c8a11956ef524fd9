"""An honest Converse's answers and ApplyGuardrail's, and their parts for scenarios to change."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.hostile_upstream.honest import Honest, to_json
from tests.hostile_upstream.markers import HELD
from tests.hostile_upstream.script import Frames, Step
from tests.hostile_upstream.way import Way
from tests.unit import event_stream_messages

CHECK_PATH = "/guardrail/"
MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
EVENT_STREAM = b"application/vnd.amazon.eventstream"
USAGE = {"inputTokens": 23, "outputTokens": 7, "totalTokens": 30}
# A message's encoded headers and its payload.
Message = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class HonestConverse(Honest):
    """Converse's answer, or ConverseStream's."""

    calls_tool: bool = False

    @property
    def content_type(self) -> bytes:
        return EVENT_STREAM if self.way is Way.STREAM else b"application/json"

    @property
    def content(self) -> bytes:
        if self.way is Way.STREAM:
            return Frames(self.messages).data
        return to_json(answer(*self._blocks(), stop_reason=self._stop_reason))

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages of the stream."""
        if not self.calls_tool:
            return stream(words(self.words))
        return stream((thought(HELD),), words(self.words, index=1), called(2), stop_reason=self._stop_reason)

    def framed(self, *messages: Message) -> tuple[Step, ...]:
        """A stream with these messages, with the body's length."""
        frames = Frames(messages)
        return self.head(b"Content-Length: %d" % len(frames.data)), frames

    def steps(self) -> tuple[Step, ...]:
        """The whole answer."""
        return self.framed(*self.messages) if self.way is Way.STREAM else (self.counted(),)

    @property
    def _stop_reason(self) -> str:
        return "tool_use" if self.calls_tool else "end_turn"

    def _blocks(self) -> tuple[Any, ...]:
        text = {"text": self.words}
        return (reasoning(HELD), text, tool_use({"city": HELD})) if self.calls_tool else (text,)


@dataclass(frozen=True, slots=True)
class HonestCheck(Honest):
    """ApplyGuardrail's answer if it finds nothing."""

    way: Way = Way.WHOLE

    @property
    def content(self) -> bytes:
        return to_json(verdict("NONE"))


def answer(*blocks: Any, stop_reason: Any = "end_turn", **change: Any) -> dict[str, Any]:
    """Converse's answer with these content blocks."""
    return {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": stop_reason,
        "usage": USAGE,
        "metrics": {"latencyMs": 7},
        **change,
    }


def tool_use(input_: Any, **change: Any) -> dict[str, Any]:
    """A tool call as a content block."""
    return {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": input_, **change}}


def reasoning(text: Any) -> dict[str, Any]:
    """The model's thoughts as a content block."""
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln"}}}


def event(kind: str, payload: Any) -> Message:
    """An event with the document, or with the bytes, as its payload."""
    return _message("event", kind, payload)


def exception(kind: str, payload: Any) -> Message:
    """An exception of the service's model."""
    return _message("exception", kind, payload)


def delta(piece: Any, *, index: Any = 0) -> Message:
    """A piece of a content block."""
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": piece})


def words(text: str, *, index: int = 0) -> tuple[Message, ...]:
    """The text, an event for each word."""
    first, *others = text.split(" ")
    return tuple(delta({"text": word}, index=index) for word in (first, *(f" {other}" for other in others)))


def thought(text: Any, *, index: Any = 0) -> Message:
    """A piece of the model's thoughts."""
    return delta({"reasoningContent": {"text": text}}, index=index)


def call_start(index: Any = 0, **change: Any) -> Message:
    """The start of a tool call."""
    use = {"toolUseId": f"tooluse_{index}"[:60], "name": "weather", **change}
    return event("contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": use}})


def argument(piece: Any, *, index: Any = 0) -> Message:
    """A piece of a tool call's arguments."""
    return delta({"toolUse": {"input": piece}}, index=index)


def called(index: Any = 0, *pieces: Any, **change: Any) -> tuple[Message, ...]:
    """A whole tool call."""
    arguments = pieces or ('{"city": ', f'"{HELD}"', "}")
    return (
        call_start(index, **change),
        *(argument(piece, index=index) for piece in arguments),
        block_stop(index),
    )


def block_stop(index: Any = 0) -> Message:
    return event("contentBlockStop", {"contentBlockIndex": index})


def message_stop(stop_reason: Any = "end_turn", **change: Any) -> Message:
    return event("messageStop", {"stopReason": stop_reason, **change})


def metadata(**change: Any) -> Message:
    return event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 7}, "p": "abcdefgh", **change})


def stream(*blocks: tuple[Message, ...], stop_reason: Any = "end_turn") -> tuple[Message, ...]:
    """All messages of a stream with these blocks."""
    return START, *itertools.chain(*blocks), message_stop(stop_reason), metadata()


def verdict(action: Any, *texts: Any, found: Any = None, **change: Any) -> dict[str, Any]:
    """ApplyGuardrail's verdict: its texts, and the action of what it found."""
    entry = {"type": "NAME", "match": "a match", "action": found}
    policy = {"sensitiveInformationPolicy": {"piiEntities": [entry]}}
    return {
        "action": action,
        "outputs": [{"text": text} for text in texts],
        "assessments": [] if found is None else [policy],
        "usage": {},
        **change,
    }


def _message(message_type: str, kind: str, payload: Any) -> Message:
    headers = {
        f":{message_type}-type": kind,
        ":content-type": "application/json",
        ":message-type": message_type,
    }
    content = payload if isinstance(payload, bytes) else to_json(payload)
    return event_stream_messages.strings(headers), content


START = event("messageStart", {"role": "assistant"})
