"""Whether the secret holds a Bedrock API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from gateway_cli import bedrock_key
from gateway_cli.doctor import aws_failures, findings
from gateway_cli.doctor.findings import Result
from guardrail_proof import stored_key

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "secret"
# Secrets Manager's code for a secret that is to be deleted:
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
_TO_BE_DELETED = "InvalidRequestException"


def check(deployment: Deployment) -> Result:
    """Whether there is a key in the form of a key. Raises botocore's errors."""
    try:
        key = read_key(deployment)
    except ClientError as error:
        return _of_error(error, deployment)
    except ValueError:
        return _wrong("the secret holds a JSON object without a text api_key", deployment)
    if key is None:
        return findings.ok("there is none: the functions sign requests with their roles")
    if bedrock_key.is_placeholder(key):
        return _wrong("the secret still holds the placeholder", deployment)
    if not bedrock_key.is_well_formed(key):
        return _wrong("the secret is empty, or holds no Bedrock API key", deployment)
    regions = deployment.outputs.bedrock_regions
    if regions and stored_key.is_short_term(key):
        return findings.problem(
            f"it holds a short-term key, which is not valid in {', '.join(regions)}",
            f"Make a long-term key, and store it: make bedrock-key ENV={deployment.env}",
        )
    return findings.ok("it holds a key")


def read_key(deployment: Deployment) -> str | None:
    """The key; None if the functions sign. Raises ValueError for JSON without a key, and botocore's errors."""
    if deployment.outputs.secret_arn is None:
        return None
    client = deployment.client("secretsmanager")
    answer = client.get_secret_value(SecretId=deployment.outputs.secret_arn)
    return stored_key.in_secret(answer.get("SecretString", ""))


def _wrong(says: str, deployment: Deployment) -> Result:
    return findings.problem(says, f"Store a key: make bedrock-key ENV={deployment.env}")


def _of_error(error: ClientError, deployment: Deployment) -> Result:
    code = aws_failures.code(error)
    # AWS answers ResourceNotFoundException also for a secret that has no value yet.
    if code == "ResourceNotFoundException":
        return _wrong("the secret does not exist, or has no value", deployment)
    if code == _TO_BE_DELETED:
        return findings.problem(
            "the secret is marked for deletion",
            f"Restore it: aws secretsmanager restore-secret --secret-id {deployment.outputs.secret_arn}",
        )
    if code == "DecryptionFailure":
        return findings.problem(
            "Secrets Manager cannot decrypt the secret", "Enable the secret's KMS key, or choose another."
        )
    return aws_failures.unchecked(error, deployment.env)
