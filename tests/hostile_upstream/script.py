"""A hostile server's actions on a connection, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.hostile_upstream import markers

# For whoever sends much.
BLOCK = b"x" * 65_536


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


Step = bytes | Pause | Slowly | Endless | Silence | Close | Reset


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
    if isinstance(step, Slowly | Endless):
        return replace(step, data=markers.numbered(step.data, number))
    return step
