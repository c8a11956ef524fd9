"""The region of the stack. If none is configured, the CDK uses us-east-1 and does not say so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import botocore.session
from botocore.exceptions import BotoCoreError

from infra.settings import files
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

# The CDK's default: https://docs.aws.amazon.com/cdk/v2/guide/environments.html
_FALLBACK = "us-east-1"
_OF_CDK = "CDK_DEFAULT_REGION"


def check(environment: Environment, env: Mapping[str, str] = os.environ) -> None:
    """Raises InvalidEnvironmentError if neither the environment, a variable nor the AWS profile sets the region.

    The region of a profile that the CDK got by `--profile` is in CDK_DEFAULT_REGION. A value of us-east-1 there may also be
    the CDK's default.
    """
    chosen = environment.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _of_profile()
    if chosen is None and env.get(_OF_CDK) == _FALLBACK:
        raise InvalidEnvironmentError(
            "No AWS region is configured: set AWS_REGION, the profile's region, or `region` in the environment's file."
        )


def known(
    environment: Environment, env: Mapping[str, str] = os.environ, *, folder: Path = files.FOLDER
) -> Environment:
    """`environment` with the region that the CDK deploys it to. The region is None if the CDK does not say it.

    Raises InvalidEnvironmentError for settings that this region cannot have, or if they need it and it is None.
    """
    region = environment.region or env.get(_OF_CDK)
    if region is None and environment.other_regions:
        raise InvalidEnvironmentError(
            "The stack's region is not known, but targets of [[models]] name regions: set `region` in the environment's "
            "file, or run `cdk`."
        )
    return files.in_region(environment, region, folder=folder)


def _of_profile() -> str | None:
    try:
        region: str | None = botocore.session.get_session().get_config_variable("region")
    except BotoCoreError as error:  # the profile does not exist, or its file cannot be read
        raise InvalidEnvironmentError(f"No AWS region can be read: {error}") from None
    return region
