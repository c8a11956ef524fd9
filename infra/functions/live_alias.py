"""The alias `live`, by which API Gateway and the queues invoke a function."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

NAME = "live"


class LiveAlias(lambda_.Alias):
    """Names the version of `function` that serves. A deployment publishes a version and moves the alias to it.

    Published versions are kept, so that an operator can move the alias back. But a version whose deployment failed is
    deleted: Lambda publishes no second version of the same code and settings, so the next attempt would fail.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """

    def __init__(self, function: lambda_.Function) -> None:
        version = function.current_version
        version.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        super().__init__(function, "Live", alias_name=NAME, version=version)
        self.function = function
