"""What `doctor` finds in the secret of the Bedrock API key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway_cli.doctor import examination, secret_check
from gateway_cli.doctor.examination import Check
from gateway_cli.doctor.findings import Finding, Status
from gateway_cli.stack_outputs import StackOutputs
from tests.unit.gateway_cli.doctor.stubbed_aws import NOT_AUTHORIZED, WHOLE, StubbedAws

KEY = "ABSK-a-key-that-nobody-has"


def found(aws: StubbedAws, outputs: StackOutputs = WHOLE) -> Finding:
    """The finding, as an examination makes it."""
    chain = (Check(secret_check.NAME, secret_check.check),)
    (finding,) = examination.findings_of([chain], aws.deployment(outputs))
    return finding


@pytest.mark.parametrize(
    ("secret", "status", "says"),
    [
        (KEY, Status.OK, "it holds a key"),
        ('{"api_key": "' + KEY + '"}', Status.OK, "it holds a key"),
        ("REPLACE-WITH-A-BEDROCK-API-KEY", Status.PROBLEM, "placeholder"),
        ("two words", Status.PROBLEM, "no Bedrock API key"),
        ("short", Status.PROBLEM, "no Bedrock API key"),
        ('{"apikey": "a-typing-error"}', Status.PROBLEM, "without a text api_key"),
        ('{"api_key": ', Status.PROBLEM, "without a text api_key"),
    ],
)
def test_the_secrets_text_is_judged(aws: StubbedAws, secret: str, status: Status, says: str) -> None:
    """A key is in order; a placeholder and other texts are problems. No finding has the text."""
    aws.answers("secretsmanager", "get_secret_value", {"SecretString": secret})
    finding = found(aws)
    assert finding.status == status
    assert says in finding.says
    assert secret not in f"{finding.says} {finding.advice}"
    assert finding.advice is None or "make bedrock-key ENV=dev" in finding.advice


def test_a_secret_without_text_is_a_problem(aws: StubbedAws) -> None:
    """A binary secret holds no key."""
    aws.answers("secretsmanager", "get_secret_value", {"SecretBinary": b"x"})
    assert found(aws).status == Status.PROBLEM


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("ResourceNotFoundException", Status.PROBLEM, "does not exist, or has no value"),
        ("InvalidRequestException", Status.PROBLEM, "marked for deletion"),
        ("DecryptionFailure", Status.PROBLEM, "cannot decrypt"),
        ("AccessDeniedException", Status.UNCHECKED, "your AWS credentials may not call GetSecretValue"),
        ("ExpiredTokenException", Status.UNCHECKED, "does not accept your credentials"),
        ("InternalServiceError", Status.UNCHECKED, "AWS answered InternalServiceError to GetSecretValue"),
    ],
)
def test_errors_of_secrets_manager(aws: StubbedAws, code: str, status: Status, says: str) -> None:
    """A missing secret is a problem; what the operator may not see is not."""
    message = NOT_AUTHORIZED.format("secretsmanager:GetSecretValue")
    aws.fails("secretsmanager", "get_secret_value", code, message)
    finding = found(aws)
    assert finding.status == status
    assert says in finding.says
    if "Denied" in code:
        assert finding.advice == "Use credentials with the permission secretsmanager:GetSecretValue."


def test_a_denial_without_the_permissions_name(aws: StubbedAws) -> None:
    """If AWS does not name the permission, the operation is named."""
    aws.fails("secretsmanager", "get_secret_value", "AccessDeniedException", "no")
    assert found(aws).advice == "Use credentials with the permission for GetSecretValue."


def test_a_short_term_key_is_no_key_for_other_regions(aws: StubbedAws) -> None:
    """An environment with models in other regions needs a long-term key."""
    aws.answers("secretsmanager", "get_secret_value", {"SecretString": "bedrock-api-key-0123456789"})
    finding = found(aws, replace(WHOLE, bedrock_regions=("eu-west-1",)))
    assert finding.status == Status.PROBLEM
    assert "not valid in eu-west-1" in finding.says


def test_functions_that_sign_need_no_key(aws: StubbedAws) -> None:
    """Without a secret, nothing is wrong."""
    assert found(aws, replace(WHOLE, secret_arn=None)).status == Status.OK
