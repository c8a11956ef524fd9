"""What `doctor --paid` finds out about models."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway_cli.doctor import model_checks
from gateway_cli.doctor.findings import Status
from gateway_cli.doctor.model_checks import Target
from gateway_cli.stack_outputs import StackOutputs
from guardrail_proof import bedrock_call
from guardrail_proof.bedrock_call import Answer, Bedrock
from guardrail_proof.plan import CONVERSE, NATIVE, Plan, Region
from tests.unit.gateway_cli.doctor.stubbed_aws import WHOLE, StubbedAws

KEY = "ABSK-a-key-that-nobody-has"
NAMES = json.dumps({"smart": [["m1"], ["m2", "eu-west-1", 3]], "fast": [["m1"]]})
EU = Region("eu-west-1", "https://eu.test/openai/v1", ("gr9", "1"), {NATIVE: "m2"})
ELSEWHERE = replace(WHOLE, proof_plan=Plan(("smart",), (), {NATIVE: "m1"}, (EU,)).to_text())


class FakeBedrock:
    """Answers by model and route, 200 by default, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[tuple[Bedrock, Any]] = []

    def ask(self, bedrock: Bedrock, _: str, guardrail: tuple[str, str] | None) -> Answer:
        self.asked.append((bedrock, guardrail))
        return self.answers.get((bedrock.model, bedrock.route), Answer(200, "{}"))


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> FakeBedrock:
    fake = FakeBedrock()
    monkeypatch.setattr(bedrock_call, "ask", fake.ask)
    return fake


def checked(aws: StubbedAws, variables: dict[str, str], outputs: StackOutputs = WHOLE) -> Any:
    aws.answers("secretsmanager", "get_secret_value", {"SecretString": KEY})
    aws.answers("lambda", "get_function_configuration", {"Environment": {"Variables": variables}})
    return model_checks.check(aws.deployment(outputs))


def test_targets_are_asked_once(aws: StubbedAws, bedrock: FakeBedrock) -> None:
    """Each allowed model and each target is asked once, in its region, under its guardrail and for few tokens."""
    variables = {"UPSTREAM_MODELS": "m0,m1", "MODEL_NAMES": NAMES}
    result = checked(aws, variables, ELSEWHERE)
    assert result.status == Status.OK
    assert result.says == "all 3 answer: m0, m1, m2 in eu-west-1"
    asked = {(b.model, b.base_url, guardrail, b.max_tokens) for b, guardrail in bedrock.asked}
    assert asked == {
        ("m0", WHOLE.bedrock_base_url, ("gr1", "2"), 16),
        ("m1", WHOLE.bedrock_base_url, ("gr1", "2"), 16),
        ("m2", "https://eu.test/openai/v1", ("gr9", "1"), 16),
    }


def test_converse_is_asked_second(aws: StubbedAws, bedrock: FakeBedrock) -> None:
    """A model that chat completions do not know may be one of Converse."""
    bedrock.answers[("claude", NATIVE)] = Answer(404, "")
    assert checked(aws, {"UPSTREAM_MODELS": "claude"}).status == Status.OK
    assert [b.route for b, _ in bedrock.asked] == [NATIVE, CONVERSE]


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (Answer(404, ""), Status.PROBLEM, "does not know the model"),
        (Answer(400, ""), Status.PROBLEM, "Bedrock answered 400"),
        (Answer(403, "access to the model"), Status.PROBLEM, "the account may not use it"),
        (Answer(403, "Bearer Token has expired"), Status.PROBLEM, "refuses the key (it has expired)"),
        (Answer(429, ""), Status.UNCHECKED, "429"),
        (Answer(503, ""), Status.UNCHECKED, "503"),
        (Answer(None, "ReadTimeout"), Status.UNCHECKED, "ReadTimeout"),
    ],
)
def test_models_that_do_not_answer(
    aws: StubbedAws, bedrock: FakeBedrock, answer: Answer, status: Status, says: str
) -> None:
    """A refusal is a problem of the model or the account; a throttle shows nothing."""
    bedrock.answers |= {("bad", NATIVE): answer, ("bad", CONVERSE): answer}
    result = checked(aws, {"UPSTREAM_MODELS": "good,bad"})
    assert result.status == status
    assert result.says.startswith("1 of 2 do not answer. bad: ")
    assert says in result.says
    assert result.advice


def test_a_region_without_an_endpoint_is_unchecked(aws: StubbedAws, bedrock: FakeBedrock) -> None:
    """If the stack does not say where a region's Bedrock is, it is not asked."""
    result = checked(aws, {"MODEL_NAMES": NAMES})
    assert result.status == Status.UNCHECKED
    assert "m2 in eu-west-1: its region's endpoint is unknown" in result.says


@pytest.mark.parametrize(
    "variables", [{}, {"MODEL_NAMES": "no JSON"}, {"MODEL_NAMES": "[]"}, {"MODEL_NAMES": '{"a": [1]}'}]
)
def test_without_a_list_the_proofs_models_are_asked(
    aws: StubbedAws, bedrock: FakeBedrock, variables: dict[str, str]
) -> None:
    """An environment that allows all models is tried with the models of the proof."""
    checked(aws, variables, replace(WHOLE, proof_model="p1", proof_converse_model="p2"))
    assert sorted(b.model for b, _ in bedrock.asked) == ["p1", "p2"]


def test_nothing_is_asked_at_an_unknown_endpoint(aws: StubbedAws, bedrock: FakeBedrock) -> None:
    """A stack of an earlier version does not say where Bedrock is."""
    assert checked(aws, {}, replace(WHOLE, bedrock_base_url=None)).status == Status.UNCHECKED
    assert not bedrock.asked


def test_functions_that_sign_are_not_tried(aws: StubbedAws) -> None:
    """The operator's own credentials show nothing about the functions' roles."""
    assert model_checks.check(aws.deployment(replace(WHOLE, secret_arn=None))).status == Status.UNCHECKED


def test_a_target_names_its_region() -> None:
    """Two regions' targets of one model can be told apart."""
    assert Target("m", "eu-west-1").shown == "m in eu-west-1"


def test_an_unguarded_environment_asks_without_a_guardrail(aws: StubbedAws, bedrock: FakeBedrock) -> None:
    """Without an enforced guardrail, the request has none."""
    checked(aws, {}, replace(WHOLE, enforced_guardrail=None))
    assert [guardrail for _, guardrail in bedrock.asked] == [None]
