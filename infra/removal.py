"""The removal policy of resources that hold data."""

from __future__ import annotations

import aws_cdk as cdk

from infra.settings.environment import Data, Environment


def removal_policy(environment: Environment) -> cdk.RemovalPolicy:
    """DESTROY if the environment's `data` is "destroyed"; else data is kept, except after a failed first deployment."""
    if environment.data == Data.DESTROYED:
        return cdk.RemovalPolicy.DESTROY
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
