"""The CDK's own functions, which serve custom resources: the log retention and the concurrency of the stack's functions."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_logs as logs

from infra.removal import removal_policy
from infra.settings.environment import Environment


def configure(stack: cdk.Stack, environment: Environment) -> None:
    """Gives each such function a log group with the environment's retention. Lambda would make one that keeps logs for ever."""
    for provider in stack.node.children:
        if not isinstance(provider, cdk.CustomResourceProviderBase):
            continue
        handler = cast(cdk.CfnResource, provider.node.find_child("Handler"))
        log_group = logs.LogGroup(
            provider,
            "Logs",
            retention=environment.logs.retention,
            removal_policy=removal_policy(environment),
        )
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
        handler.add_property_override("LoggingConfig", {"LogGroup": log_group.log_group_name})
        reserved = environment.account.reserved_concurrency.cdk_provider
        if reserved is not None:
            handler.add_property_override("ReservedConcurrentExecutions", reserved)
