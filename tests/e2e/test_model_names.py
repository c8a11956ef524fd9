"""Model names of the environment with the OpenAI SDK: the second target answers when the first one cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import APIError, OpenAI

from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.named_answers import ECHO, MESSAGES, Asked, ask, error_of, log_of
from tests.e2e.named_models import (
    CONVERSE_FIRST,
    NATIVE_FIRST,
    NOWHERE,
    UNREACHABLE_FIRST,
    Fresh,
    Name,
    asked_models,
)
from tests.e2e.standin import StandinControl

KINDS = [NATIVE_FIRST, CONVERSE_FIRST]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {"type": "object", "properties": {"echo": {"type": "string"}}},
    },
}
GONE = {"status": 404, "message": "This model version has reached the end of its life."}


def check_second_answered(stack: LocalStack, asked: Asked, name: Name) -> dict[str, Any]:
    """Asserts what the caller and the log see of an answer of the second target. Returns the log's failed target."""
    assert asked.text == ECHO
    assert asked.models == {name.name}
    line = log_of(stack, asked)
    assert (line["model"], line["target_model"], line["status"]) == (name.name, name.second, 200)
    assert line["guardrail"] == f"{stack.guardrail_identifier}:{stack.guardrail_version}"
    assert line["bedrock_request_id"] == asked.headers["x-bedrock-request-id"]
    (failed,) = line["failed_targets"]
    assert failed["model"] == name.first
    return dict(failed)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_first_target_answers(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str, streams: bool
) -> None:
    """The first target answers by the name that the caller sent; only the log says which model it is."""
    name = fresh(kind)
    asked = ask(client, name.name, streams=streams)
    assert asked.text == ECHO
    assert asked.models == {name.name}
    assert asked_models(standin) == [name.first]
    assert "x-gateway-model" not in asked.headers
    assert not any(name.first in str(piece) for piece in asked.pieces)
    line = log_of(stack, asked)
    assert (line["model"], line["target_model"]) == (name.name, name.first)
    assert "failed_targets" not in line
    assert "target_region" not in line


BEFORE_AN_ANSWER: list[tuple[dict[str, Any], int]] = [
    ({"status": 429, "retry_after": 7}, 429),
    ({"status": 500}, 500),
    ({"status": 503}, 503),
    ({"status": 529}, 529),
    ({"delay_s": 20}, 504),
    ({"generating_s": 20}, 504),
    ({"drop": "before_generating"}, 502),
    ({"drop": "after_generating"}, 502),
]
BEFORE_AN_EVENT: list[tuple[dict[str, Any], int]] = [
    ({"cut_after_events": 0}, 502),
    ({"end_after_events": 0}, 502),
    ({"error_event_first": {"message": "slow down", "type": "rate_limit_error"}}, 429),
    ({"silent_after_events": 0, "silent_s": 20}, 504),
]


def check_failover(
    stack: LocalStack, client: OpenAI, standin: StandinControl, name: Name, *, streams: bool
) -> dict[str, Any]:
    """Asks while the first target fails. Returns the log's failed target."""
    asked = ask(client, name.name, streams=streams)
    failed = check_second_answered(stack, asked, name)
    assert asked_models(standin) == [name.first, name.second]
    first, second = standin.requests()
    assert failed.get("bedrock_request_id") == first["request_id"]
    assert asked.headers["x-bedrock-request-id"] == second["request_id"]
    return failed


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("fault", "status"), BEFORE_AN_ANSWER)
def test_first_target_fails(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    fault: dict[str, Any],
    status: int,
    kind: str,
    streams: bool,
) -> None:
    """Whatever keeps the first target from answering, the second one answers, and each is asked once."""
    name = fresh(kind)
    with standin.failing(name.first, fault):
        assert check_failover(stack, client, standin, name, streams=streams)["status"] == status


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (NATIVE_FIRST, {"status": 404, "message": "The model doesn't exist or cannot be used with this API"}),
        (NATIVE_FIRST, GONE),
        (CONVERSE_FIRST, GONE),
        (CONVERSE_FIRST, {"status": 400, "message": "The provided model identifier is invalid."}),
    ],
)
def test_first_model_is_gone(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    kind: str,
    fault: dict[str, Any],
    streams: bool,
) -> None:
    """A model that does not exist, or no longer, is followed by the second target."""
    name = fresh(kind)
    with standin.failing(name.first, fault):
        assert check_failover(stack, client, standin, name, streams=streams)["status"] == 404


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("fault", "status"), BEFORE_AN_EVENT)
def test_stream_breaks_before_its_first_event(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    fault: dict[str, Any],
    status: int,
    kind: str,
) -> None:
    """A stream of the first target that has not begun is followed by the second target's."""
    name = fresh(kind)
    with standin.failing(name.first, fault):
        failed = check_failover(stack, client, standin, name, streams=True)
    assert kind == CONVERSE_FIRST or failed["status"] == status


