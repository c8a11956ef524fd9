"""The template that puts an account under a guardrail is valid for the CDK, and no environment's stack has its resource."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import cloudformation_include

from tests import documents
from tests.infra.conftest import DEPLOYED, synthesised

TEMPLATE = documents.ROOT / "docs" / "account-guardrail.yaml"
TYPE = "AWS::Bedrock::EnforcedGuardrailConfiguration"
Enforced = bedrock.CfnEnforcedGuardrailConfiguration


@pytest.fixture(scope="module")
def included() -> tuple[Any, dict[str, Any]]:
    """The template's resource as the CDK reads it, and the whole template as the CDK writes it."""
    app = cdk.App()
    stack = cdk.Stack(app, "Account")
    found = cloudformation_include.CfnInclude(stack, "Template", template_file=str(TEMPLATE))
    resource = found.get_resource("AccountGuardrail")
    (synthesised,) = app.synth().stacks
    return resource, json.loads(Path(synthesised.template_full_path).read_text())


def known(type_: type) -> set[str]:
    """The names of a type's properties, as CloudFormation writes them."""
    names = set(inspect.signature(vars(type_)["__init__"]).parameters) - {"self"}
    return {"".join(word.title() for word in name.split("_")) for name in names}


def test_its_properties_are_cloudformations(included: tuple[Any, dict[str, Any]]) -> None:
    """The CDK knows the type, each property, and no required one is missing."""
    resource, template = included
    assert isinstance(resource, Enforced)
    (written,) = (one for one in template["Resources"].values() if one["Type"] == TYPE)
    properties = written["Properties"]
    assert properties.keys() <= known(bedrock.CfnEnforcedGuardrailConfigurationProps)
    assert properties.keys() >= {"GuardrailIdentifier", "GuardrailVersion"}
    assert properties["SelectiveContentGuarding"].keys() == known(Enforced.SelectiveContentGuardingProperty)


def test_all_models_and_all_text(included: tuple[Any, dict[str, Any]]) -> None:
    """By default all text is checked, and no model is left out."""
    _, template = included
    (written,) = (one for one in template["Resources"].values() if one["Type"] == TYPE)
    assert "ModelEnforcement" not in written["Properties"]
    for name in ("Messages", "System"):
        assert template["Parameters"][name]["Default"] == "COMPREHENSIVE"


@pytest.mark.parametrize("name", DEPLOYED)
def test_no_environment_has_it(name: str) -> None:
    """The deletion of an environment does not take the guardrail off the account."""
    assert not synthesised(name).resources(TYPE)
