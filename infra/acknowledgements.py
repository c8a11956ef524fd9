"""Accepted cdk-nag findings. Each is accepted on one construct, with a reason."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

_UNTRACED = "X-Ray bills each trace, and a request's log line has its times. The setting monitoring.tracing turns traces on."


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


def function(function: IConstruct, *, traced: bool) -> None:
    """Accepts what is found on each function: its version of Python, no asynchronous failures, and no traces if they are off."""
    for rule in ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"):
        acknowledge(
            function,
            rule,
            "The packages are locked and tested for python3.13, which is supported until 2029.",
        )
    acknowledge(
        function,
        "Serverless-LambdaDLQ",
        "Whoever invokes the function waits for its answer, repeats the call, or fails a deployment without an answer.",
    )
    if not traced:
        untraced(function, "Serverless-LambdaTracing")


def untraced(construct: IConstruct, rule: str) -> None:
    """Accepts the finding that `construct` sends no traces."""
    acknowledge(construct, rule, _UNTRACED)


def queue_source(function: IConstruct) -> None:
    """Accepts the finding that an SQS queue that invokes `function` has no destination for failures."""
    acknowledge(
        function,
        "Serverless-LambdaEventSourceMappingDestination",
        "Lambda has no such destination for SQS. The queue has dead letters.",
    )


def end_of_the_line(queue: IConstruct, reason: str) -> None:
    """Accepts the findings that messages of `queue` cannot become dead letters."""
    for rule in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"):
        acknowledge(queue, rule, reason)
