"""Faults of Converse, ConverseStream and ApplyGuardrail, which `PUT /_standin/next-fault` asks for.

They have the keys of `fault` and `stream_fault`, with these differences:
    error_event_first, error_event_after  an exception event, internalServerException
    garbage_after_events                  bytes that are no frame after N, then the other events
    without_done                          no event after the last content
    line_ending, comments                 without effect
    error_shape                           `Message` or `message`; `error` is the same as `message`

And with these keys. The last six are outcomes of a stream, of which a fault has at most one:
    error_class: name                     the class of the error, if it is not the usual one of its status
    exception: {type, message, …}         an exception event after exception_after_events (0: the first event), then the end
    error_message: {code, message}        the same as a frame of the message type `error`
    end_inside_event: N                   the body ends correctly, in the middle of event N (from 0)
    wrong_checksum: {event, part}         a wrong checksum in one event (from 0), then the other events
    without_message_stop: true            all events without messageStop
    without_metadata: true                all events without metadata
"""

from __future__ import annotations

from collections import deque
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from local.bedrock_standin.faults.fault import NO_FAULT, Fault
from local.bedrock_standin.faults.stream_fault import EventCount

Operation = Literal["converse", "converse-stream", "apply-guardrail"]
_ModelOperations = Annotated[tuple[Operation, ...], Field(min_length=1)]

_OUTCOMES = (
    "exception",
    "error_message",
    "end_inside_event",
    "wrong_checksum",
    "without_message_stop",
    "without_metadata",
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExceptionEvent(_Part):
    """An exception event: its type in camelCase, and its payload."""

    type: str
    message: str = "Asked for by the test."
    original_status_code: int | None = None
    original_message: str | None = None

    def payload(self) -> dict[str, str | int]:
        """The event's payload, with the given keys only."""
        given = {
            "message": self.message,
            "originalStatusCode": self.original_status_code,
            "originalMessage": self.original_message,
        }
        return {key: value for key, value in given.items() if value is not None}


class ErrorMessage(_Part):
    """A frame of the message type `error`."""

    code: str
    message: str


class WrongChecksum(_Part):
    """The event with a wrong checksum, and the checksum that is wrong."""

    event: EventCount = 0
    part: Literal["prelude", "message"] = "message"


class ConverseFault(Fault):
    """One fault of an operation in AWS's own form."""

    error_class: Annotated[str, Field(pattern=r"^[A-Za-z]{1,100}$")] | None = None
    exception: ExceptionEvent | None = None
    error_message: ErrorMessage | None = None
    exception_after_events: EventCount = 0
    end_inside_event: EventCount | None = None
    wrong_checksum: WrongChecksum | None = None
    without_message_stop: bool = False
    without_metadata: bool = False

    @model_validator(mode="after")
    def _is_one_outcome(self) -> Self:
        own = sum(getattr(self, name) not in (None, False) for name in _OUTCOMES)
        if own and (own + self.stream_outcomes() > 1 or self.status is not None or self.body or self.drop):
            raise ValueError("the outcomes of a stream exclude each other, and each other kind of answer")
        return self

    def needs_stream(self) -> bool:
        """Whether only a stream can have this fault."""
        return bool(self.stream_keys()) or any(getattr(self, n) not in (None, False) for n in _OUTCOMES)

    @classmethod
    def of(cls, fault: Fault) -> ConverseFault:
        """The same fault for these operations."""
        return fault if isinstance(fault, cls) else cls.model_validate(fault.model_dump(exclude_unset=True))


class NextFault(BaseModel):
    """A fault for the next `requests` requests of these operations."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fault: ConverseFault
    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    operations: _ModelOperations = ("converse", "converse-stream")

    @model_validator(mode="after")
    def _can_come_true(self) -> Self:
        if self.fault.needs_stream() and self.operations != ("converse-stream",):
            raise ValueError('this fault needs the operations ["converse-stream"]')
        return self


class NextFaults:
    """The faults that wait for requests. Used on one event loop only, so it needs no locks."""

    def __init__(self) -> None:
        self._waiting: deque[NextFault] = deque()

    def add(self, fault: NextFault) -> None:
        """Applies the fault to the next requests of its operations, after the faults that wait already."""
        self._waiting.append(fault)

    def take(self, operation: Operation) -> Fault:
        """The fault for a request of this operation, or NO_FAULT."""
        found = next((waiting for waiting in self._waiting if operation in waiting.operations), None)
        if found is None:
            return NO_FAULT
        found.requests -= 1
        if found.requests == 0:
            self._waiting.remove(found)
        return found.fault

    def reset(self) -> None:
        """Removes all faults."""
        self._waiting.clear()
