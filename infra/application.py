"""Puts one environment's stack into a CDK app and checks it with cdk-nag."""

from __future__ import annotations

import os
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra import environments, region
from infra.gateway_stack import GatewayStack


def build_app(context: dict[str, Any] | None = None) -> cdk.App:
    """The app for the environment that the context names; `context` adds to cdk.json and the command line.

    Raises InvalidEnvironmentError.
    """
    app = cdk.App(context=context)
    environment = environments.named(
        app.node.try_get_context("env"),
        guardrail=app.node.try_get_context("guardrail"),
        upstream_url=app.node.try_get_context("upstream_url"),
        aws_endpoint_url=app.node.try_get_context("aws_endpoint_url"),
        prove_on_deploy=app.node.try_get_context("prove_on_deploy"),
    )
    region.check(environment)
    GatewayStack(
        app,
        environment.stack_name,
        environment=environment,
        env=cdk.Environment(
            account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
            region=environment.region or os.environ.get("CDK_DEFAULT_REGION"),
        ),
    )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app
