"""IAM and Secrets Manager in memory, with AWS's rules for credentials and versions, and a clock of their own.

A test may end the function at any call: before the call has an effect, or after it, when the answer is lost.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

START = datetime(2026, 11, 27, tzinfo=UTC)
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
MAX_CREDENTIALS = 2
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:bedrock-key"
USER = "bedrock-dev"


class KilledError(BaseException):
    """Lambda ended the function. No code of ours may catch this."""


class NoSuchEntityError(ClientError):
    """IAM does not have it."""


class ResourceNotFoundError(ClientError):
    """Secrets Manager does not have it."""


def _error(kind: type[ClientError], code: str, operation: str) -> ClientError:
    return kind({"Error": {"Code": code, "Message": "hunted: a message of AWS"}}, operation)


class Calls:
    """Counts the calls of AWS, moves the clock, and kills the function at call `kill_at`."""

    def __init__(self) -> None:
        self.now, self.count, self.kill_at, self.kills_after = START, 0, 0, False
        self.fault_at: dict[int, ClientError] = {}

    def __call__(self, effect: Callable[[], Any]) -> Any:
        """The answer of `effect`, unless the function is killed at this call."""
        self.count += 1
        self.now += timedelta(seconds=1)
        is_last = self.count == self.kill_at
        if is_last and not self.kills_after:
            raise KilledError
        if self.count in self.fault_at:
            raise self.fault_at[self.count]
        try:
            return effect()
        finally:
            if is_last:
                raise KilledError


class FakeIam:
    """The Bedrock credentials of users. A key belongs to one credential, and works as long as that is active."""

    exceptions = SimpleNamespace(NoSuchEntityException=NoSuchEntityError)

    def __init__(self, calls: Calls, *, shows_alias: bool = True) -> None:
        self._calls, self._shows_alias = calls, shows_alias
        self._numbers = itertools.count(1)
        self.credentials: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, str] = {}  # by credential
        self.deleted: list[str] = []

    def make(self, user: str) -> tuple[str, str]:
        """The id and key of a new credential."""
        number = next(self._numbers)
        id_, alias = f"ACCAEXAMPLE{number:010}", f"{user}-at-123456789012-v{number}"
        secret = base64.b64encode(f"{alias}:hunted-{number}".encode()).decode()
        self.keys[id_] = f"ABSK{secret}" if self._shows_alias else f"opaque-hunted-{number}"
        self.credentials[id_] = {
            "ServiceSpecificCredentialId": id_,
            "UserName": user,
            "ServiceName": "bedrock.amazonaws.com",
            "CreateDate": self._calls.now.replace(microsecond=0),
            "Status": "Active",
            **({"ServiceCredentialAlias": alias} if self._shows_alias else {}),
        }
        return id_, self.keys[id_]

    def ids(self, user: str = USER) -> set[str]:
        """The ids of the user's credentials."""
        return {id_ for id_, one in self.credentials.items() if one["UserName"] == user}

    def accepts(self, key: str) -> bool:
        """Whether Bedrock accepts the key."""
        return any(
            self.keys[id_] == key and one["Status"] == "Active" for id_, one in self.credentials.items()
        )

    def list_service_specific_credentials(self, **given: Any) -> dict[str, Any]:
        assert given == {"UserName": USER, "ServiceName": "bedrock.amazonaws.com"}
        return self._calls(  # type: ignore[no-any-return]
            lambda: {"ServiceSpecificCredentials": [self.credentials[id_] for id_ in sorted(self.ids())]}
        )

    def create_service_specific_credential(self, **given: Any) -> dict[str, Any]:
        assert given["CredentialAgeDays"] == 90

        def effect() -> dict[str, Any]:
            if len(self.ids(given["UserName"])) >= MAX_CREDENTIALS:
                raise _error(ClientError, "LimitExceeded", "CreateServiceSpecificCredential")
            id_, key = self.make(given["UserName"])
            return {"ServiceSpecificCredential": {**self.credentials[id_], "ServiceCredentialSecret": key}}

        return self._calls(effect)  # type: ignore[no-any-return]

    def delete_service_specific_credential(self, **given: Any) -> None:
        def effect() -> None:
            id_ = given["ServiceSpecificCredentialId"]
            if id_ not in self.ids(given["UserName"]):
                raise _error(NoSuchEntityError, "NoSuchEntity", "DeleteServiceSpecificCredential")
            del self.credentials[id_]
            self.deleted.append(id_)

        self._calls(effect)


