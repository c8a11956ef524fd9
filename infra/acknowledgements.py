"""Accepted cdk-nag findings. Each is accepted on one construct, with a reason."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one finding of `rule` on `construct`."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def runtime_version(function: IConstruct) -> None:
    """Accepts the finding that `function` does not use Lambda's newest Python."""
    acknowledge(
        function,
        "AwsSolutions-L1",
        "The packages are locked and tested for python3.13, which is supported until 2029.",
    )
