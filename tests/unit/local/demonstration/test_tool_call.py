"""The demonstration's tool calls, against made-up answers of the gateway."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from local.demonstration import tool_call
from local.demonstration.gateway_client import CLAUDE, MODEL
from local.machine.failures import CheckFailedError
from tests.unit.local.stacks import made_up_stack

ARGUMENTS = '{"city": "Paris", "unit": "celsius"}'
Delta = dict[str, Any]


def call_deltas() -> list[Delta]:
    """A call of the tool, with its arguments in two pieces."""
    first = {"id": "call-7", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    pieces = (ARGUMENTS[:9], ARGUMENTS[9:])
    rest = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
    return [{"tool_calls": [one]} for one in ({"index": 0, **first}, *rest)]


def stream(model: str, deltas: list[Delta], finish: str) -> str:
    """A stream's events."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": finish}
    events = [json.dumps({**head, "choices": [choice]}) for choice in (*choices, last)]
    return "".join(f"data: {event}\n\n" for event in (*events, "[DONE]"))


class Gateway:
    """Answers requests in order. `asked` are their bodies."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), list[dict[str, Any]]()

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(json.loads(request.content))
        text = self.answers.pop(0)
        return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})

    def client(self, _: object) -> openai.OpenAI:
        transport = httpx2.MockTransport(self.answer)
        return openai.OpenAI(
            base_url="http://gateway", api_key="k", http_client=httpx2.Client(transport=transport)
        )


Answering = Callable[..., Gateway]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Puts a gateway with these answers in the place of the stack's."""

    def put(*answers: str) -> Gateway:
        gateway = Gateway(*answers)
        monkeypatch.setattr(tool_call, "openai_client", gateway.client)
        return gateway

    return put


def test_a_streamed_call_is_put_together(answering: Answering, tmp_path: Path) -> None:
    """The call's pieces are counted, and shown as one call."""
    answering(stream(MODEL, call_deltas(), "tool_calls"))
    assert tool_call.streamed(made_up_stack(tmp_path)) == [f"3 deltas: get_weather({ARGUMENTS})"]


def test_a_claude_model_gets_its_result(answering: Answering, tmp_path: Path) -> None:
    """Both requests stream from the Claude model, and the second one has the first one's call with a result."""
    gateway = answering(
        stream(CLAUDE, call_deltas(), "tool_calls"),
        stream(CLAUDE, [{"content": "It is "}, {"content": "mild."}], "stop"),
    )
    assert tool_call.of_claude(made_up_stack(tmp_path)) == [
        f"model: {CLAUDE}",
        "Q: What is the weather in Paris, in celsius?",
        f"A: get_weather({ARGUMENTS}), in 3 deltas",
        "A: It is mild.",
    ]
    assert [(body["model"], body["stream"]) for body in gateway.asked] == [(CLAUDE, True)] * 2
    _, asked, result = gateway.asked[1]["messages"]
    assert asked["tool_calls"][0]["id"] == result["tool_call_id"] == "call-7"
    assert asked["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": ARGUMENTS}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((MODEL, call_deltas(), "tool_calls"), (CLAUDE, [{"content": "Mild."}], "stop")),
        ((CLAUDE, call_deltas(), "stop"), (CLAUDE, [{"content": "Mild."}], "stop")),
        ((CLAUDE, call_deltas()[:-1], "tool_calls"), (CLAUDE, [{"content": "Mild."}], "stop")),
        ((CLAUDE, [{"content": "Mild."}], "tool_calls"), (CLAUDE, [{"content": "Mild."}], "stop")),
        ((CLAUDE, call_deltas(), "tool_calls"), (MODEL, [{"content": "Mild."}], "stop")),
        ((CLAUDE, call_deltas(), "tool_calls"), (CLAUDE, [], "stop")),
    ],
    ids=["another model", "another finish", "cut arguments", "no call", "another model at last", "no answer"],
)
def test_wrong_answers_are_noticed(first: Any, second: Any, answering: Answering, tmp_path: Path) -> None:
    """A stream of another model, without the whole call, or without an answer to its result fails the check."""
    answering(stream(*first), stream(*second))
    with pytest.raises(CheckFailedError):
        tool_call.of_claude(made_up_stack(tmp_path))