@pytest.mark.parametrize(
    "type_", ["throttlingException", "modelStreamErrorException", "serviceUnavailableException"]
)
def test_first_event_of_converse_is_an_exception(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh, type_: str
) -> None:
    """An exception that comes in place of Converse's first event is followed by the second target."""
    name = fresh(CONVERSE_FIRST)
    with standin.failing(name.first, {"exception": {"type": type_}}):
        check_failover(stack, client, standin, name, streams=True)


@pytest.mark.parametrize("streams", [False, True])
def test_first_target_cannot_be_reached(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh, streams: bool
) -> None:
    """A region whose endpoint refuses connections is followed by the second target."""
    name = fresh(UNREACHABLE_FIRST)
    failed = check_second_answered(stack, ask(client, name.name, streams=streams), name)
    assert (failed["region"], failed["status"]) == (NOWHERE, 502)
    assert failed["error_code"] == "upstream_connection_error"
    assert asked_models(standin) == [name.second]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_tools(client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str, streams: bool) -> None:
    """The second target calls the caller's tool, and takes its result."""
    name = fresh(kind)
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"echo": "a"}'}}
    results = [{"role": "tool", "tool_call_id": "c1", "content": "sunny"}]
    history = [*MESSAGES, {"role": "assistant", "content": None, "tool_calls": [call]}, *results]
    with standin.failing(name.first, {"status": 503}):
        standin.next_message(tool_calls=[call])
        asked = ask(client, name.name, streams=streams, tools=[TOOL])
        calls = [made.function for part in asked.parts() for made in part.tool_calls or []]
        assert "".join(made.name or "" for made in calls) == "look_up"
        assert json.loads("".join(made.arguments or "" for made in calls)) == {"echo": "a"}
        assert ask(client, name.name, streams=streams, tools=[TOOL], messages=history).models == {name.name}


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_guardrail_blocks_at_the_second_target(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str, streams: bool
) -> None:
    """The second target's block reaches the caller by the name, and no model is asked."""
    name = fresh(kind)
    question: Any = [{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]
    with standin.failing(name.first, {"status": 503}):
        asked = ask(client, name.name, streams=streams, messages=question)
    assert (asked.text, asked.models) == (BLOCKED_INPUT_MESSAGE, {name.name})
    assert standin.counters()["generations"] == 0
    line = log_of(stack, asked)
    assert (line["target_model"], line["guardrail_action"]) == (name.second, "INTERVENED")


@pytest.mark.parametrize("kind", KINDS)
def test_check_of_the_first_target_fails(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str
) -> None:
    """If ApplyGuardrail is throttled before Converse is asked, the request is not sent unchecked."""
    name = fresh(kind)
    standin.next_fault({"status": 429}, requests=20, operations=["apply-guardrail"])
    if kind == NATIVE_FIRST:
        with standin.failing(name.first, {"status": 503}):
            assert error_of(client, name.name, tools=[TOOL]).status_code == 429
        assert asked_models(standin) == [name.first]
    else:
        assert ask(client, name.name, tools=[TOOL]).models == {name.name}
        assert asked_models(standin) == [name.second]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 429, "retry_after": 7}, 429, "rate_limit_exceeded"),
        ({"status": 503}, 503, None),
        (GONE, 404, "model_not_found"),
        ({"drop": "before_generating"}, 502, "upstream_connection_error"),
    ],
)
def test_both_fail(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    fault: dict[str, Any],
    status: int,
    code: str | None,
    kind: str,
    streams: bool,
) -> None:
    """If no target answers, the caller gets the last one's error, and the log has both."""
    name = fresh(kind)
    with standin.failing(name.first, fault), standin.failing(name.second, fault):
        error = error_of(client, name.name, streams=streams)
    assert error.status_code == status
    assert code in (None, error.code)
    assert error.request_id is not None
    line = request_logs.chat_line(stack, error.request_id)
    assert [failed["model"] for failed in line["failed_targets"]] == [name.first, name.second]
    assert (line["status"], line["target_model"]) == (status, name.second)
    assert standin.counters()["generations"] == 0


