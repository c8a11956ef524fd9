"""The environment variables of the local stack's processes. They contain nothing that can reach a real AWS account."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - the emulator accepts any

# The developer's own settings of AWS and the CDK, and Python's paths, which the functions must not use.
_FOREIGN_PREFIXES = ("AWS_", "CDK_", "PYTHONPATH", "PYTHONHOME")
# The emulator gets only these: other variables could change its settings, and the functions inherit them.
_BASICS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


def for_tools(endpoint_url: str, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The developer's variables (proxies, package index and so on), but with AWS at `endpoint_url`.

    The running Python's folder is first on PATH.
    """
    kept = {name: value for name, value in env.items() if not name.startswith(_FOREIGN_PREFIXES)}
    path = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    return {**kept, **aws(endpoint_url), **_past_proxies(env), "PATH": path}


def for_emulator(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The developer's variables that a server needs."""
    return {name: env[name] for name in _BASICS if name in env}


def aws(endpoint_url: str) -> dict[str, str]:
    """Variables that point every AWS SDK to `endpoint_url`, with credentials that only the emulator accepts."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def for_shells(endpoint_url: str) -> dict[str, str]:
    """Variables that point the AWS tools of a shell to `endpoint_url`. boto3 and AWS CLI 1 read only AWS_DEFAULT_REGION."""
    names = (
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    )
    variables = aws(endpoint_url)
    return {name: variables[name] for name in names}


def _past_proxies(env: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in (env.get("no_proxy") or env.get("NO_PROXY"), "127.0.0.1,localhost") if name]
    return {"NO_PROXY": ",".join(names), "no_proxy": ",".join(names)}
