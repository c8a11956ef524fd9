"""The content of an environment's settings file, for the few settings that commands need before there is a stack."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "environments"


class UnreadableSettingsError(Exception):
    """The environment's settings file cannot be read. The message says why."""


def read(env: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The settings in the file; empty for a user without the checkout. Raises UnreadableSettingsError."""
    file = folder / f"{env}.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableSettingsError(f"{folder.name}/{file.name} cannot be read: {error}.") from None


def table(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The table of this name; empty without one. `make deploy` refuses another value."""
    value = settings.get(name)
    return value if isinstance(value, dict) else {}


def text(settings: Mapping[str, Any], name: str) -> str | None:
    """The text of this name; None without one."""
    value = settings.get(name)
    return value if isinstance(value, str) else None
