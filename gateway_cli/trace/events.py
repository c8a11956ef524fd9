"""Log lines of the gateway: which of them belong to an id, and which other ids they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

# Where an event was found. The first of these are log groups, the others tables.
ACCESS, AUTHORIZER, CHAT, RESOURCES = "access log", "authorizer", "chat function", "resources"
WORKER, STEPS = "worker", "batch steps"
RECORD, BATCH = "job record", "batch"
# The states of a job's record.
ANSWERED, DEAD_LETTER, CLAIMED, WAITING = "answered", "dead letter", "claimed", "waiting"
_ID_FIELDS = (
    *("request_id", "api_request_id", "lambda_request_id", "bedrock_request_id", "client_request_id"),
    *("custom_id", "batch", "trace_id"),
)
# The last line of a request, job or step. Without it, the function was killed.
_LAST = {"chat completion", "resource", "job", "batch step"}
_LAST_OF_ALL = "~"  # after each time in a line
_NO_ID = "-"  # API Gateway's text for a variable without a value


class Event(NamedTuple):
    """A log line, or what a table has of a job or batch. `at_ms`: milliseconds since 1970; None if no time is known."""

    at_ms: int | None
    where: str
    line: dict[str, Any]


def read(message: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a log event, each in a line of its own. Lines of another form are left out."""
    for text in message.splitlines():
        if text.startswith("{"):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                yield line


def is_about(line: dict[str, Any], id_: str) -> bool:
    """Whether the line belongs to the id."""
    if any(line.get(name) == id_ for name in _ID_FIELDS):
        return True
    jobs, record = line.get("jobs"), line.get("record")
    if isinstance(jobs, list) and id_ in jobs:
        return True
    return isinstance(record, dict) and record.get("requestId") == id_  # a line of Lambda itself


def request_ids(events: Iterable[Event]) -> list[str]:
    """The ids of the requests and jobs whose lines these are, each once."""
    return list(dict.fromkeys(_text(event.line, "request_id") for event in events if _is_named(event)))


def authorizer_ids(events: Iterable[Event]) -> list[str]:
    """The ids of the authorizer's invocations in the access log."""
    found = (_text(event.line, "authorizer_request_id") for event in events if event.where == ACCESS)
    return [id_ for id_ in dict.fromkeys(found) if id_]


def unended_invocations(events: Iterable[Event]) -> list[str]:
    """The ids of Lambda invocations that wrote no last line of the request or job."""
    known = list(events)
    ended = {
        _text(event.line, "lambda_request_id") for event in known if _text(event.line, "message") in _LAST
    }
    begun = dict.fromkeys(
        _text(event.line, "lambda_request_id") for event in known if event.where != AUTHORIZER
    )
    return [id_ for id_ in begun if id_ and id_ not in ended]


def is_lambdas_own(event: Event) -> bool:
    """Whether Lambda itself wrote the line."""
    return str(event.line.get("type", "")).startswith("platform.")


def ordered(events: Iterable[Event]) -> list[Event]:
    """The events in the order of time, each once. What has no time comes last.

    CloudWatch may give lines that a function wrote one after another the same time. Then the time in the line counts.
    """
    unique = {(event.at_ms, event.where, json.dumps(event.line, sort_keys=True)): event for event in events}
    return sorted(unique.values(), key=_place)


def _place(event: Event) -> tuple[bool, int, str]:
    """Where the event comes. API Gateway writes its line last, and without a time."""
    return event.at_ms is None, event.at_ms or 0, _text(event.line, "timestamp") or _LAST_OF_ALL


def _is_named(event: Event) -> bool:
    return bool(_text(event.line, "request_id"))


def _text(line: dict[str, Any], name: str) -> str:
    value = line.get(name)
    return value if isinstance(value, str) and value != _NO_ID else ""
