"""The customer's key: what it encrypts, and who may use it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.account import encryption
from tests.infra.account.stacks import KEY, REGION, ruled
from tests.infra.conftest import Synthesised, synthesised

_KEY_PROPERTIES = {
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
}
# What a role may do with data that is not encrypted by the key, or without reading or writing it.
_WITHOUT_DATA = {
    "s3:DeleteObject",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "secretsmanager:DescribeSecret",
    "secretsmanager:UpdateSecretVersionStage",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
}
_ENCRYPTED_SERVICES = ("dynamodb:", "s3:", "secretsmanager:", "sqs:")


def _statements(stack: Synthesised, role: str) -> list[dict[str, Any]]:
    """The statements of all policies of the role whose logical id begins with this."""
    return [
        statement
        for policy in stack.resources("AWS::IAM::Policy").values()
        if policy["Roles"][0]["Ref"].startswith(role)
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return actions if isinstance(actions, list) else [actions]


def _of_key(role: str) -> dict[str, list[str]]:
    """What the role may do with the key, by the service that calls KMS for it."""
    return {
        statement["Condition"]["StringLike"]["kms:ViaService"].partition(".")[0]: _actions(statement)
        for statement in _statements(ruled(), role)
        if statement["Resource"] == KEY
    }


@pytest.mark.parametrize(("type_", "name"), _KEY_PROPERTIES.items())
def test_the_key_is_on_everything(type_: str, name: str) -> None:
    """Every secret, queue, log group and topic has the key."""
    found = ruled().resources(type_).values()
    assert {properties.get(name) for properties in found} == {KEY}


def test_tables_have_the_key() -> None:
    """Every table has the key."""
    expected = {"KMSMasterKeyId": KEY, "SSEEnabled": True, "SSEType": "KMS"}
    tables = ruled().resources("AWS::DynamoDB::Table").values()
    assert len(tables) == 4
    assert all(table["SSESpecification"] == expected for table in tables)


def test_buckets_use_a_bucket_key() -> None:
    """Both buckets have the key, and ask KMS for few of their objects."""
    buckets = ruled().resources("AWS::S3::Bucket").values()
    assert len(buckets) == 2
    for bucket in buckets:
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_queues_use_a_data_key_for_an_hour() -> None:
    """A queue has one kind of encryption, and SQS asks KMS once an hour."""
    for queue in ruled().resources("AWS::SQS::Queue").values():
        assert queue["KmsDataKeyReusePeriodSeconds"] == 3600
        assert "SqsManagedSseEnabled" not in queue


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            "ChatFunction",
            {
                "dynamodb": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                "secretsmanager": ["kms:Decrypt"],
            },
        ),
        ("ClientsAuthorizer", {"dynamodb": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]}),
        ("BedrockKeyRotation", {"secretsmanager": ["kms:Decrypt", "kms:GenerateDataKey"]}),
        (
            "JobWorker",
            {
                "dynamodb": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                "s3": ["kms:Decrypt", "kms:GenerateDataKey"],
                "secretsmanager": ["kms:Decrypt"],
                "sqs": ["kms:Decrypt", "kms:GenerateDataKey"],
            },
        ),
        ("GradualDeploymentBeforeTraffic", {}),
    ],
)
def test_each_role_gets_what_it_needs(role: str, expected: dict[str, list[str]]) -> None:
    """A role may use the key only for the services whose data it reads or writes."""
    assert _of_key(role) == expected


def test_no_action_is_forgotten() -> None:
    """Each action of a function's role on encrypted data is known to the rule that derives the key's permissions."""
    policies = synthesised("prod", None, prove_on_deploy="true").resources("AWS::IAM::Policy").values()
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    actions = {action for one in statements for action in _actions(one)}
    of_data = {action for action in actions if action.startswith(_ENCRYPTED_SERVICES)}
    assert of_data - _WITHOUT_DATA == encryption.NEEDS.keys() - {"secretsmanager:PutSecretValue"}


def test_permissions_come_before_the_key() -> None:
    """An existing table, bucket, queue or secret gets the key only when the roles may use it."""
    resources = ruled().template["Resources"]
    policies = {
        id_
        for id_, one in resources.items()
        if one["Type"] == "AWS::IAM::Policy"
        and all(
            statement["Resource"] == KEY for statement in one["Properties"]["PolicyDocument"]["Statement"]
        )
    }
    assert len(policies) == 7
    for resource in resources.values():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket"):
            assert policies <= set(resource["DependsOn"])
    for id_ in policies:  # they wait for nothing that waits for them
        assert set(resources[id_].get("DependsOn", [])) == set()


def test_without_a_key_nothing_names_kms(stack: Synthesised) -> None:
    """By default the stack has AWS's own encryption."""
    assert "kms" not in str(stack.template).lower()


def test_the_conditions_region() -> None:
    """The permissions are for the services of the key's region, in each partition."""
    (statement,) = (one for one in _statements(ruled(), "BedrockKeyRotation") if one["Resource"] == KEY)
    assert statement["Condition"] == {"StringLike": {"kms:ViaService": f"secretsmanager.{REGION}.*"}}
