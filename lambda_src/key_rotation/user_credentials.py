"""The IAM credentials of the user whose keys the secret holds."""

from __future__ import annotations

from typing import Any

from key_rotation.spare_credentials import Credential
from key_rotation.stored_key import StoredKey

SERVICE = "bedrock.amazonaws.com"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
MAX_CREDENTIALS = 2
_EXPIRED = "Expired"


class UserCredentials:
    """Lists, creates and deletes the credentials. Raises botocore's errors."""

    def __init__(self, iam: Any, user: str) -> None:
        self._iam, self.user = iam, user

    def all(self) -> list[Credential]:
        """The credentials, expired ones too."""
        answer = self._iam.list_service_specific_credentials(UserName=self.user, ServiceName=SERVICE)
        return [
            Credential(
                id=one["ServiceSpecificCredentialId"],
                created_at=one["CreateDate"],
                alias=one.get("ServiceCredentialAlias") or None,
                is_expired=one["Status"] == _EXPIRED,
            )
            for one in answer["ServiceSpecificCredentials"]
        ]

    def create(self, *, age_days: int) -> StoredKey:
        """A new key. IAM never shows it again."""
        answer = self._iam.create_service_specific_credential(
            UserName=self.user, ServiceName=SERVICE, CredentialAgeDays=age_days
        )
        made = answer["ServiceSpecificCredential"]
        return StoredKey(made["ServiceCredentialSecret"], made["ServiceSpecificCredentialId"])

    def delete(self, credential_id: str) -> None:
        """Deletes the credential, if it still exists. Its key stops working."""
        try:
            self._iam.delete_service_specific_credential(
                UserName=self.user, ServiceSpecificCredentialId=credential_id
            )
        except self._iam.exceptions.NoSuchEntityException:
            return
