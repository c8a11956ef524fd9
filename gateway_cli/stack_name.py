"""The name of an environment's stack: its settings file may give a prefix of one's own."""

from __future__ import annotations

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "environments"
_DEFAULT_PREFIX = "bedrock-chat-gateway"


class UnreadableSettingsError(Exception):
    """The environment's settings file cannot be read; the message says why."""


def of(env: str, folder: Path = FOLDER) -> str:
    """The CloudFormation stack of the environment `env`. Raises UnreadableSettingsError."""
    file = folder / f"{env}.toml"
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        settings = {}  # whoever has the command alone: the default, or --stack
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableSettingsError(f"{folder.name}/{file.name} cannot be read: {error}.") from None
    return f"{settings.get('name_prefix', _DEFAULT_PREFIX)}-{env}"
