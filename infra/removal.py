"""What becomes of data when a stack is deleted."""

from __future__ import annotations

import aws_cdk as cdk

from infra.environments import Data, Environment


def removal_policy(environment: Environment) -> cdk.RemovalPolicy:
    """DESTROY where the environment's data may be lost, else RETAIN."""
    return cdk.RemovalPolicy.DESTROY if environment.data is Data.DESTROYED else cdk.RemovalPolicy.RETAIN
