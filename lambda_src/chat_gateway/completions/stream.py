"""Relays Bedrock's stream of a chat completion to the caller, and collects its usage and guardrail outcome."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.completions import enumerations, event_template, sse
from chat_gateway.completions.event_template import EventTemplate
from chat_gateway.completions.reasoning import StreamSeparator
from chat_gateway.core import choices, foreign_json, foreign_text
from chat_gateway.core.choices import MAX_CHOICES
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamProtocolError,
)
from chat_gateway.core.foreign_text import Conceal
from chat_gateway.guardrail import blocked_answer
from chat_gateway.guardrail import outcome as guardrail_outcome
from chat_gateway.guardrail.outcome import INTERVENED, GuardrailOutcome

_DONE, _DONE_EVENT = b"[DONE]", b"data: [DONE]\n\n"
# Replaces comments from Bedrock, whose text is not part of the answer.
_COMMENT = b":\n\n"
_HEAD = ("id", "object", "created", "model")
_FRAME_BYTES = len(b"data: \n\n")


class StreamRules(NamedTuple):
    """The parts of a stream that the caller sees.

    `shows_usage`: the usage chunk, because the caller asked for it. `shows_trace`: the guardrail's trace.
    `separates_reasoning`: move the reasoning from `content` into its own field. `model`: to write into every event; None:
    the events' own stays.
    """

    shows_usage: bool = False
    shows_trace: bool = True
    separates_reasoning: bool = False
    model: str | None = None


class ChatStream:
    """Relays one stream. The attributes show what it has read so far.

    `usage`: the token counts that Bedrock sent. `service_tier`: the tier that served, by Bedrock's name. `guardrail_outcome`:
    the outcome of all events together. `events`: the number of data events without errors. `first_token_at`: when (on
    `clock`) the first token came. `lacks_done`: whether a complete stream ended without `[DONE]`.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        rules: StreamRules,
        *,
        bedrock_request_id: str | None,
        conceal: Conceal = foreign_text.nothing_to_conceal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chunks, self._rules, self._clock = chunks, rules, clock
        self._bedrock_request_id, self._conceal = bedrock_request_id, conceal
        self._separator = StreamSeparator() if rules.separates_reasoning else None
        self._rename = None if rules.model is None else _renaming(rules.model)
        self._done = False
        self._is_open: dict[int, bool] = {}  # by a choice's index
        self._template: EventTemplate | None = None  # of the previous event, if it only held text
        self._finish: _Event | None = None  # held back: the guardrail's outcome may be added
        self._last: dict[str, Any] = {}  # the last parsed event, for the head of an event that we make
        self._said: dict[str, Any] = {}  # the guardrail's keys from events that callers do not see
        self.events = 0
        self.first_token_at: float | None = None
        self.usage: dict[str, Any] | None = None
        self.service_tier: object = None
        self.guardrail_outcome = GuardrailOutcome()
        self.lacks_done = False

    def relay(self) -> Iterator[bytes]:
        """The bytes for the caller. Events that already have OpenAI's shape are unchanged.

        Ends after `[DONE]`, or when Bedrock ends the stream after every choice has finished. Raises UpstreamError for an
        error event, UpstreamProtocolError if an event is too large or not a JSON object, UpstreamConnectionError if the
        stream ends before its choices do, and what `chunks` raises. `conceal` masks our credentials in an error's text.
        """
        try:
            yield from self._relay_chunks()
        except GatewayError:
            if held := self._kept_words() + self._released():
                yield held
            raise

    def _relay_chunks(self) -> Iterator[bytes]:
        splitter = sse.EventSplitter()
        for chunk in self._chunks:
            try:
                events = splitter.feed(chunk)
            except sse.EventTooLargeError:
                raise self._unreadable("an event that is too large") from None
            yield from self._relay_events(events)
            if self._done:
                return
        if not self._is_open or any(self._is_open.values()):
            raise UpstreamConnectionError(
                "The connection to Bedrock was lost before its answer was complete.",
                bedrock_request_id=self._bedrock_request_id,
            )
        self.lacks_done = True
        yield self._released() + _DONE_EVENT

    def _relay_events(self, events: Iterable[bytes]) -> Iterator[bytes]:
        """Yields the events of one chunk together, because a write for each event takes longer than reading it.

        The stream's first event does not wait for others.
        """
        kept: list[bytes] = []
        try:
            for event in events:
                if self._done:
                    break
                if relayed := self._read(event):
                    kept.append(relayed)
                    if self.events == 1:
                        yield b"".join(kept)
                        kept.clear()
        except (UpstreamError, UpstreamProtocolError):
            if kept:
                yield b"".join(kept)
            raise
        if kept:
            yield b"".join(kept)

    def _read(self, raw: bytes) -> bytes:
        """Reads one event. Returns the bytes to send now."""
        if self._template is not None and (known := self._template.written(raw)) is not None:
            self.events += 1
            return known
        data = sse.data_of(raw)
        if data is None:
            return _COMMENT
        if data == _DONE:
            self._done = True
            return self._kept_words() + self._released() + _DONE_EVENT
        document = self._document(data)
        if (error := upstream_errors.in_event(document)) is not None:
            raise upstream_errors.from_event(error, self._bedrock_request_id, self._conceal)
        self.events += 1
        event = _Event(document, raw, is_written=len(raw) == len(data) + _FRAME_BYTES)
        self._present(event, has_trace=guardrail_outcome.may_hold_trace(data))
        return self._passed_on(event) if document.get("choices") else self._without_choices(event)

    def _present(self, event: _Event, *, has_trace: bool) -> None:
        """Collects usage and outcome from the event, and gives it the shape that callers see."""
        document = event.document
        # First: it maps the names of a block to one.
        changed = enumerations.conform(document, enumerations.CHUNK)
        is_block = self._notice(document, has_trace=has_trace)
        changed |= blocked_answer.present(
            document, is_block=is_block, has_trace=has_trace, keep_trace=self._rules.shows_trace
        )
        if self._separator is not None:
            changed = self._separator.separate(document) or changed
            self._last = document
        if changed:
            event.is_written = False
        event.says_only_words = event.is_written and not has_trace and _is_words_alone(document)
        self.service_tier = document.get("service_tier") or self.service_tier
        if enumerations.conform_service_tier(document) and event.is_written:
            event.rewrite(enumerations.bytes_with_service_tier(event.raw, document))
        if self._rename is not None:
            self._rename(event)

    def _passed_on(self, event: _Event) -> bytes:
        """The event's bytes, after the held-back event. Holds back an event that finishes a choice."""
        earlier = self._released()
        is_finish = self._note_ends(event.document)
        self._template = None
        if is_finish and not self._rules.shows_usage:
            self._finish = event
            return earlier
        if not is_finish and _is_empty(event):
            return earlier
        written = event.bytes()
        if not is_finish and self._may_repeat(event):
            self._template = event_template.of(event.raw, written)
        return earlier + written

    def _may_repeat(self, event: _Event) -> bool:
        """Whether events that differ from this one only in their text would be handled the same way."""
        return (
            event.says_only_words
            and self.first_token_at is not None
            and (self._separator is None or self._separator.is_past)
        )

    def _without_choices(self, event: _Event) -> bytes:
        """The bytes of an event without choices: the usage chunk, if the caller asked for it.

        Otherwise only the guardrail's keys are kept, and added to the finish event.
        """
        document = event.document
        if self._rules.shows_usage:
            if document.get("choices") != []:
                document["choices"], event.is_written = [], False
            return event.bytes()
        self._said.update(guardrail_outcome.said(document))
        return b""

    def _released(self) -> bytes:
        """The held-back event, with the guardrail's keys that came since."""
        held, self._finish = self._finish, None
        if held is None:
            return b""
        if self._said:
            held.document.update(self._said)
            held.is_written = False
        return held.bytes()

    def _kept_words(self) -> bytes:
        """An event with text that was held back as a possible beginning of a tag."""
        rest = self._separator.rest() if self._separator is not None else []
        head = {name: self._last[name] for name in _HEAD if name in self._last}
        return sse.event(json.dumps({**head, "choices": rest})) if rest else b""

    def _document(self, data: bytes) -> dict[str, Any]:
        try:
            document = foreign_json.loads(data)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._unreadable("an event that is not a JSON object")
        return document

    def _unreadable(self, what: str) -> UpstreamProtocolError:
        return UpstreamProtocolError(
            f"Bedrock's stream contains {what}.", bedrock_request_id=self._bedrock_request_id
        )

    def _notice(self, document: dict[str, Any], *, has_trace: bool) -> bool:
        """Collects first token, usage and outcome. Returns whether the event is a guardrail's block."""
        if self.first_token_at is None and _has_words(document):
            self.first_token_at = self._clock()
        usage = document.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
        said = guardrail_outcome.read(document, has_trace=has_trace, conceal=self._conceal)
        self.guardrail_outcome = self.guardrail_outcome.combined_with(said)
        return said.action == INTERVENED

    def _note_ends(self, document: dict[str, Any]) -> bool:
        """Notes which choices end with this event. Returns whether one does."""
        is_finish = False
        for choice in choices.of(document):
            index = choice.get("index")
            key = index if isinstance(index, int) else 0
            ends = choice.get("finish_reason") is not None
            if key in self._is_open or len(self._is_open) < MAX_CHOICES:
                self._is_open[key] = not ends and self._is_open.get(key, True)
            is_finish = is_finish or ends
        return is_finish


