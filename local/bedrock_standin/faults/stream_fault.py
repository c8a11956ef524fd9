"""The part of `standin_fault` that only a stream can have; each key needs `stream: true`.

Outcomes, of which a fault has at most one. "After N" means N events, or all there are if there are fewer;
each event counts, the one with the role included:
    cut_after_events: N               the connection ends after N, without the end of the body
    end_after_events: N               the body ends after N as a whole one does, without the rest and without [DONE]
    error_event_first: {…}            an event with this `error` and nothing else, not even [DONE]
    error_event_after: N              an event with an `error` after N, then the end without [DONE]
    garbage_after_events: N           an event that is not JSON after N, then the rest
    silent_after_events: N, silent_s  nothing for so many seconds after N, then the rest
    endless: true                     numbered words for ever; a guardrail checks the input only
    without_done: true                everything but [DONE]
Modifiers, which go with any of them, with one another or alone:
    hold: id                          every event, [DONE] included, waits for POST /_standin/holds/{id}/release
    events: N                         numbered words as content, in N events; no token limit; not with endless
    line_ending, comments             the same events, spelled otherwise
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_EVENTS = 1_000_000

EventCount = Annotated[int, Field(ge=0, le=MAX_EVENTS)]
Seconds = Annotated[float, Field(ge=0, le=900, allow_inf_nan=False)]


class ErrorEvent(BaseModel):
    """The `error` of an error event; sent with the keys that were given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    message: str
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class StreamFault(BaseModel):
    """How a stream differs from an ordinary one."""

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
        """The keys of this part that ask for something."""
        fields = StreamFault.model_fields.items()
        return [name for name, field in fields if getattr(self, name) != field.default]

    def stream_outcomes(self) -> int:
        """How many of the outcomes it asks for."""
        return len({*self.stream_keys()} - {"silent_s", "hold", "events", "line_ending", "comments"})

    def undisturbed_events(self) -> int:
        """How many events come before the outcome."""
        after = (
            self.cut_after_events,
            self.end_after_events,
            self.error_event_after,
            self.garbage_after_events,
            self.silent_after_events,
        )
        return next((count for count in after if count is not None), 0)
