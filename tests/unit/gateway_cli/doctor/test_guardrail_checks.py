"""What `doctor` finds out about guardrails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway_cli import proof
from gateway_cli.doctor import examination, guardrail_checks
from gateway_cli.doctor.findings import Finding, Status
from gateway_cli.stack_outputs import StackOutputs
from guardrail_proof.plan import NATIVE, Plan, Region
from tests.unit.gateway_cli.doctor.stubbed_aws import NOT_AUTHORIZED, WHOLE, StubbedAws

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def described(status: str = "READY", words: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    policy = {} if words is None else {"wordPolicy": {"words": words}}
    return {
        "name": "gateway",
        "guardrailId": "gr1",
        "guardrailArn": "arn:aws:bedrock:x",
        "version": "2",
        "status": status,
        "createdAt": NOW,
        "updatedAt": NOW,
        "blockedInputMessaging": "no",
        "blockedOutputsMessaging": "no",
        **policy,
    }


def applied(action: str) -> dict[str, Any]:
    usage = dict.fromkeys(
        (
            *("topicPolicyUnits", "contentPolicyUnits", "wordPolicyUnits"),
            *("sensitiveInformationPolicyUnits", "sensitiveInformationPolicyFreeUnits"),
            "contextualGroundingPolicyUnits",
        ),
        0,
    )
    return {"usage": usage, "action": action, "outputs": [], "assessments": []}


def found(aws: StubbedAws, outputs: StackOutputs = WHOLE) -> list[Finding]:
    chains = list(guardrail_checks.chains(outputs))
    return list(examination.findings_of(chains, aws.deployment(outputs)))


def statuses(findings: list[Finding]) -> list[Status]:
    return [finding.status for finding in findings]


@pytest.mark.parametrize(
    ("action", "status"), [("GUARDRAIL_INTERVENED", Status.OK), ("NONE", Status.PROBLEM)]
)
def test_a_guardrail_must_block_a_word_of_its_list(aws: StubbedAws, action: str, status: Status) -> None:
    """The guardrail is tried with the canary, or with another word of its list."""
    for _ in range(2):
        aws.answers("bedrock", "get_guardrail", described(words=[{"text": "w"}, {"text": proof.CANARY_WORD}]))
    aws.answers("bedrock-runtime", "apply_guardrail", applied(action))
    assert statuses(found(aws)) == [Status.OK, status]


@pytest.mark.parametrize("action", ["GUARDRAIL_INTERVENED", "NONE"])
@pytest.mark.parametrize(
    "words",
    [None, [{"text": "w", "inputEnabled": False}], [{"text": "w", "inputAction": "NONE"}]],
)
def test_a_guardrail_without_words_need_not_block(
    aws: StubbedAws, words: list[dict[str, Any]] | None, action: str
) -> None:
    """Without a word that it blocks in prompts, the canary is tried. If it passes, the finding says how to test."""
    for _ in range(2):
        aws.answers("bedrock", "get_guardrail", described(words=words))
    aws.answers("bedrock-runtime", "apply_guardrail", applied(action))
    exists, blocks = found(aws)
    assert blocks.status == exists.status == Status.OK
    assert ("CANARY=WORD" in blocks.says) == (action == "NONE")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
def test_a_missing_guardrail_is_a_problem(aws: StubbedAws, code: str) -> None:
    """A guardrail that was deleted is a problem, and whether it blocks is not tried."""
    aws.fails("bedrock", "get_guardrail", code)
    exists, blocks = found(aws)
    assert exists.status == Status.PROBLEM
    assert "no guardrail gr1:2" in exists.says
    assert blocks.status == Status.SKIPPED
    assert blocks.says == 'not checked, because "guardrail" is wrong'


def test_a_guardrail_that_failed_is_a_problem(aws: StubbedAws) -> None:
    """The guardrail must be ready."""
    aws.answers("bedrock", "get_guardrail", described("FAILED"))
    assert statuses(found(aws)) == [Status.PROBLEM, Status.SKIPPED]


def test_a_denial_is_no_problem(aws: StubbedAws) -> None:
    """An operator without the permission learns which one is missing."""
    aws.fails(
        "bedrock", "get_guardrail", "AccessDeniedException", NOT_AUTHORIZED.format("bedrock:GetGuardrail")
    )
    exists, blocks = found(aws)
    assert exists.status == Status.UNCHECKED
    assert exists.advice == "Use credentials with the permission bedrock:GetGuardrail."
    assert blocks.says == 'not checked, because "guardrail" could not be checked'


def test_other_regions_have_their_own(aws: StubbedAws) -> None:
    """The guardrail of each other region is checked there."""
    region = Region("eu-west-1", "https://eu.test/openai/v1", ("gr9", "1"), {NATIVE: "m"})
    unguarded = Region("eu-north-1", "https://eu.test/openai/v1", None, {NATIVE: "m"})
    outputs = replace(WHOLE, proof_plan=Plan((), (), {}, (region, unguarded)).to_text())
    aws.fails("bedrock", "get_guardrail", "ResourceNotFoundException")
    aws.fails("bedrock", "get_guardrail", "ResourceNotFoundException", region="eu-west-1")
    names = [finding.check for finding in found(aws, outputs)]
    assert names == [
        "guardrail",
        "guardrail blocks",
        "guardrail in eu-west-1",
        "guardrail blocks in eu-west-1",
    ]


def test_an_environment_may_enforce_none(aws: StubbedAws) -> None:
    """Without an enforced guardrail, there is nothing to check."""
    (finding,) = found(aws, replace(WHOLE, enforced_guardrail=None))
    assert finding.status == Status.OK
    assert "enforces none" in finding.says


def test_a_guardrail_of_another_account_is_left_to_the_proof(aws: StubbedAws) -> None:
    """The operator's credentials are for the gateway's account, so the guardrail of the assumed role's is not asked for."""
    role = "arn:aws:iam::210987654321:role/bedrock"
    (finding,) = found(aws, replace(WHOLE, bedrock_role_arn=role))
    assert finding.status == Status.OK
    assert role in finding.says
    assert "make prove" in finding.says
