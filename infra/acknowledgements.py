"""Accepted cdk-nag findings. Each is accepted on one construct, with a reason."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one finding of `rule` on `construct`."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def objects(construct: IConstruct, bucket: s3.Bucket, pattern: str, reason: str) -> None:
    """Accepts the finding that a role may use all objects of `bucket` whose keys match `pattern`, such as `files/*`."""
    id_ = cdk.Stack.of(bucket).get_logical_id(cast(cdk.CfnElement, bucket.node.default_child))
    acknowledge(construct, f"AwsSolutions-IAM5[Resource::<{id_}.Arn>/{pattern}]", reason)


def versions(construct: IConstruct, function: lambda_.Function, reason: str) -> None:
    """Accepts the finding that a role may invoke all versions of `function`."""
    id_ = cdk.Stack.of(function).get_logical_id(cast(cdk.CfnElement, function.node.default_child))
    acknowledge(construct, f"AwsSolutions-IAM5[Resource::<{id_}.Arn>:*]", reason)


def runtime_version(function: IConstruct) -> None:
    """Accepts the finding that `function` does not use Lambda's newest Python."""
    acknowledge(
        function,
        "AwsSolutions-L1",
        "The packages are locked and tested for python3.13, which is supported until 2029.",
    )
