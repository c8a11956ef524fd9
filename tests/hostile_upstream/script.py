"""A hostile server's actions on a connection, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from tests.hostile_upstream import markers
from tests.unit import event_stream_messages

# For whoever sends much.
BLOCK = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class Frames:
    """Sends messages of an `application/vnd.amazon.eventstream`, each given by its encoded headers and its payload.

    The checksums are made when the messages are sent, because a trial's number changes them.
    """

    messages: tuple[tuple[bytes, bytes], ...]

    @property
    def data(self) -> bytes:
        """The encoded messages. A trial's number does not change their length."""
        return b"".join(event_stream_messages.message(*message) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Pause:
    """Sends nothing for that time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Slowly:
    """Sends each byte by itself, and waits after each."""

    data: bytes
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Endless:
    """Sends the same bytes repeatedly until the other side closes (or `most_bytes` are sent)."""

    data: bytes
    pause_s: float = 0.0
    most_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Silence:
    """Sends nothing until the other side closes."""


@dataclass(frozen=True, slots=True)
class Close:
    """Closes the connection."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Closes the connection with a reset, so that the other side's next call fails."""


Step = bytes | Frames | Pause | Slowly | Endless | Silence | Close | Reset


@dataclass(frozen=True, slots=True)
class Script:
    """The steps that answer one request; the connection then waits for the next one.

    `before_request`: the steps begin when a client connects.
    """

    steps: tuple[Step, ...]
    before_request: bool = False

    def numbered(self, number: int) -> Script:
        """The same script with the markers of the trial with that number."""
        return Script(tuple(_numbered(step, number) for step in self.steps), self.before_request)


def _numbered(step: Step, number: int) -> Step:
    if isinstance(step, bytes):
        return markers.numbered(step, number)
    if isinstance(step, Frames):
        numbered = partial(markers.numbered, number=number)
        return Frames(tuple((numbered(headers), numbered(payload)) for headers, payload in step.messages))
    if isinstance(step, Slowly | Endless):
        return replace(step, data=markers.numbered(step.data, number))
    return step
