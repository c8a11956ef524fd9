"""What becomes of data when a stack is deleted."""

from __future__ import annotations

import aws_cdk as cdk

from infra.settings.environment import Data, Environment


def removal_policy(environment: Environment) -> cdk.RemovalPolicy:
    """DESTROY where the environment's data may be lost, else kept, but not after a failed first deployment."""
    if environment.data == Data.DESTROYED:
        return cdk.RemovalPolicy.DESTROY
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
