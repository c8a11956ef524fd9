"""Each name of the plan is tried with both prompts, in one piece and streamed, and the others are named."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from guardrail_proof import by_name as by_name_module
from guardrail_proof.by_name import by_name
from guardrail_proof.over_http import Endpoint
from guardrail_proof.plan import Plan

PLAN = Plan(names=("fast", "good"), untried=(), models={}, regions=())


class Gateway:
    """A gateway that blocks the canary, except for `unguarded`. It fails each request for `failing`."""

    def __init__(self, *, unguarded: str | None = None, failing: str | None = None) -> None:
        self._unguarded, self._failing = unguarded, failing
        self._lock = threading.Lock()
        self.models: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        with self._lock:
            self.models.append(body["model"])
        if body["model"] == self._failing:
            return httpx.Response(503, json={"error": {"code": "upstream_overloaded"}})
        is_blocked = "canary" in body["messages"][0]["content"] and body["model"] != self._unguarded
        answer = {"choices": [{"finish_reason": "content_filter" if is_blocked else "stop"}]}
        text = json.dumps(answer)
        return httpx.Response(200, text=f"data: {text}\n\n" if body["stream"] else text)

    def prove(self, plan: Plan) -> list[str]:
        endpoint = Endpoint(
            base_url="https://gateway.test/openai/v1",
            api_key="key",
            model="m",
            canary="canary",
            transport=httpx.MockTransport(self.answer),
        )
        return [str(probe) for probe in by_name(plan, endpoint)]


def test_each_name_is_tried() -> None:
    """There are four probes for each name, in order."""
    gateway = Gateway()
    assert gateway.prove(PLAN) == [
        f"ok    {prompt}, {way}, by the name {name}"
        for name in ("fast", "good")
        for way in ("in one piece", "streamed")
        for prompt in ("the canary", "a harmless prompt")
    ]
    assert sorted(gateway.models) == ["fast"] * 4 + ["good"] * 4


def test_a_name_without_a_guardrail_is_found() -> None:
    """Only the canary's probes of that name fail."""
    failed = [line for line in Gateway(unguarded="good").prove(PLAN) if line.startswith("FAIL")]
    assert failed == [
        f"FAIL  the canary, {way}, by the name good ended with 'stop'; it must be blocked"
        for way in ("in one piece", "streamed")
    ]


def test_a_name_has_one_attempt() -> None:
    """The gateway itself tries again, so that an error of the gateway is the end of the probe."""
    gateway = Gateway(failing="fast")
    assert len([line for line in gateway.prove(PLAN) if line.startswith("FAIL")]) == 4
    assert gateway.models.count("fast") == 4


def test_without_time_the_probes_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that there was no time for is an error, and nothing is sent."""
    monkeypatch.setattr(by_name_module, "_START_WITHIN_S", 0)
    gateway = Gateway()
    lines = gateway.prove(PLAN)
    assert len(lines) == 8
    assert lines[0].startswith(
        "FAIL  the canary, in one piece, by the name fast ended with 'error: no time was left'"
    )
    assert gateway.models == []


def test_names_that_are_not_tried_are_named() -> None:
    """They have a line of their own, which does not fail."""
    lines = Gateway().prove(PLAN._replace(names=("fast",), untried=("a", "b")))
    assert lines[4:] == ["-     the names a, b: not shown (other names lead to the same regions and routes)"]


def test_a_plan_may_have_no_names() -> None:
    """Then nothing is asked."""
    assert Gateway().prove(PLAN._replace(names=())) == []
