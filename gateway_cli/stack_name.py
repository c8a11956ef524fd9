"""The name of an environment's stack. The settings file may set the prefix of the name."""

from __future__ import annotations

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "environments"
_DEFAULT_PREFIX = "bedrock-chat-gateway"


class UnreadableSettingsError(Exception):
    """The environment's settings file cannot be read. The message says why."""


def of(env: str, folder: Path = FOLDER) -> str:
    """The name of the environment's CloudFormation stack. Raises UnreadableSettingsError."""
    file = folder / f"{env}.toml"
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        settings = {}  # a user without the checkout has the default prefix, or uses --stack
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableSettingsError(f"{folder.name}/{file.name} cannot be read: {error}.") from None
    return f"{settings.get('name_prefix', _DEFAULT_PREFIX)}-{env}"
