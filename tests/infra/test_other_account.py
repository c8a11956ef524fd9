"""Bedrock in another account: the functions may assume its role, and nothing of Bedrock in their own account."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from chat_gateway.service.settings import UpstreamSettings
from guardrail_proof.settings import ProverSettings
from infra.settings.guardrail import ExistingGuardrail, NoGuardrail
from infra.settings.proof import Proof
from tests.infra.conftest import Synthesised, changed, resolved, stack_of
from tests.infra.test_deployment_proof import prover_variables

ROLE = "arn:aws:iam::210987654321:role/bedrock-for-the-gateway"
GUARDRAIL = "arn:aws:bedrock:us-east-1:210987654321:guardrail/abc123"
UPSTREAM = {"auth": "sigv4", "role_arn": ROLE, "role_external_id": "gateway-dev"}
ASSUME = {"Action": "sts:AssumeRole", "Effect": "Allow", "Resource": ROLE}


@cache
def stack(*, proves: bool = True) -> Synthesised:
    """The changed prod stack; synthesis fails if cdk-nag has a finding."""
    guardrail = ExistingGuardrail(identifier=GUARDRAIL, version="7")
    return stack_of(changed("prod", upstream=UPSTREAM, guardrail=guardrail, proof=Proof(on_deploy=proves)))


def statements(found: Synthesised) -> list[dict[str, Any]]:
    """The statements of all roles that name Bedrock or STS."""
    policies = found.resources("AWS::IAM::Policy").values()
    every = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return [
        one for one in every if any(service in json.dumps(one["Action"]) for service in ("bedrock", "sts:"))
    ]


def test_the_roles_may_assume_that_role_only() -> None:
    """The chat function, the worker and the prover may assume the role. No role may call Bedrock in the stack's account."""
    assert statements(stack()) == [ASSUME] * 3
    assert statements(stack(proves=False)) == [ASSUME] * 2
    assert not stack().resources("AWS::SecretsManager::Secret")
    assert not stack().resources("AWS::Bedrock::Guardrail")


@pytest.mark.parametrize("function", ["api", "worker"])
def test_the_functions_read_the_role(function: str) -> None:
    """Role, external id and the guardrail of the other account are in the variables."""
    settings = UpstreamSettings.from_env(stack().variables(function))
    assert (settings.role_arn, settings.role_external_id) == (ROLE, "gateway-dev")
    assert settings.api_key is None
    assert settings.guardrail is not None
    assert (settings.guardrail.identifier, settings.guardrail.version) == (GUARDRAIL, "7")


def test_the_proof_assumes_it() -> None:
    """The prover reads the role from its variables, and the operator's commands from the outputs."""
    gateway = ProverSettings.from_env(prover_variables(stack())).gateway
    assert (gateway.role_arn, gateway.role_external_id) == (ROLE, "gateway-dev")
    outputs = {name: resolved(output["Value"]) for name, output in stack().template["Outputs"].items()}
    assert (outputs["BedrockRoleArn"], outputs["BedrockRoleExternalId"]) == (ROLE, "gateway-dev")


def test_other_stacks_have_none_of_it() -> None:
    """A stack without the setting has no variable, output or permission of it."""
    text = json.dumps(
        stack_of(
            changed("dev", upstream={"auth": "sigv4"}, guardrail=NoGuardrail(callers_may_go_unguarded=True))
        ).template
    )
    for name in ("UPSTREAM_ROLE", "BedrockRole", '"Action": "sts:AssumeRole", "Effect": "Allow", "Resource"'):
        assert name not in text


def test_no_models_of_this_account_are_listed() -> None:
    """GET /models lists the models that the settings name, and none of the stack's own account."""
    assert "ACCOUNT_MODELS_REGION" not in stack().variables("resources")
