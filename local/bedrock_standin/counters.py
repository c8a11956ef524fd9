"""Counts of the stand-in's requests, and the last requests as received."""

from __future__ import annotations

from collections import Counter, deque
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

KEPT_REQUESTS = 200


@dataclass(slots=True)
class SeenRequest:
    """A request as received, and what became of it. The path is encoded.

    `status` and `request_id`, the answer's x-amzn-requestid, are None until an answer starts. `generated` says whether the
    generator was called for this request.
    """

    path: str
    headers: dict[str, str]
    body_text: str
    status: int | None = None
    request_id: str | None = None
    generated: bool = False


# The request that the running task answers.
_served: ContextVar[SeenRequest | None] = ContextVar("_served", default=None)


class Counters:
    """Counts since the start or the last reset. Used on one event loop only, so it needs no locks."""

    def __init__(self) -> None:
        self._seen: deque[SeenRequest] = deque(maxlen=KEPT_REQUESTS)
        self._by_status: Counter[str] = Counter()
        self._requests = 0
        self._in_flight = 0
        self._max_in_flight = 0
        self._generations = 0
        self._generations_dropped = 0
        self._generations_abandoned = 0
        self._by_weather: Counter[str] = Counter()
        self._guardrail_checks = 0
        self._streams_open = 0
        self._streams_abandoned = 0
        self._requests_abandoned = 0

    def begin(self) -> None:
        """Counts a new request. `end` must follow."""
        self._requests += 1
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)

    def end(self) -> None:
        """Counts the end of a request: the answer is complete, or the connection is closed."""
        self._in_flight -= 1

    def record(self, path: str, headers: dict[str, str], body_text: str) -> SeenRequest:
        """Stores a request among the last 200, as the one that this task answers. Returns the record for `answered`."""
        hidden = {"authorization": "present" if headers.get("authorization") else "absent"}
        if "x-amz-security-token" in headers:
            hidden["x-amz-security-token"] = "present"
        seen = SeenRequest(path, headers | hidden, body_text)
        self._seen.append(seen)
        _served.set(seen)
        return seen

    def answered(self, seen: SeenRequest, status: int, request_id: str) -> None:
        """Stores the id and the HTTP status of the answer to `seen`, and counts the status."""
        seen.status, seen.request_id = status, request_id
        self._by_status[str(status)] += 1

    def abandoned(self) -> None:
        """Counts a request whose client left before the answer started."""
        self._requests_abandoned += 1

    def generation(self) -> None:
        """Counts a call of the generator, for the request that this task answers."""
        self._generations += 1
        if (seen := _served.get()) is not None:
            seen.generated = True

    def generation_dropped(self) -> None:
        """Counts a generated answer that is not sent because a fault drops the connection."""
        self._generations_dropped += 1

    def generation_abandoned(self) -> None:
        """Counts a generated answer that is not sent because the client left before the answer started."""
        self._generations_abandoned += 1

    def weather(self, kind: str) -> None:
        """Counts a random fault of this kind."""
        self._by_weather[kind] += 1

    def guardrail_check(self) -> None:
        """Counts a call of ApplyGuardrail."""
        self._guardrail_checks += 1

    def stream_begins(self) -> None:
        """Counts a new stream. `stream_ended` must follow."""
        self._streams_open += 1

    def stream_ended(self, *, abandoned: bool) -> None:
        """Counts the end of a stream. `abandoned` means that the client left before the end."""
        self._streams_open -= 1
        self._streams_abandoned += abandoned

    def reset(self) -> None:
        """Resets everything except the requests and streams in progress."""
        self._seen.clear()
        self._by_status.clear()
        self._by_weather.clear()
        self._requests = self._generations = self._guardrail_checks = 0
        self._generations_dropped = self._generations_abandoned = 0
        self._streams_abandoned = self._requests_abandoned = 0
        self._max_in_flight = self._in_flight

    def totals(self) -> dict[str, Any]:
        """The counts, in the form of `GET /_standin/counters`."""
        return {
            "requests": self._requests,
            "generations": self._generations,
            "generations_dropped": self._generations_dropped,
            "generations_abandoned": self._generations_abandoned,
            "in_flight": self._in_flight,
            "max_in_flight": self._max_in_flight,
            "guardrail_checks": self._guardrail_checks,
            "streams_open": self._streams_open,
            "streams_abandoned": self._streams_abandoned,
            "requests_abandoned": self._requests_abandoned,
            "by_status": dict(self._by_status),
            "by_weather": dict(self._by_weather),
        }

    def seen(self) -> list[dict[str, Any]]:
        """The last requests, oldest first, in the form of `GET /_standin/requests`."""
        return [asdict(seen) for seen in self._seen]
