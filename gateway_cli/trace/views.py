"""A story as `trace` prints it: a line for each event, or JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from gateway_cli.jobs import screen
from gateway_cli.trace import sentences
from gateway_cli.trace.events import Event

_TIME_WIDTH, _WHERE_WIDTH = 24, 13


def line(event: Event) -> str:
    """The event in one line. Characters that could control a terminal are replaced."""
    at = "now" if event.at_ms is None else time(event.at_ms)
    return screen.printable(f"{at:<{_TIME_WIDTH}}  {event.where:<{_WHERE_WIDTH}}  {sentences.of(event)}")


def json_line(event: Event) -> str:
    """The event as a JSON object, with the raw line of the log."""
    return json.dumps(
        {
            "at": None if event.at_ms is None else time(event.at_ms),
            "where": event.where,
            "line": event.line,
        }
    )


def time(at_ms: int) -> str:
    """A time in UTC, in ISO 8601 with milliseconds."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}Z"