class FakeSecretsManager:
    """The versions of one secret. A version's text cannot be changed, and a label is at one version at most."""

    exceptions = SimpleNamespace(ResourceNotFoundException=ResourceNotFoundError)

    def __init__(self, calls: Calls, text: str) -> None:
        self._calls = calls
        self._tokens = (f"token-{number}" for number in itertools.count(1))
        self.texts: dict[str, str] = {}
        self.stored_at: dict[str, datetime] = {}
        self.labels: dict[str, str] = {}
        self.rotates: Callable[[], None] = lambda: None  # Secrets Manager's calls of the function
        self.put(text)

    def put(self, text: str) -> None:
        """What an operator does: stores a text as the current version."""
        token = next(self._tokens)
        self._store(token, text)
        self._move(CURRENT, token)

    def begin(self) -> str:
        """The token of a rotation: of the one in progress, or of a new version without a text."""
        pending = self.labels.get(PENDING)
        if pending is None or pending == self.labels[CURRENT]:
            self.labels[PENDING] = pending = next(self._tokens)
        return pending

    def text(self, label: str = CURRENT) -> str:
        """The text at the label; empty if there is none."""
        return self.texts.get(self.labels.get(label, ""), "")

    def rotate_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert SecretId == SECRET_ARN
        token = self.begin()
        self.rotates()
        return {"VersionId": token}

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert SecretId == SECRET_ARN

        def effect() -> dict[str, Any]:
            stages: dict[str, list[str]] = {}
            for label, token in self.labels.items():
                stages.setdefault(token, []).append(label)
            return {"VersionIdsToStages": stages}

        return self._calls(effect)  # type: ignore[no-any-return]

    def get_secret_value(self, **given: str) -> dict[str, Any]:
        def effect() -> dict[str, Any]:
            token = self.labels.get(given["VersionStage"])
            if token not in self.texts or given.get("VersionId", token) != token:
                raise _error(ResourceNotFoundError, "ResourceNotFoundException", "GetSecretValue")
            return {"SecretString": self.texts[token], "CreatedDate": self.stored_at[token]}

        return self._calls(effect)  # type: ignore[no-any-return]

    def put_secret_value(self, **given: Any) -> None:
        def effect() -> None:
            if "ClientRequestToken" not in given:
                self.put(given["SecretString"])
                return
            token, text = given["ClientRequestToken"], given["SecretString"]
            if self.texts.get(token, text) != text:
                raise _error(ClientError, "ResourceExistsException", "PutSecretValue")
            self._store(token, text)
            for label in given["VersionStages"]:
                self._move(label, token)

        self._calls(effect)

    def update_secret_version_stage(self, **given: str) -> None:
        def effect() -> None:
            label = given["VersionStage"]
            if self.labels.get(label) != given["RemoveFromVersionId"]:
                raise _error(ClientError, "InvalidParameterException", "UpdateSecretVersionStage")
            if "MoveToVersionId" in given:
                self._move(label, given["MoveToVersionId"])
            else:
                del self.labels[label]

        self._calls(effect)

    def _store(self, token: str, text: str) -> None:
        self.texts[token], self.stored_at[token] = text, self._calls.now

    def _move(self, label: str, token: str) -> None:
        if label == CURRENT and label in self.labels:
            self.labels[PREVIOUS] = self.labels[CURRENT]
        self.labels[label] = token