class _Event:
    """An event to relay: as `raw` while `is_written` is true, else as the serialised `document`."""

    __slots__ = ("_rewritten", "document", "is_written", "raw", "says_only_words")

    def __init__(self, document: dict[str, Any], raw: bytes, *, is_written: bool) -> None:
        self.document, self.raw, self.is_written = document, raw, is_written
        self._rewritten: bytes | None = None
        self.says_only_words = False

    def rewrite(self, raw: bytes | None) -> None:
        """Replaces the bytes to send; None: serialise the document."""
        self.is_written, self._rewritten = raw is not None, raw

    def bytes(self) -> bytes:
        if not self.is_written:
            return sse.event(json.dumps(self.document))
        return self.raw if self._rewritten is None else self._rewritten


def _renaming(model: str) -> Callable[[_Event], None]:
    """Writes the environment's own name into an event."""
    from chat_gateway.completions.shown_model import bytes_with_model  # for such names only

    def rename(event: _Event) -> None:
        if event.is_written:
            event.rewrite(bytes_with_model(event.bytes(), event.document, model))
        else:
            event.document["model"] = model

    return rename


def _is_empty(event: _Event) -> bool:
    """Whether an event has become empty, because all of its text was held back."""
    document = event.document
    if event.is_written or document.get("usage") is not None or guardrail_outcome.said(document):
        return False
    return all(choice.get("delta") == {} for choice in choices.of(document))


def _is_words_alone(document: dict[str, Any]) -> bool:
    """Whether a chunk holds only one choice's text: no usage, no guardrail outcome, no finish."""
    if document.get("usage") is not None or guardrail_outcome.said(document):
        return False
    choices = document.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return False
    choice = choices[0]
    delta = choice.get("delta")
    return choice.get("finish_reason") is None and isinstance(delta, dict) and delta.keys() == {"content"}


def _has_words(document: dict[str, Any]) -> bool:
    """Whether a delta has more than the role."""
    deltas = [choice.get("delta") for choice in choices.of(document)]
    return any(
        value
        for delta in deltas
        if isinstance(delta, dict)
        for name, value in delta.items()
        if name != "role"
    )
