"""The versions of the secret, and their staging labels.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from key_rotation import stored_key
from key_rotation.errors import RotationError
from key_rotation.spare_credentials import Current
from key_rotation.stored_key import StoredKey

_CURRENT, _PENDING = "AWSCURRENT", "AWSPENDING"


class Pending(NamedTuple):
    """The version of a rotation in progress. `key`: None if its text holds no key."""

    key: StoredKey | None
    stored_at: datetime


class SecretVersions:
    """Reads and writes the versions. `token` is a version's id. Raises botocore's errors."""

    def __init__(self, secrets_manager: Any, secret_arn: str) -> None:
        self._secrets, self._arn = secrets_manager, secret_arn

    def is_current(self, token: str) -> bool:
        """Whether functions read this version. Raises RotationError if Secrets Manager is not rotating to it."""
        stages = self._stages().get(token, [])
        if _CURRENT in stages:
            return True
        if _PENDING not in stages:
            raise RotationError("Secrets Manager is not rotating to this version of the secret.")
        return False

    def current(self) -> Current:
        """The version that functions read."""
        version = self._secrets.get_secret_value(SecretId=self._arn, VersionStage=_CURRENT)
        return Current(stored_key.from_text(version.get("SecretString", "")), version["CreatedDate"])

    def pending(self, token: str) -> Pending | None:
        """The version to rotate to; None as long as it has no text."""
        try:
            version = self._secrets.get_secret_value(
                SecretId=self._arn, VersionId=token, VersionStage=_PENDING
            )
        except self._secrets.exceptions.ResourceNotFoundException:
            return None
        return Pending(stored_key.from_text(version.get("SecretString", "")), version["CreatedDate"])

    def store_pending(self, token: str, text: str) -> None:
        """Stores the text of the version. A version's text cannot be changed later."""
        self._secrets.put_secret_value(
            SecretId=self._arn, ClientRequestToken=token, SecretString=text, VersionStages=[_PENDING]
        )

    def give_up(self, token: str) -> None:
        """Ends the rotation to this version. The next rotation starts with another."""
        self._secrets.update_secret_version_stage(
            SecretId=self._arn, VersionStage=_PENDING, RemoveFromVersionId=token
        )

    def make_current(self, token: str) -> None:
        """Functions read this version from now on. Secrets Manager keeps the one before as AWSPREVIOUS."""
        before = next(version for version, stages in self._stages().items() if _CURRENT in stages)
        if before != token:
            self._secrets.update_secret_version_stage(
                SecretId=self._arn,
                VersionStage=_CURRENT,
                MoveToVersionId=token,
                RemoveFromVersionId=before,
            )

    def _stages(self) -> dict[str, list[str]]:
        answer = self._secrets.describe_secret(SecretId=self._arn)
        stages: dict[str, list[str]] = answer["VersionIdsToStages"]
        return stages
