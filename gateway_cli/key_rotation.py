"""Replaces the Bedrock API key now, where the environment rotates it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import boto3

from gateway_cli.stack_outputs import StackOutputs

_SERVICE = "bedrock.amazonaws.com"
_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"
# The function's test of a new key may take two minutes, and AWS calls the function again if it fails.
_WITHIN_S, _PAUSE_S = 300, 3


class NoRotationError(Exception):
    """The environment does not rotate its key."""


class UnfinishedRotationError(Exception):
    """The rotation has not ended. The message says where to look."""


class UnknownCredentialError(Exception):
    """The secret does not say which credential is in use, so none is deleted."""


def rotate(
    session: boto3.Session,
    outputs: StackOutputs,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Replaces the key, and waits until functions read the new one. The old key still works.

    Raises NoBedrockApiKeyError, NoRotationError and UnfinishedRotationError.
    """
    secret_arn, _ = _rotated(outputs)
    secrets, ends_at = session.client("secretsmanager"), clock() + _WITHIN_S
    version = secrets.rotate_secret(SecretId=secret_arn)["VersionId"]
    while _CURRENT not in secrets.describe_secret(SecretId=secret_arn)["VersionIdsToStages"].get(version, []):
        if clock() + _PAUSE_S >= ends_at:
            raise UnfinishedRotationError(
                f"The rotation has not ended within {_WITHIN_S} seconds, and the old key is still in use. The lines "
                f"`key rotation` in the log group {outputs.key_rotation_log_group} say why."
            )
        sleep(_PAUSE_S)


def revoke_old(session: boto3.Session, outputs: StackOutputs) -> list[str]:
    """Deletes the user's keys except the one in use, which must be a rotated one. Returns the ids of their credentials.

    Functions that have a deleted key in their cache read the secret again as soon as Bedrock refuses the key. Raises
    NoBedrockApiKeyError, NoRotationError and UnknownCredentialError.
    """
    secret_arn, user = _rotated(outputs)
    secret = session.client("secretsmanager").get_secret_value(SecretId=secret_arn, VersionStage=_CURRENT)
    in_use = _credential_id(secret["SecretString"])
    iam = session.client("iam")
    listed = iam.list_service_specific_credentials(UserName=user, ServiceName=_SERVICE)
    ids = [one["ServiceSpecificCredentialId"] for one in listed["ServiceSpecificCredentials"]]
    if in_use not in ids:
        raise UnknownCredentialError(
            f"No key was deleted: the secret does not name a key of the IAM user {user}. Delete the old key in IAM."
        )
    old = [id_ for id_ in ids if id_ != in_use]
    for id_ in old:
        iam.delete_service_specific_credential(UserName=user, ServiceSpecificCredentialId=id_)
    return old


def end_earlier(session: boto3.Session, outputs: StackOutputs) -> None:
    """Takes Secrets Manager's label AWSPENDING off a version that is not in use.

    After an operator has stored a key, Secrets Manager would take the earlier rotation for unfinished, and repeat it.
    """
    if outputs.key_user is None:
        return
    secrets, secret_arn = session.client("secretsmanager"), outputs.bedrock_api_key_secret()
    versions = secrets.describe_secret(SecretId=secret_arn)["VersionIdsToStages"]
    for version, labels in versions.items():
        if _PENDING in labels and _CURRENT not in labels:
            secrets.update_secret_version_stage(
                SecretId=secret_arn, VersionStage=_PENDING, RemoveFromVersionId=version
            )


def _rotated(outputs: StackOutputs) -> tuple[str, str]:
    """The secret, and the user whose key it holds."""
    secret_arn = outputs.bedrock_api_key_secret()
    if outputs.key_user is None:
        raise NoRotationError(
            f"The environment {outputs.stage_name} does not rotate its key: upstream.key_rotation is not set. Create a key "
            "yourself, and store it with `bedrock-key put`."
        )
    return secret_arn, outputs.key_user


def _credential_id(secret: str) -> object:
    """The credential that the secret names; None if it names none."""
    try:
        document = json.loads(secret)
    except (ValueError, RecursionError):
        return None
    return document.get("credential_id") if isinstance(document, dict) else None
