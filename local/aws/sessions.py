"""boto3 sessions that reach only the emulator, even if the developer has AWS settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local.aws.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

_NO_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# Explicit values, so that variables such as HTTP_PROXY and AWS_USE_FIPS_ENDPOINT have no effect.
_CONFIG = Config(
    proxies={},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 2, "mode": "standard"},
)


def session(endpoint_url: str, *, region: str = REGION) -> boto3.Session:
    """A session whose clients call `endpoint_url` with made-up credentials, which the emulator takes for the root user's."""
    return boto3.Session(
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        region_name=region,
        botocore_session=_OneEndpointSession(endpoint_url),
    )


def session_of_role(endpoint_url: str, credentials: Mapping[str, Any]) -> boto3.Session:
    """A session whose clients call `endpoint_url` with the `Credentials` that AssumeRole gave."""
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=REGION,
        botocore_session=_OneEndpointSession(endpoint_url),
    )


class _OneEndpointSession(botocore.session.Session):
    """A session whose clients all have the same endpoint."""

    def __init__(self, endpoint_url: str) -> None:
        super().__init__(session_vars=_NO_SETTINGS)
        self._endpoint_url = endpoint_url
        self.set_default_client_config(_CONFIG)

    def create_client(self, *args: Any, **options: Any) -> Any:
        """The same as botocore's method, but with our endpoint."""
        return super().create_client(*args, **{**options, "endpoint_url": self._endpoint_url})
