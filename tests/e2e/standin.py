"""Asks the stand-in for Bedrock which requests it got, and changes its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx


class StandinControl:
    """The control endpoints of the stand-in at this URL, which has no path."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/_standin", timeout=10, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()

    def reset(self) -> None:
        """Counters at zero, recorded requests forgotten."""
        self._http.post("/counters/reset").raise_for_status()

    def counters(self) -> dict[str, Any]:
        """The requests and generations of the stand-in since the last reset."""
        counters: dict[str, Any] = self._http.get("/counters").raise_for_status().json()
        return counters

    def requests(self) -> list[dict[str, Any]]:
        """The last 200 requests since the last reset: path, headers, body_text, status, request_id, generated."""
        requests: list[dict[str, Any]] = self._http.get("/requests").raise_for_status().json()
        return requests

    def accept_key(self, key: str, *, expired: tuple[str, ...] = ()) -> None:
        """From now on `key` is the valid one."""
        self._http.put("/api-key", json={"api_key": key, "expired": list(expired)}).raise_for_status()

    def treat_guardrail_headers(self, *, ignored: bool = False, denied: bool = False) -> None:
        """From now on the stand-in ignores guardrail headers, refuses them with 403, or applies them (the default)."""
        change = {"ignored": ignored, "denied": denied}
        self._http.put("/guardrail-headers", json=change).raise_for_status()

    def treat_apply_guardrail(
        self,
        *,
        ignored: bool = False,
        denied: bool = False,
        too_large_status: int = 429,
        max_characters: int = 25_000,
    ) -> None:
        """From now on ApplyGuardrail finds nothing, answers 403, or works (the default), up to a number of characters."""
        change = {
            "ignored": ignored,
            "denied": denied,
            "too_large_status": too_large_status,
            "max_characters": max_characters,
        }
        self._http.put("/apply-guardrail", json=change).raise_for_status()

    def next_fault(
        self,
        fault: dict[str, Any],
        *,
        requests: int = 1,
        operations: Sequence[str] = ("converse", "converse-stream"),
    ) -> None:
        """The next requests of these operations (also `apply-guardrail`) get the fault. Faults are used in turn."""
        wanted = {"fault": fault, "requests": requests, "operations": list(operations)}
        self._http.put("/next-fault", json=wanted).raise_for_status()

    def next_message(
        self,
        content: str | None = None,
        *,
        tool_calls: Sequence[dict[str, Any]] = (),
        reasoning_content: str | None = None,
        requests: int = 1,
    ) -> None:
        """The model's next answers are this message, in OpenAI's form, on each route. Messages are used in turn."""
        message = {"content": content, "tool_calls": list(tool_calls), "reasoning_content": reasoning_content}
        self._http.put("/next-message", json=message | {"requests": requests}).raise_for_status()

    def forget_next(self) -> None:
        """No fault and no message waits for a request any more."""
        for path in ("/next-fault", "/next-message"):
            self._http.delete(path).raise_for_status()

    @contextmanager
    def bad_weather(self, faults: Sequence[dict[str, Any]], *, share: float, seed: int) -> Iterator[None]:
        """While the block runs, this share of all calls gets one of the faults at random."""
        with self._weather({"share": share, "seed": seed, "faults": faults}):
            yield

    @contextmanager
    def failing(self, model: str, *faults: dict[str, Any], share: float = 1, seed: int = 0) -> Iterator[None]:
        """While the block runs, this share of the model's requests, on each route, gets one of the faults at random."""
        with self._weather({"model": model, "share": share, "seed": seed, "faults": faults}):
            yield

    @contextmanager
    def _weather(self, forecast: dict[str, Any]) -> Iterator[None]:
        self._http.put("/weather", json=forecast).raise_for_status()
        try:
            yield
        finally:
            self._http.put("/weather", json={**forecast, "share": 0}).raise_for_status()

    def release(self, hold: str, count: int = 1) -> None:
        """Lets a held stream send `count` more events."""
        self._http.post(f"/holds/{hold}/release", params={"count": count}).raise_for_status()

    def sent(self, hold: str) -> int:
        """How many events a held stream has sent."""
        return int(self._http.get(f"/holds/{hold}").raise_for_status().json()["sent"])
