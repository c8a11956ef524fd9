"""The calls of AWS have the shapes that botocore and moto know."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from key_rotation.errors import RotationError
from key_rotation.secret_versions import SecretVersions
from key_rotation.spare_credentials import Credential
from key_rotation.stored_key import StoredKey
from key_rotation.user_credentials import UserCredentials

USER, ID = "bedrock-dev", "ACCA1234567890123456"
MADE_AT = datetime(2026, 11, 27, tzinfo=UTC)
LISTED = {
    "UserName": USER,
    "Status": "Expired",
    "CreateDate": MADE_AT,
    "ServiceSpecificCredentialId": ID,
    "ServiceName": "bedrock.amazonaws.com",
    "ServiceCredentialAlias": "bedrock-dev-at-123456789012",
}
OF_USER = {"UserName": USER, "ServiceName": "bedrock.amazonaws.com"}


def test_calls_of_iam() -> None:
    """Credentials are listed, created with an age, and deleted. A deleted one may be deleted again."""
    iam = boto3.client(
        "iam",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    made = {**LISTED, "Status": "Active", "ServiceCredentialSecret": "ABSK-key"}
    one = {"UserName": USER, "ServiceSpecificCredentialId": ID}
    with Stubber(iam) as stub:
        stub.add_response(
            "list_service_specific_credentials", {"ServiceSpecificCredentials": [LISTED]}, OF_USER
        )
        stub.add_response(
            "create_service_specific_credential",
            {"ServiceSpecificCredential": made},
            {**OF_USER, "CredentialAgeDays": 90},
        )
        stub.add_response("delete_service_specific_credential", {}, one)
        stub.add_client_error(
            "delete_service_specific_credential", "NoSuchEntity", http_status_code=404, expected_params=one
        )
        credentials = UserCredentials(iam, USER)
        assert credentials.all() == [Credential(ID, MADE_AT, "bedrock-dev-at-123456789012", is_expired=True)]
        assert credentials.create(age_days=90) == StoredKey("ABSK-key", ID)
        credentials.delete(ID)
        credentials.delete(ID)
        stub.assert_no_pending_responses()


@pytest.fixture
def credentials_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("credentials_of_aws")
def test_versions_on_moto() -> None:
    """A version is stored as pending, becomes current, and the one before is kept. A given-up version is not pending."""
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        arn = client.create_secret(Name="key", SecretString="ABSK-key-1")["ARN"]
        secret, token, other = SecretVersions(client, arn), "a" * 32, "b" * 32
        with pytest.raises(RotationError):
            secret.is_current(token)
        assert secret.pending(token) is None
        secret.store_pending(token, StoredKey("ABSK-key-2", ID).to_text(USER))
        pending = secret.pending(token)
        assert pending is not None
        assert pending.key == StoredKey("ABSK-key-2", ID)
        assert not secret.is_current(token)
        assert secret.current().key == StoredKey("ABSK-key-1")
        assert (datetime.now(UTC) - secret.current().stored_at).total_seconds() < 3600
        secret.make_current(token)
        secret.make_current(token)
        assert secret.is_current(token)
        assert secret.current().key == StoredKey("ABSK-key-2", ID)
        previous = client.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")
        assert previous["SecretString"] == "ABSK-key-1"
        secret.store_pending(other, "ABSK-key-3")
        secret.give_up(other)
        with pytest.raises(RotationError):
            secret.is_current(other)
