"""cdk-nag findings that are meant to be so, each on its own construct with its reason."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one finding of `rule` on `construct`."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def runtime_version(function: IConstruct) -> None:
    """Lambda's python3.13, where a newer one exists."""
    acknowledge(
        function,
        "AwsSolutions-L1",
        "python3.13 is what the packages are locked and tested for; it is supported until 2029.",
    )