def test_gone_last_target(stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """If the first target throttles and the second is gone, the caller learns that a retry may help."""
    name = fresh(NATIVE_FIRST)
    with standin.failing(name.first, {"status": 429, "retry_after": 7}), standin.failing(name.second, GONE):
        error = error_of(client, name.name)
    assert (error.status_code, error.response.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"generating_s": 20}, {"drop": "after_generating"}, 502),
        ({"drop": "after_generating"}, {"drop": "after_generating"}, 502),
    ],
)
def test_two_answers_may_be_paid(
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    first: dict[str, Any],
    second: dict[str, Any],
    status: int,
    kind: str,
    streams: bool,
) -> None:
    """After two answers that may have been paid for and did not come, nothing else is asked."""
    name = fresh(kind)
    with standin.failing(name.first, first), standin.failing(name.second, second):
        assert error_of(client, name.name, streams=streams).status_code == status
    assert asked_models(standin) == [name.first, name.second]
    assert standin.counters()["generations"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_sdk_that_retries_pays_once_more_at_most(
    client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str
) -> None:
    """A repeated request of the SDK is not repeated by the gateway after an answer that may have been paid for."""
    name = fresh(kind)
    repeated = {"x-stainless-retry-count": "1"}
    with standin.failing(name.first, {"drop": "after_generating"}):
        assert error_of(client, name.name, extra_headers=repeated).status_code == 502
    assert standin.counters()["generations"] == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "fault", [{"cut_after_events": 3}, {"end_after_events": 3}, {"error_event_after": 3}]
)
def test_stream_breaks_in_the_middle(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    fault: dict[str, Any],
    kind: str,
) -> None:
    """After the first event nothing is repeated: the SDK raises after what had come."""
    name = fresh(kind)
    with standin.failing(name.first, fault):
        raw = client.chat.completions.with_raw_response.create(
            model=name.name, messages=MESSAGES, stream=True
        )
        chunks: list[Any] = []
        with pytest.raises(APIError):
            chunks.extend(raw.parse())
    assert {chunk.model for chunk in chunks} == {name.name}
    assert asked_models(standin) == [name.first]
    line = request_logs.chat_line(stack, raw.headers["x-request-id"])
    assert (line["status"], line["target_model"]) == (200, name.first)
    assert "error_class" in line
    assert "failed_targets" not in line


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_request_causes_is_no_failure_of_a_target(
    client: OpenAI, standin: StandinControl, fresh: Fresh, kind: str
) -> None:
    """Bedrock's 400 for the request itself reaches the caller, and the second target is not asked."""
    name = fresh(kind)
    with standin.failing(name.first, {"status": 400, "message": "max_tokens is too large."}):
        assert error_of(client, name.name).status_code == 400
    assert asked_models(standin) == [name.first]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [{"status": 429}, GONE, {"delay_s": 20}])
def test_failed_target_is_left_out(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    fresh: Fresh,
    fault: dict[str, Any],
    kind: str,
) -> None:
    """The next request does not ask a target that has just failed; if the other one fails too, all are asked."""
    name = fresh(kind)
    with standin.failing(name.first, fault):
        ask(client, name.name)
        standin.reset()
        failed = check_second_answered(stack, ask(client, name.name), name)
        assert failed == {"model": name.first, "skipped": True}
        assert asked_models(standin) == [name.second]
    standin.reset()
    with standin.failing(name.second, {"status": 503}):
        error_of(client, name.name)
    assert ask(client, name.name).text == ECHO
    assert asked_models(standin)[-1] == name.first


@pytest.mark.parametrize("recovers", [False, True])
def test_request_that_only_a_left_out_target_takes(
    client: OpenAI, standin: StandinControl, fresh: Fresh, recovers: bool
) -> None:
    """Converse has no log probabilities: such a request is not refused while chat completions are left out."""
    name = fresh(NATIVE_FIRST)
    options: dict[str, Any] = {"logprobs": True}
    with standin.failing(name.first, {"status": 503}):
        assert error_of(client, name.name, **options).status_code == 503
        if not recovers:
            assert error_of(client, name.name, **options).status_code == 503
    if recovers:
        assert ask(client, name.name, **options).text == ECHO


def test_models_without_a_name(
    stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh
) -> None:
    """A model's own id works as before, on each route, and its log line has no target."""
    for model in (MODEL, CLAUDE):
        asked = ask(client, model)
        assert (asked.text, asked.models) == (ECHO, {model})
        assert not {"target_model", "target_region", "failed_targets"} & log_of(stack, asked).keys()
    assert asked_models(standin) == [MODEL, CLAUDE]


def test_name_is_not_found_in_another_case(client: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """Only the exact name is a name; everything else is a model's id, and Bedrock says whether it exists."""
    name = fresh(NATIVE_FIRST)
    for wrong in (name.name.upper(), f"{name.name} ", f" {name.name}", f"{name.name}\n"):
        assert error_of(client, wrong).status_code in (400, 404)
    assert {name.name, name.first, name.second}.isdisjoint(asked_models(standin))
