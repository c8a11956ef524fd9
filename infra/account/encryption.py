"""The customer's KMS key on everything that stores data, and each role's permissions to use the key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.functions.gateway_function import GatewayFunction
from infra.settings.arns import region_of
from infra.settings.environment import Environment

# How long SQS uses one data key. Each new one is a paid call of KMS:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
_REUSE_S = 3600
_DECRYPT, _ENCRYPT, _DATA_KEY = "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"
# DynamoDB decrypts a table's key for each caller. AWS does not say whether writing needs more, so writers may also encrypt:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
_WRITES_ITEMS = (_DECRYPT, _ENCRYPT, _DATA_KEY)
# What a caller of these actions may need to do with the key. Other actions read and write no encrypted data.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html (an upload in parts is also decrypted)
NEEDS: dict[str, tuple[str, ...]] = {
    "dynamodb:BatchGetItem": (_DECRYPT,),
    "dynamodb:GetItem": (_DECRYPT,),
    "dynamodb:Query": (_DECRYPT,),
    "dynamodb:DeleteItem": _WRITES_ITEMS,
    "dynamodb:PutItem": _WRITES_ITEMS,
    "dynamodb:UpdateItem": _WRITES_ITEMS,
    "s3:GetObject": (_DECRYPT,),
    "s3:PutObject": (_DECRYPT, _DATA_KEY),
    "secretsmanager:GetSecretValue": (_DECRYPT,),
    "secretsmanager:PutSecretValue": (_DECRYPT, _DATA_KEY),
    "sqs:ReceiveMessage": (_DECRYPT,),
    "sqs:SendMessage": (_DECRYPT, _DATA_KEY),
}


def encrypt(stack: cdk.Stack, environment: Environment) -> None:
    """Sets the environment's key on all resources that take one, and lets the functions use it. Nothing without a key."""
    key_arn = environment.account.kms_key_arn
    if key_arn is None:
        return
    found = stack.node.find_all()
    policies = [_policy(one, key_arn) for one in found if isinstance(one, GatewayFunction)]
    for resource in found:
        if isinstance(resource, cdk.CfnResource) and resource.cfn_resource_type in _PROPERTIES:
            _set(resource, key_arn)
            # If an existing resource gets the key before the roles may use it, requests fail.
            if resource.cfn_resource_type in _READ_BY_FUNCTIONS:
                resource.node.add_dependency(*[policy for policy in policies if policy is not None])


def _set(resource: cdk.CfnResource, arn: str) -> None:
    for name, value in _PROPERTIES[resource.cfn_resource_type](arn).items():
        if value is None:
            resource.add_property_deletion_override(name)
        else:
            resource.add_property_override(name, value)


def _policy(function: GatewayFunction, key_arn: str) -> iam.Policy | None:
    """The permissions to use the key that follow from what else the function's role may do; None if it needs none.

    It is a policy of its own: the other one refers to the tables and queues, so CloudFormation changes it after them.
    """
    needed = _needed(_actions(function.role))
    if not needed:
        return None
    statements = [
        iam.PolicyStatement(
            actions=sorted(actions),
            resources=[key_arn],
            # The end of a service's name differs between partitions:
            # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
            conditions={"StringLike": {"kms:ViaService": f"{service}.{region_of(key_arn)}.*"}},
        )
        for service, actions in sorted(needed.items())
    ]
    return iam.Policy(function.role, "Key", statements=statements, roles=[function.role])


def _actions(role: iam.Role) -> set[str]:
    """What the role's policy allows so far."""
    policy = role.node.try_find_child("DefaultPolicy")
    if not isinstance(policy, iam.Policy):
        return set()
    statements = cdk.Stack.of(role).resolve(policy.document)["Statement"]
    lists = (one["Action"] if isinstance(one["Action"], list) else [one["Action"]] for one in statements)
    return {action for actions in lists for action in actions}


def _needed(actions: Iterable[str]) -> dict[str, set[str]]:
    """The actions of KMS by the service that calls KMS for the role."""
    needed: dict[str, set[str]] = {}
    for action in actions:
        if action in NEEDS:
            needed.setdefault(action.partition(":")[0], set()).update(NEEDS[action])
    return needed


def _of_table(arn: str) -> dict[str, Any]:
    return {"SSESpecification": {"KMSMasterKeyId": arn, "SSEEnabled": True, "SSEType": "KMS"}}


def _of_queue(arn: str) -> dict[str, Any]:
    return {
        "KmsMasterKeyId": arn,
        "KmsDataKeyReusePeriodSeconds": _REUSE_S,
        "SqsManagedSseEnabled": None,  # a queue has one kind of encryption
    }


def _of_bucket(arn: str) -> dict[str, Any]:
    """With a bucket key, S3 asks KMS for few of the objects: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    rule = {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_default}
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}


def _of_topic(arn: str) -> dict[str, Any]:
    return {"KmsMasterKeyId": arn}


def _of_secret_or_log_group(arn: str) -> dict[str, Any]:
    return {"KmsKeyId": arn}


# The properties that hold the key, by type; None for a property to remove.
_PROPERTIES = {
    "AWS::DynamoDB::Table": _of_table,
    "AWS::Logs::LogGroup": _of_secret_or_log_group,
    "AWS::S3::Bucket": _of_bucket,
    "AWS::SNS::Topic": _of_topic,
    "AWS::SQS::Queue": _of_queue,
    "AWS::SecretsManager::Secret": _of_secret_or_log_group,
}
_READ_BY_FUNCTIONS = _PROPERTIES.keys() - {"AWS::Logs::LogGroup", "AWS::SNS::Topic"}
