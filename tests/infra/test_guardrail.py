"""The guardrail that a stack creates for itself."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from chat_gateway.guardrail.settings import Tagging
from chat_gateway.service.settings import UpstreamSettings
from guardrail_proof.settings import CANARY_WORD
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.settings import guardrail_policy
from infra.settings.guardrail import ExistingGuardrail, Override, OwnGuardrail
from tests.infra.conftest import DEPLOYED, changed, stack_of, synthesised


@pytest.mark.parametrize("name", DEPLOYED)
@pytest.mark.parametrize("function", ["api", "worker"])
def test_a_stack_told_nothing_enforces_a_numbered_version_of_its_own(name: str, function: str) -> None:
    stack = synthesised(name, None)
    assert len(stack.resources("AWS::Bedrock::Guardrail")) == 1
    enforced = UpstreamSettings.from_env(stack.variables(function)).guardrail
    assert enforced is not None
    assert enforced.identifier in stack.resources("AWS::Bedrock::Guardrail")
    assert enforced.version == "3"  # what the tests stand in for the version that AWS counts


def test_the_default_policy_filters_blocks_and_anonymises() -> None:
    guardrail = synthesised("prod", None).one("AWS::Bedrock::Guardrail")
    filters = {
        entry["Type"]: entry["InputStrength"] for entry in guardrail["ContentPolicyConfig"]["FiltersConfig"]
    }
    assert filters == dict.fromkeys(["HATE", "INSULTS", "MISCONDUCT", "SEXUAL", "VIOLENCE"], "HIGH")
    words = guardrail["WordPolicyConfig"]
    assert words["WordsConfig"] == [{"Text": CANARY_WORD}]
    assert words["ManagedWordListsConfig"] == [{"Type": "PROFANITY"}]
    pii = guardrail["SensitiveInformationPolicyConfig"]["PiiEntitiesConfig"]
    assert {entry["Action"] for entry in pii} == {"ANONYMIZE"}


def test_an_existing_guardrail_is_used_as_it_is() -> None:
    assert synthesised("prod").resources("AWS::Bedrock::Guardrail") == {}


def versions(policy: dict[str, Any]) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    EnforcedGuardrail(stack, "Guardrail", settings=OwnGuardrail(policy=policy))
    return dict(assertions.Template.from_stack(stack).find_resources("AWS::Bedrock::GuardrailVersion"))


def test_another_policy_makes_another_version_and_the_same_policy_does_not() -> None:
    default = guardrail_policy.default()
    strict = {**default, "wordPolicyConfig": {"wordsConfig": [{"text": "kryptonite"}]}}
    assert versions(default).keys() == versions(guardrail_policy.default()).keys()
    assert versions(default).keys().isdisjoint(versions(strict))


@pytest.mark.parametrize("override", list(Override))
def test_override_and_tagging_reach_the_functions(override: Override) -> None:
    """The functions get the environment's override and tagging."""
    guardrail = ExistingGuardrail(
        identifier="abc123", version="7", override=override, tagging=Tagging.USER_TURNS
    )
    stack = stack_of(changed("dev", guardrail=guardrail))
    enforced = UpstreamSettings.from_env(stack.variables("api")).guardrail
    assert enforced is not None
    assert enforced.callers_may_override is (override == Override.ALLOWED)
    assert enforced.tagging is Tagging.USER_TURNS
