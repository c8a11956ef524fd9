"""A policy is written in CreateGuardrail's form; it becomes CloudFormation's form or is refused."""

from __future__ import annotations

import contextlib
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk.aws_bedrock import CfnGuardrail
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import guardrail_policy
from infra.settings.table import RefusedSettingError

MESSAGES = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}
# As in AWS's documentation of CreateGuardrail, each part once.
WHOLE = {
    **MESSAGES,
    "description": "all there is",
    "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/1",
    "crossRegionConfig": {"guardrailProfileIdentifier": "us.guardrail.v1:0"},
    "contentPolicyConfig": {
        "filtersConfig": [
            {
                "type": "HATE",
                "inputStrength": "HIGH",
                "outputStrength": "LOW",
                "inputModalities": ["TEXT"],
                "inputAction": "BLOCK",
                "inputEnabled": True,
            }
        ],
        "tierConfig": {"tierName": "STANDARD"},
    },
    "topicPolicyConfig": {
        "topicsConfig": [{"name": "money", "definition": "advice", "type": "DENY", "examples": ["buy?"]}],
        "tierConfig": {"tierName": "CLASSIC"},
    },
    "wordPolicyConfig": {"wordsConfig": [{"text": "a"}], "managedWordListsConfig": [{"type": "PROFANITY"}]},
    "sensitiveInformationPolicyConfig": {
        "piiEntitiesConfig": [{"type": "EMAIL", "action": "ANONYMIZE"}],
        "regexesConfig": [{"name": "ticket", "pattern": "T-[0-9]+", "action": "BLOCK"}],
    },
    "contextualGroundingPolicyConfig": {"filtersConfig": [{"type": "GROUNDING", "threshold": 0.75}]},
    "automatedReasoningPolicyConfig": {"policies": ["arn:a"], "confidenceThreshold": 0.9},
}


def in_template(policy: dict[str, Any]) -> dict[str, Any]:
    """The guardrail's properties in a template."""
    stack = cdk.Stack(cdk.App(), "Stack")
    CfnGuardrail(stack, "Guardrail", name="mine", **guardrail_policy.for_cloudformation(policy))
    (resource,) = assertions.Template.from_stack(stack).find_resources("AWS::Bedrock::Guardrail").values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def capitalised(value: Any) -> Any:
    """CloudFormation's names are the API's names with a capital, with four exceptions."""
    if isinstance(value, dict):
        return {name[0].upper() + name[1:]: capitalised(inner) for name, inner in value.items()}
    return [capitalised(inner) for inner in value] if isinstance(value, list) else value


def test_every_part_reaches_the_template() -> None:
    """Everything that the API accepts is in the template under CloudFormation's name, with its value."""
    expected = capitalised(WHOLE) | {"Name": "mine"}
    expected["KmsKeyArn"] = expected.pop("KmsKeyId")
    expected["CrossRegionConfig"] = {"GuardrailProfileArn": "us.guardrail.v1:0"}
    for part, tier in (("ContentPolicyConfig", "ContentFilters"), ("TopicPolicyConfig", "Topics")):
        expected[part][f"{tier}TierConfig"] = expected[part].pop("TierConfig")
    assert in_template(WHOLE) == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "mine"}, "name must not be set: the stack sets it"),
        ({"clientRequestToken": "1"}, "clientRequestToken must not be set: CloudFormation sets it"),
        ({"tags": []}, "tags must not be set: the stack sets it"),
        ({"blockedInput": "no"}, "blockedInput is unknown; choose one of automatedReasoningPolicyConfig"),
        ({"blockedInputMessaging": 1}, "^blockedInputMessaging must be str"),
        ({"blocked_input_messaging": "no"}, "blocked_input_messaging is unknown"),
        ({"wordPolicyConfig": []}, "wordPolicyConfig must be a table"),
        ({"wordPolicyConfig": {"wordsConfig": {"text": "a"}}}, "wordPolicyConfig.wordsConfig must be a list"),
        ({"wordPolicyConfig": {"wordsConfig": [{}]}}, r"wordPolicyConfig.wordsConfig\[0\].text is missing"),
        (
            {"contentPolicyConfig": {"filtersConfig": [{"type": "HATE", "inputStrenght": "HIGH"}]}},
            r"contentPolicyConfig.filtersConfig\[0\].inputStrenght is unknown; choose one of .*inputStrength",
        ),
    ],
)
def test_what_cloudformation_does_not_know_is_refused(change: dict[str, Any], says: str) -> None:
    """The error says which place is wrong, and what may stand there."""
    with pytest.raises(RefusedSettingError, match=says):
        guardrail_policy.for_cloudformation(MESSAGES | change)


def test_a_policy_needs_its_messages() -> None:
    with pytest.raises(RefusedSettingError, match="blockedInputMessaging is missing"):
        guardrail_policy.for_cloudformation({})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*WHOLE, "filtersConfig", "type", "text"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*WHOLE, "filtersConfig", "type"]), _JSON, max_size=4))
def test_any_policy_is_taken_or_refused(policy: dict[str, Any]) -> None:
    """Any policy is accepted or refused; there is no other exception."""
    with contextlib.suppress(RefusedSettingError):
        assert in_template(policy)
