"""Turns ConverseStream's events into the events of Bedrock's native streamed chat completions.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chat_gateway.converse import answer, errors, finish_reasons, guardrail_keys, usage
from chat_gateway.converse.chunks import DONE, ChunkWriter
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.core.errors import UpstreamConnectionError, UpstreamProtocolError

if TYPE_CHECKING:
    from chat_gateway.converse.event_stream import Event
    from chat_gateway.core.foreign_text import Conceal

_HEAD = ("id", "object", "created", "model", "choices")
_NO_PIECES = "{}"


class StreamTranslator:
    """Translates one stream. The completion's last events wait for the metadata, which says what the guardrail did.

    `model`, `tool_names` and `created` are as for `answer.completion`; `conceal` masks our credentials in an error's text.
    """

    def __init__(
        self,
        *,
        model: str,
        tool_names: Mapping[str, str],
        id_: str,
        created: int,
        bedrock_request_id: str | None,
        conceal: Conceal = foreign_text.nothing_to_conceal,
    ) -> None:
        self._writer = ChunkWriter(model=model, id_=id_, created=created)
        self._tool_names, self._bedrock_request_id, self._conceal = tool_names, bedrock_request_id, conceal
        self._holds_cached = usage.stream_holds_cached(model)
        self._has_begun = self._has_words = self._is_done = False
        # A block's index counts all kinds of blocks, a tool call's only tool calls.
        self._calls = 0
        self._call_of_block: dict[int, int] = {}
        self._without_pieces: dict[int, int] = {}  # of these: the calls whose arguments have not begun
        self._stop: dict[str, Any] | None = None
        self._metadata: dict[str, Any] | None = None

    def feed(self, event: Event) -> bytes:
        """The bytes to pass on, which may be none. Events of unknown kinds, and those after the metadata, are skipped.

        Raises UpstreamError for an exception or error event, and UpstreamProtocolError for an event that is not as AWS
        describes it, or for an answer that is malformed.
        """
        if self._is_done:
            return b""
        if event.message_type != "event":
            raise errors.of_event(event, self._bedrock_request_id, self._conceal)
        match event.kind:
            case "contentBlockDelta":
                return self._delta(self._content(event))
            case "contentBlockStart":
                return self._block_start(self._content(event))
            case "contentBlockStop":
                return self._block_stop(self._document(event))
            case "messageStart":
                return self._begun(self._content(event))
            case "messageStop":
                self._stop = self._content(event)
                return self._message_stop(self._stop)
            case "metadata":
                self._metadata = self._document(event)
                return b"" if self._stop is None else self._ending(self._stop)
        return b""

    def end(self) -> bytes:
        """The rest of the bytes, once the stream has ended. Raises UpstreamConnectionError if the answer has not."""
        if self._stop is None:
            raise UpstreamConnectionError(
                "The connection to Bedrock was lost before its answer was complete.",
                bedrock_request_id=self._bedrock_request_id,
            )
        return self._ending(self._stop)

    def _content(self, event: Event) -> dict[str, Any]:
        """The payload of an event that must come before the end of the message."""
        if self._stop is not None:
            raise self._unreadable("more of an answer after its end")
        return self._document(event)

    def _document(self, event: Event) -> dict[str, Any]:
        try:
            document = foreign_json.loads(event.payload)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._unreadable("an event that is not a JSON object")
        return document

    def _begun(self, _: object = None) -> bytes:
        """The first event of the completion, unless it was passed on before."""
        if self._has_begun:
            return b""
        self._has_begun = True
        return self._writer.role()

    def _delta(self, document: dict[str, Any]) -> bytes:
        delta = document.get("delta")
        if not isinstance(delta, dict):
            return b""
        text = delta.get("text")
        if isinstance(text, str):
            if not text:
                return b""
            self._has_words = True
            words = self._writer.words(text)
            return words if self._has_begun else self._begun() + words
        if "toolUse" in delta:
            return self._arguments(document, delta["toolUse"])
        reasoning = delta.get("reasoningContent")
        thought = reasoning.get("text") if isinstance(reasoning, dict) else None
        return (
            self._begun() + self._writer.reasoning(thought) if thought and isinstance(thought, str) else b""
        )

    def _block_start(self, document: dict[str, Any]) -> bytes:
        start = document.get("start")
        use = start.get("toolUse") if isinstance(start, dict) else None
        if use is None:
            return b""
        block = self._block(document)
        id_, name = (use.get("toolUseId"), use.get("name")) if isinstance(use, dict) else (None, None)
        if not (isinstance(id_, str) and id_ and isinstance(name, str) and name):
            raise self._unreadable("a tool call without an id or a name")
        earlier = self._begun() + self._completed(block)
        index, self._calls = self._calls, self._calls + 1
        self._call_of_block[block] = self._without_pieces[block] = index
        return earlier + self._writer.call(index, id_=id_, name=self._tool_names.get(name, name))

    def _arguments(self, document: dict[str, Any], use: object) -> bytes:
        block, piece = self._block(document), use.get("input") if isinstance(use, dict) else None
        if block not in self._call_of_block or not isinstance(piece, str):
            raise self._unreadable("arguments that belong to no tool call or are not text")
        if not piece:
            return b""
        self._without_pieces.pop(block, None)
        return self._writer.arguments(self._call_of_block[block], piece)

    def _block_stop(self, document: dict[str, Any]) -> bytes:
        block = document.get("contentBlockIndex")
        return self._completed(block) if isinstance(block, int) else b""

    def _completed(self, block: int) -> bytes:
        """The arguments of the block's tool call, if the model wrote none."""
        index = self._without_pieces.pop(block, None)
        return b"" if index is None else self._writer.arguments(index, _NO_PIECES)

    def _message_stop(self, stop: dict[str, Any]) -> bytes:
        if finish_reasons.is_unusable(
            stop.get("stopReason"), has_words=self._has_words, has_calls=self._calls > 0
        ):
            raise UpstreamProtocolError(
                "The model's answer is malformed.", bedrock_request_id=self._bedrock_request_id
            )
        completed = b"".join([self._completed(block) for block in list(self._without_pieces)])
        return completed if self._metadata is None else completed + self._ending(stop)

    def _ending(self, stop: dict[str, Any]) -> bytes:
        if self._is_done:
            return b""
        self._is_done = True
        said = self._metadata or {}
        reason = stop.get("stopReason")
        guardrail = guardrail_keys.read(said.get("trace"), reason)
        counts = usage.of(
            said.get("usage"), stop.get("additionalModelResponseFields"), holds_cached=self._holds_cached
        )
        finish = finish_reasons.of(reason, is_block=guardrail.is_block, has_calls=self._calls > 0)
        facts = ({} if counts is None else {"usage": counts}) | answer.service_tier(said) | guardrail.keys
        return self._begun() + _last_events(self._writer, finish, facts)

    def _block(self, document: dict[str, Any]) -> int:
        block = document.get("contentBlockIndex")
        if not isinstance(block, int):
            raise self._unreadable("a tool call without the index of its block")
        return block

    def _unreadable(self, what: str) -> UpstreamProtocolError:
        return UpstreamProtocolError(
            f"Bedrock's stream contains {what}.", bedrock_request_id=self._bedrock_request_id
        )


def replayed(completion: Mapping[str, Any]) -> bytes:
    """The events of a stream that gives `completion`, which `answer.completion` made."""
    writer = ChunkWriter(model=completion["model"], id_=completion["id"], created=completion["created"])
    choice = completion["choices"][0]
    facts = {name: value for name, value in completion.items() if name not in _HEAD}
    return b"".join(
        [
            writer.role(),
            *_of_message(writer, choice["message"]),
            _last_events(writer, choice["finish_reason"], facts),
        ]
    )


def _of_message(writer: ChunkWriter, message: Mapping[str, Any]) -> list[bytes]:
    events = []
    if thoughts := message.get("reasoning_content"):
        events.append(writer.reasoning(thoughts))
    if words := message.get("content"):
        events.append(writer.words(words))
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        events.append(writer.call(index, id_=call["id"], name=function["name"]))
        events.append(writer.arguments(index, function["arguments"]))
    return events


def _last_events(writer: ChunkWriter, finish: str, facts: Mapping[str, Any]) -> bytes:
    return writer.finish(finish) + (writer.facts(facts) if facts else b"") + DONE
