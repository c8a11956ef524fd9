"""Puts one environment's stack into a CDK app and checks it with cdk-nag."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra import emulator, environments, region
from infra.gateway_stack import GatewayStack
from infra.settings import files
from infra.settings.environment import Environment


def build_app(context: dict[str, Any] | None = None, *, folder: Path = files.FOLDER) -> cdk.App:
    """The CDK app for the environment that the context value `env` names.

    `context` is added to the context of cdk.json and the command line. `folder` has the settings files. Raises
    InvalidEnvironmentError.
    """
    app = cdk.App(context=context)
    environment = environments.named(
        app.node.try_get_context("env"),
        guardrail=app.node.try_get_context("guardrail"),
        upstream_url=app.node.try_get_context("upstream_url"),
        aws_endpoint_url=app.node.try_get_context("aws_endpoint_url"),
        prove_on_deploy=app.node.try_get_context("prove_on_deploy"),
        gradual=app.node.try_get_context("gradual"),
        folder=folder,
    )
    region.check(environment)
    environment = region.known(environment, folder=folder)
    stack = GatewayStack(
        app,
        environment.stack_name,
        environment=environment,
        env=cdk.Environment(
            account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
            region=environment.region,
        ),
        synthesizer=_synthesizer(environment),
        # The CDK sets the tags of resources, and CloudFormation those of the stack.
        tags=environment.account.tags or None,
    )
    _say_what_is_not_in_the_file(app, stack, environment)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return app


def _synthesizer(environment: Environment) -> cdk.DefaultStackSynthesizer | None:
    """How the CDK finds its bootstrap stack; None for the CDK's own way."""
    qualifier = environment.account.bootstrap_qualifier
    return None if qualifier is None else cdk.DefaultStackSynthesizer(qualifier=qualifier)


def _say_what_is_not_in_the_file(app: cdk.App, stack: GatewayStack, environment: Environment) -> None:
    """Tells the user that the next deployment uses the settings file again. The emulator's guardrail is in no file."""
    if environment.name == emulator.NAME:
        return
    for name in ("guardrail", "prove_on_deploy", "gradual"):
        value = app.node.try_get_context(name)
        if value is not None:
            cdk.Annotations.of(stack).add_info_v2(
                f"bedrock-chat-gateway:{name}-for-this-deployment-only",
                f"{name} {value} applies to this deployment only. The next deployment uses the value in "
                f"environments/{environment.name}.toml again.",
            )
