"""What `doctor` learns of the Bedrock API key from Bedrock's answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway_cli.doctor import bedrock_plan, key_check
from gateway_cli.doctor.findings import Status
from guardrail_proof import bedrock_call
from guardrail_proof.bedrock_call import Answer, Bedrock
from guardrail_proof.plan import CONVERSE, NATIVE, Plan
from tests.unit.gateway_cli.doctor.stubbed_aws import WHOLE, StubbedAws

KEY = "ABSK-a-key-that-nobody-has"


@pytest.mark.parametrize(
    ("status", "text", "expected", "says"),
    [
        (400, "The guardrail identifier does not exist.", Status.OK, "accepts"),
        (404, "model_not_found", Status.OK, "accepts"),
        (
            403,
            "User is not authorized to perform: bedrock:InvokeModel with an explicit deny",
            Status.OK,
            "accepts",
        ),
        (403, "You don't have access to the model with the specified model ID.", Status.OK, "accepts"),
        (403, "Authentication failed: Please make sure your API Key is valid.", Status.PROBLEM, "not valid"),
        (403, "Bearer Token has expired", Status.PROBLEM, "expired"),
        (403, "The security token included in the request is invalid", Status.PROBLEM, "not valid"),
        (
            403,
            "not authorized to perform: bedrock:CallWithBearerToken",
            Status.PROBLEM,
            "CallWithBearerToken",
        ),
        (403, "Credential should be scoped to a valid region", Status.PROBLEM, "another region"),
        (401, "", Status.PROBLEM, "not valid"),
        (200, "{}", Status.PROBLEM, "ignores guardrails"),
        (429, "Too many requests", Status.UNCHECKED, "429"),
        (503, "", Status.UNCHECKED, "503"),
        (None, "ConnectTimeout", Status.UNCHECKED, "ConnectTimeout"),
    ],
)
def test_bedrocks_answer_is_judged(status: int | None, text: str, expected: Status, says: str) -> None:
    """Bedrock checks the key first, so any refusal that is not about the key shows that it is accepted."""
    result = key_check.judged(Answer(status, text), "dev")
    assert result.status == expected
    assert says in result.says
    assert (result.advice is None) == (expected == Status.OK)


def test_the_request_costs_nothing(aws: StubbedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bedrock is asked once, under a guardrail that does not exist, with the stored key and at the stack's endpoint."""
    asked: list[tuple[Bedrock, str, tuple[str, str] | None]] = []

    def ask(*arguments: Any) -> Answer:
        asked.append(arguments)
        return Answer(400, "guardrail")

    monkeypatch.setattr(bedrock_call, "ask", ask)
    aws.answers("secretsmanager", "get_secret_value", {"SecretString": KEY})
    assert key_check.check(aws.deployment()).status == Status.OK
    ((bedrock, _, guardrail),) = asked
    assert bedrock.access.key == KEY
    assert bedrock.base_url == WHOLE.bedrock_base_url
    assert guardrail is not None
    assert guardrail[0] != "gr1"


def test_without_a_key_nothing_is_asked(aws: StubbedAws) -> None:
    """Functions that sign have no key."""
    assert key_check.check(aws.deployment(replace(WHOLE, secret_arn=None))).status == Status.OK


def test_an_unknown_endpoint_is_not_asked(aws: StubbedAws) -> None:
    """A stack of an earlier version does not say where Bedrock is."""
    aws.answers("secretsmanager", "get_secret_value", {"SecretString": KEY})
    assert key_check.check(aws.deployment(replace(WHOLE, bedrock_base_url=None))).status == Status.UNCHECKED


@pytest.mark.parametrize(
    ("models", "expected"),
    [({NATIVE: "m1", CONVERSE: "m2"}, (NATIVE, "m1")), ({CONVERSE: "m2"}, (CONVERSE, "m2"))],
)
def test_a_name_is_not_asked_for_at_bedrock(models: dict[str, str], expected: tuple[str, str]) -> None:
    """If the environment's model is a name of its own, one of the targets' models is asked."""
    text = Plan(("smart",), (), models, ()).to_text()
    assert bedrock_plan.own_model(replace(WHOLE, proof_model="smart", proof_plan=text)) == expected


@pytest.mark.parametrize("text", ["no JSON", json.dumps([1])])
def test_a_plan_of_another_version_is_left_out(text: str) -> None:
    """A plan that cannot be read is like none."""
    outputs = replace(WHOLE, proof_model="m", proof_plan=text)
    assert bedrock_plan.plan(outputs) is None
    assert bedrock_plan.own_model(outputs) == (NATIVE, "m")
