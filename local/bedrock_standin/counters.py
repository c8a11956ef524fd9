"""What the stand-in saw: counts, and the last requests as they came."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

KEPT_REQUESTS = 200


@dataclass(slots=True)
class SeenRequest:
    """A request as received; `status` is None until an answer starts, and for ever if none does."""

    headers: dict[str, str]
    body_text: str
    status: int | None = None


class Counters:
    """Counts since the start or the last reset. Lives on one event loop, so it takes no locks."""

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
        """A request came; `end` must follow."""
        self._requests += 1
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)

    def end(self) -> None:
        """The request's answer is complete, or its connection is gone."""
        self._in_flight -= 1

    def record(self, headers: dict[str, str], body_text: str) -> SeenRequest:
        """Keep a request among the last 200; returns the record, for `answered`."""
        hidden = {"authorization": "present" if headers.get("authorization") else "absent"}
        if "x-amz-security-token" in headers:
            hidden["x-amz-security-token"] = "present"
        seen = SeenRequest(headers | hidden, body_text)
        self._seen.append(seen)
        return seen

    def answered(self, seen: SeenRequest, status: int) -> None:
        """The answer to `seen` starts with this HTTP status."""
        seen.status = status
        self._by_status[str(status)] += 1

    def abandoned(self) -> None:
        """The request's client left before its answer started."""
        self._requests_abandoned += 1

    def generation(self) -> None:
        """The generator is about to be asked."""
        self._generations += 1

    def generation_dropped(self) -> None:
        """What was generated is not sent: its connection is about to be dropped."""
        self._generations_dropped += 1

    def generation_abandoned(self) -> None:
        """What is or was generated is not sent: its client left before the answer started."""
        self._generations_abandoned += 1

    def weather(self, kind: str) -> None:
        """A fault of this kind strikes a call that did not ask for it."""
        self._by_weather[kind] += 1

    def guardrail_check(self) -> None:
        """ApplyGuardrail is about to be called."""
        self._guardrail_checks += 1

    def stream_begins(self) -> None:
        """A stream is about to be sent; `stream_ended` must follow."""
        self._streams_open += 1

    def stream_ended(self, *, abandoned: bool) -> None:
        """The stream is over; `abandoned`: its client left before the end."""
        self._streams_open -= 1
        self._streams_abandoned += abandoned

    def reset(self) -> None:
        """Forget everything but the requests and streams still in flight."""
        self._seen.clear()
        self._by_status.clear()
        self._by_weather.clear()
        self._requests = self._generations = self._guardrail_checks = 0
        self._generations_dropped = self._generations_abandoned = 0
        self._streams_abandoned = self._requests_abandoned = 0
        self._max_in_flight = self._in_flight

    def totals(self) -> dict[str, Any]:
        """The counts, as `GET /_standin/counters` answers them."""
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
        """The last requests, oldest first, as `GET /_standin/requests` answers them."""
        return [{"headers": s.headers, "body_text": s.body_text, "status": s.status} for s in self._seen]
