"""The name of an environment's stack. The settings file may set the prefix of the name."""

from __future__ import annotations

from pathlib import Path

from gateway_cli import settings_file
from gateway_cli.settings_file import FOLDER

_DEFAULT_PREFIX = "bedrock-chat-gateway"


def of(env: str, folder: Path = FOLDER) -> str:
    """The name of the environment's CloudFormation stack. Raises UnreadableSettingsError.

    A user without the checkout has the default prefix, or uses `--stack`.
    """
    return f"{settings_file.read(env, folder).get('name_prefix', _DEFAULT_PREFIX)}-{env}"
