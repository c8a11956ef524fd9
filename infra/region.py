"""The region that someone chose: the CDK takes us-east-1 in silence where nobody did."""

from __future__ import annotations

import os
from collections.abc import Mapping

import botocore.session
from botocore.exceptions import BotoCoreError

from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

# What the CDK falls back to: https://docs.aws.amazon.com/cdk/v2/guide/environments.html
_FALLBACK = "us-east-1"


def check(environment: Environment, env: Mapping[str, str] = os.environ) -> None:
    """Raises InvalidEnvironmentError where the stack would go to a region that nobody chose.

    A region may be the environment's, a variable's, or the AWS profile's. Whatever the CDK was given by `--profile` shows in
    CDK_DEFAULT_REGION, unless it is us-east-1.
    """
    chosen = environment.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _of_profile()
    if chosen is None and env.get("CDK_DEFAULT_REGION") == _FALLBACK:
        raise InvalidEnvironmentError(
            "No AWS region is configured: set AWS_REGION, the profile's region, or `region` of the environment."
        )


def _of_profile() -> str | None:
    try:
        region: str | None = botocore.session.get_session().get_config_variable("region")
    except BotoCoreError as error:  # there is no such profile, or its file cannot be read
        raise InvalidEnvironmentError(f"No AWS region can be read: {error}") from None
    return region
