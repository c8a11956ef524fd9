"""Checks that a region is configured. Without one, the CDK uses us-east-1 and does not say so."""

from __future__ import annotations

import os
from collections.abc import Mapping

import botocore.session
from botocore.exceptions import BotoCoreError

from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

# The CDK's default: https://docs.aws.amazon.com/cdk/v2/guide/environments.html
_FALLBACK = "us-east-1"


def check(environment: Environment, env: Mapping[str, str] = os.environ) -> None:
    """Raises InvalidEnvironmentError if neither the environment, a variable nor the AWS profile sets the region.

    The region of a profile that the CDK got by `--profile` is in CDK_DEFAULT_REGION. A value of us-east-1 there may also be
    the CDK's default.
    """
    chosen = environment.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _of_profile()
    if chosen is None and env.get("CDK_DEFAULT_REGION") == _FALLBACK:
        raise InvalidEnvironmentError(
            "No AWS region is configured: set AWS_REGION, the profile's region, or `region` in the environment's file."
        )


def _of_profile() -> str | None:
    try:
        region: str | None = botocore.session.get_session().get_config_variable("region")
    except BotoCoreError as error:  # the profile does not exist, or its file cannot be read
        raise InvalidEnvironmentError(f"No AWS region can be read: {error}") from None
    return region
