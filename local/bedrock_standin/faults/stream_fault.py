"""The part of `standin_fault` for streams. Each key needs `stream: true`.

Outcomes. A fault has at most one. "After N" means after N events, or after all events if there are fewer. Every event
counts, also the event with the role:
    cut_after_events: N               the connection ends after N, without the end of the body
    end_after_events: N               the body ends correctly after N, without the other events and without [DONE]
    error_event_first: {…}            only an event with this `error`, without [DONE]
    error_event_after: N              an event with an `error` after N, then the end without [DONE]
    garbage_after_events: N           an event that is not JSON after N, then the other events
    silent_after_events: N, silent_s  a pause of silent_s seconds after N, then the other events
    endless: true                     numbered words without end; a guardrail checks only the input
    without_done: true                all events without [DONE]
Modifiers, which can be combined with each outcome and with each other, or be alone:
    hold: id                          each event, also [DONE], waits for POST /_standin/holds/{id}/release
    events: N                         numbered words as content, in N events, without token limit; not with endless
    line_ending, comments             the same events with other line ends or with comments
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_EVENTS = 1_000_000

EventCount = Annotated[int, Field(ge=0, le=MAX_EVENTS)]
Seconds = Annotated[float, Field(ge=0, le=900, allow_inf_nan=False)]


class ErrorEvent(BaseModel):
    """The `error` of an error event. It is sent with the given keys only."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    message: str
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class StreamFault(BaseModel):
    """How a stream differs from a normal stream."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    cut_after_events: EventCount | None = None
    end_after_events: EventCount | None = None
    error_event_first: ErrorEvent | None = None
    error_event_after: EventCount | None = None
    garbage_after_events: EventCount | None = None
    silent_after_events: EventCount | None = None
    silent_s: Seconds | None = None
    endless: bool = False
    without_done: bool = False
    hold: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] | None = None
    events: EventCount | None = None
    line_ending: Literal["\n", "\r", "\r\n"] = "\n"
    comments: bool = False

    def stream_keys(self) -> list[str]:
        """The keys of this part that are set."""
        fields = StreamFault.model_fields.items()
        return [name for name, field in fields if getattr(self, name) != field.default]

    def needs_stream(self) -> bool:
        """Whether only a stream can have this fault."""
        return bool(self.stream_keys())

    def stream_outcomes(self) -> int:
        """The number of outcomes that are set."""
        return len({*self.stream_keys()} - {"silent_s", "hold", "events", "line_ending", "comments"})

    def undisturbed_events(self) -> int:
        """The number of events before the outcome."""
        after = (
            self.cut_after_events,
            self.end_after_events,
            self.error_event_after,
            self.garbage_after_events,
            self.silent_after_events,
        )
        return next((count for count in after if count is not None), 0)
