"""No bypass works on Bedrock's Converse, in what is asked and in what is answered. The last tests check this check."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from openai import OpenAI

from local.aws.guardrail_policy import BLOCKED_OUTPUT_MESSAGE, BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e import bypass_checks, converse_bypasses
from tests.e2e.bypass_checks import QUICK_WAYS
from tests.e2e.converse_bypasses import CLAUDE, INVALID, UNSUPPORTED, called
from tests.e2e.guardrail_bypasses import BLOCKED, OVERRIDE, Bypass
from tests.e2e.standin import StandinControl

WAYS = list(converse_bypasses.bypasses())
STATUS = {BLOCKED: 200, OVERRIDE: 403, UNSUPPORTED: 400, INVALID: 400}
TOOLS: Any = [
    {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}}
]
ASK: Any = [{"role": "user", "content": "Hi"}]
EMAIL = "ada@example.com"


@pytest.mark.parametrize(("tagging", "is_streamed"), QUICK_WAYS, indirect=["tagging"], scope="module")
@pytest.mark.parametrize("bypass", WAYS, ids=lambda bypass: bypass.name)
def test_no_bypass_reaches_a_model_of_converse(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass, is_streamed: bool
) -> None:
    """Each bypass gets the documented answer, in one piece and streamed, and the model is not asked."""
    answer = bypass_checks.sent(bypass, http, is_streamed=is_streamed)
    assert answer.status_code == STATUS[bypass.gets], answer.text
    assert standin.counters()["generations"] == 0
    if bypass.gets == BLOCKED:
        assert '"content_filter"' in answer.text
        assert BLOCKED_WORD not in answer.text
    else:
        assert answer.json()["error"]["code"] == bypass.gets


@pytest.mark.usefixtures("emptied_queues")
def test_as_jobs(tagging: str, stack: LocalStack, standin: StandinControl) -> None:
    """Each bypass ends the same way as a job."""
    assert bypass_checks.as_jobs(stack, WAYS) == {way.name: way.gets for way in WAYS}
    assert standin.counters()["generations"] == 0


def call_of(arguments: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}


def answer_of(client: OpenAI, *, streams: bool) -> tuple[str, str, str | None]:
    """The text, the arguments, and the finish reason of an answer."""
    asked: Any = client.chat.completions.create(model=CLAUDE, messages=ASK, tools=TOOLS, stream=streams)
    if not streams:
        choice = asked.choices[0]
        calls = choice.message.tool_calls or []
        return (
            choice.message.content or "",
            "".join(c.function.arguments for c in calls),
            choice.finish_reason,
        )
    chunks = [chunk.choices[0] for chunk in asked if chunk.choices]
    calls = [call for chunk in chunks for call in chunk.delta.tool_calls or []]
    return (
        "".join(chunk.delta.content or "" for chunk in chunks),
        "".join(call.function.arguments or "" for call in calls),
        chunks[-1].finish_reason,
    )


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [call_of(json.dumps({"a": f"buy {BLOCKED_WORD}"}))]},
        {"tool_calls": [call_of("{}"), {**call_of(json.dumps({"a": [BLOCKED_WORD]})), "id": "c2"}]},
        {"content": "Let me see.", "tool_calls": [call_of(json.dumps({"a": BLOCKED_WORD}))]},
        {"content": "Fine.", "reasoning_content": f"The user wants {BLOCKED_WORD}."},
    ],
    ids=["arguments", "second call", "after text", "reasoning"],
)
def test_blocked_answers(
    tagging: str, client: OpenAI, standin: StandinControl, message: dict[str, Any], streams: bool
) -> None:
    """A blocked word in arguments or reasoning makes the answer a block; nothing of it is released."""
    standin.next_message(**message)
    text, arguments, reason = answer_of(client, streams=streams)
    assert reason == "content_filter"
    assert BLOCKED_OUTPUT_MESSAGE in text
    assert arguments == ""
    assert BLOCKED_WORD not in text
    assert standin.counters()["generations"] == 1


@pytest.mark.parametrize("streams", [False, True])
def test_masked_arguments(tagging: str, client: OpenAI, standin: StandinControl, streams: bool) -> None:
    """A masked e-mail address goes out masked in arguments that are still a JSON object."""
    standin.next_message(tool_calls=[call_of(json.dumps({"a": f"write to {EMAIL}"}))])
    _, arguments, reason = answer_of(client, streams=streams)
    assert reason == "tool_calls"
    assert json.loads(arguments) == {"a": "write to {EMAIL}"}


def test_masked_result(tagging: str, client: OpenAI, standin: StandinControl) -> None:
    """A masked tool result goes up masked."""
    conversation: Any = called(result=f"Her address is {EMAIL}.")
    answer = client.chat.completions.create(model=CLAUDE, messages=conversation, tools=TOOLS)
    assert answer.choices[0].finish_reason != "content_filter"
    sent = [request["body_text"] for request in standin.requests() if "converse" in request["path"]]
    assert len(sent) == 1
    assert EMAIL not in sent[0]
    assert "{EMAIL}" in sent[0]


@pytest.mark.parametrize("bypass", converse_bypasses.unassessed(), ids=lambda bypass: bypass.name)
def test_without_apply_guardrail_they_succeed(
    tagging: str, http: httpx.Client, standin: StandinControl, bypass: Bypass
) -> None:
    """Without ApplyGuardrail's verdict the same requests reach the model: Converse does not assess this text."""
    standin.treat_apply_guardrail(ignored=True)
    try:
        answer = http.post(bypass.path, content=bypass.body)
    finally:
        standin.treat_apply_guardrail()
    assert answer.status_code == 200, answer.text
    assert standin.counters()["generations"] == 1
    assert '"content_filter"' not in answer.text


def test_without_apply_guardrail_arguments_are_released(
    tagging: str, client: OpenAI, standin: StandinControl
) -> None:
    """Without ApplyGuardrail's verdict a blocked word in arguments reaches the caller."""
    standin.treat_apply_guardrail(ignored=True)
    standin.next_message(tool_calls=[call_of(json.dumps({"a": BLOCKED_WORD}))])
    try:
        _, arguments, _ = answer_of(client, streams=False)
    finally:
        standin.treat_apply_guardrail()
    assert BLOCKED_WORD in arguments


def test_apply_guardrail_refused(tagging: str, http: httpx.Client, standin: StandinControl) -> None:
    """If our credentials may not use ApplyGuardrail, nothing is asked and nothing is released."""
    standin.treat_apply_guardrail(denied=True)
    try:
        way = converse_bypasses.unassessed()[0]
        answer = http.post(way.path, content=way.body)
    finally:
        standin.treat_apply_guardrail()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "upstream_access_denied")
    assert standin.counters()["generations"] == 0


@pytest.mark.parametrize("status", [400, 429])
def test_text_over_the_size_of_a_call(
    tagging: str, client: OpenAI, standin: StandinControl, status: int
) -> None:
    """A tool result that is too large for one call is checked in pieces, and a word in a later piece is found."""
    standin.treat_apply_guardrail(too_large_status=status)
    fine: Any = called(result="fine " * 8_000)
    wrong: Any = called(result="fine " * 7_999 + BLOCKED_WORD)
    try:
        answers = [
            client.chat.completions.create(model=CLAUDE, messages=conversation, tools=TOOLS)
            for conversation in (fine, wrong)
        ]
    finally:
        standin.treat_apply_guardrail()
    reasons = [answer.choices[0].finish_reason for answer in answers]
    assert [reason == "content_filter" for reason in reasons] == [False, True]
    assert standin.counters()["generations"] == 1
