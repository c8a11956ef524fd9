"""Reads Bedrock's stream of a chat completion: what goes to the caller, and what it tells us."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chat_gateway import foreign_json, foreign_text, guardrail_outcome, sse, upstream_errors
from chat_gateway.errors import UpstreamConnectionError, UpstreamError, UpstreamProtocolError
from chat_gateway.foreign_text import Conceal
from chat_gateway.guardrail_outcome import Outcome

_DONE, _DONE_EVENT = b"[DONE]", b"data: [DONE]\n\n"
# In place of Bedrock's comments, whose words are nobody's answer.
_COMMENT = b":\n\n"
_FRAME_BYTES = len(b"data: \n\n")


class ChatStream:
    """One pass over a stream. What it has seen so far can be read at any time.

    `usage` is the token counts that Bedrock sent, `guardrail_outcome` what all events say of it, `events` the
    number of data events that were no error, `first_token_at` when (on `clock`) the first of the answer's words came.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        *,
        bedrock_request_id: str | None,
        hide_usage: bool,
        keep_trace: bool = True,
        conceal: Conceal = foreign_text.nothing_to_conceal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chunks, self._clock = chunks, clock
        self._bedrock_request_id = bedrock_request_id
        self._hide_usage, self._keep_trace, self._conceal = hide_usage, keep_trace, conceal
        self._done = False
        self.events = 0
        self.first_token_at: float | None = None
        self.usage: dict[str, Any] | None = None
        self.guardrail_outcome = Outcome()

    def relay(self) -> Iterator[bytes]:
        """The caller's bytes: of each piece that arrives, the events that it completes, unmodified but for
        the one shape of a guardrail's block.

        Ends after `[DONE]`. Raises UpstreamError where Bedrock sends an error as an event,
        UpstreamProtocolError where an event is no JSON object or too large, UpstreamConnectionError where the stream
        ends without `[DONE]`, and what `chunks` raises. `conceal` takes our credentials out of an error's text.
        """
        splitter = sse.EventSplitter()
        for chunk in self._chunks:
            try:
                events = splitter.feed(chunk)
            except sse.EventTooLargeError:
                raise self._unreadable("an event that is too large") from None
            yield from self._relay_events(events)
            if self._done:
                return
        raise UpstreamConnectionError(
            "The connection to Bedrock was lost before its answer was complete.",
            bedrock_request_id=self._bedrock_request_id,
        )

    def _relay_events(self, events: Iterable[bytes]) -> Iterator[bytes]:
        """What came together goes on together: a write for each event takes longer than reading it."""
        kept: list[bytes] = []
        try:
            for event in events:
                if self._done:
                    break
                if relayed := self._read(event):
                    kept.append(relayed)
        except (UpstreamError, UpstreamProtocolError):
            if kept:
                yield b"".join(kept)
            raise
        if kept:
            yield b"".join(kept)

    def _read(self, event: bytes) -> bytes:
        """Takes in one event. Returns what of it goes to the caller."""
        data = sse.data_of(event)
        if data is None:
            return _COMMENT
        if data == _DONE:
            self._done = True
            return _DONE_EVENT
        document = self._document(data)
        if document.get("error"):
            raise upstream_errors.from_event(document["error"], self._bedrock_request_id, self._conceal)
        self.events += 1
        has_trace = guardrail_outcome.may_hold_trace(data)
        self._notice(document, has_trace=has_trace)
        changed = guardrail_outcome.present(document, has_trace=has_trace, keep_trace=self._keep_trace)
        # Other fields of an event, and data in several lines, are written anew: our callers read one line of data.
        changed = changed or len(event) != len(data) + _FRAME_BYTES
        if self._hide_usage and document.get("choices") == [] and document.get("usage"):
            # A trace rides on the last event, which this is because we asked for usage; and that a stream was
            # masked is said nowhere else. Else nothing is left to say, and an event without choices surprises callers.
            is_masked = self.guardrail_outcome.action == guardrail_outcome.MASKED
            if not is_masked and not (has_trace and guardrail_outcome.holds_trace(document)):
                return b""
            del document["usage"]
            document["choices"] = [{"index": 0, "delta": {}, "finish_reason": None}] if is_masked else []
            changed = True
        return sse.event(json.dumps(document)) if changed else event

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
            f"Bedrock's stream holds {what}.", bedrock_request_id=self._bedrock_request_id
        )

    def _notice(self, document: dict[str, Any], *, has_trace: bool) -> None:
        if self.first_token_at is None and _has_words(document):
            self.first_token_at = self._clock()
        usage = document.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
        said = guardrail_outcome.read(document, has_trace=has_trace)
        self.guardrail_outcome = self.guardrail_outcome.combined_with(said)


def _has_words(document: dict[str, Any]) -> bool:
    """Whether a delta holds more than the role."""
    choices = document.get("choices")
    if not isinstance(choices, list):
        return False
    deltas = [choice.get("delta") for choice in choices if isinstance(choice, dict)]
    return any(
        value
        for delta in deltas
        if isinstance(delta, dict)
        for name, value in delta.items()
        if name != "role"
    )
