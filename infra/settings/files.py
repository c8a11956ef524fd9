"""Reads an environment's settings file: environments/NAME.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.platform import Platform
from infra.settings.environment import Environment, Settings
from infra.settings.problems import InvalidEnvironmentError, invalid

FOLDER = Path(__file__).parents[2] / "environments"
_FIRST = ("dev", "staging", "prod")


def names(folder: Path = FOLDER) -> list[str]:
    """The environments that have a file. Those that come with the product are first."""
    found = {file.stem for file in folder.glob("*.toml")}
    return [*(name for name in _FIRST if name in found), *sorted(found - {*_FIRST})]


def read(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The content of the environment's file, with `policy_file` replaced by the file's content.

    Raises InvalidEnvironmentError.
    """
    file = folder / f"{name}.toml"
    document = _toml(file, _shown(file))
    guardrail = document.get("guardrail")
    if isinstance(guardrail, dict) and isinstance(guardrail.get("policy_file"), str):
        if "policy" in guardrail:
            raise InvalidEnvironmentError(
                f"{_shown(file)}: guardrail has policy and policy_file; remove one of them."
            )
        guardrail["policy"] = _policy(folder / guardrail["policy_file"], _shown(file))
    return document


def with_values(document: Mapping[str, Any], table: str, **values: object) -> dict[str, Any]:
    """A copy of `document` with these settings in `table`.

    If `table` is not a table in `document`, the copy is unchanged, and `checked` refuses it.
    """
    own = document.get(table, {})
    return {**document, table: {**own, **values}} if isinstance(own, dict) else dict(document)


def checked(
    name: str, document: Mapping[str, Any], *, platform: Platform, folder: Path = FOLDER
) -> Environment:
    """The environment `name` with the settings in `document`. Raises InvalidEnvironmentError."""
    source = _shown(folder / f"{name}.toml")
    try:
        Settings.model_validate(dict(document))
        return Environment.model_validate({**document, "name": name, "platform": platform})
    except ValidationError as error:
        raise invalid(source, error, Settings) from None


def in_region(environment: Environment, region: str | None, *, folder: Path = FOLDER) -> Environment:
    """`environment` with the region of its stack, checked again: some rules depend on it. Raises InvalidEnvironmentError."""
    try:
        return Environment.model_validate({**dict(environment), "region": region})
    except ValidationError as error:
        raise invalid(_shown(folder / f"{environment.name}.toml"), error, Settings) from None


def _toml(file: Path, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEnvironmentError(f"{shown}: the file is not valid TOML: {error}.") from None
    except OSError as error:
        raise InvalidEnvironmentError(f"{shown}: the file cannot be read: {error.strerror}.") from None


def _policy(file: Path, source: str) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidEnvironmentError(
            f"{source}: guardrail.policy_file is not valid JSON: {error}."
        ) from None
    except OSError as error:
        reason = f"guardrail.policy_file cannot be read: {error.strerror}"
        raise InvalidEnvironmentError(f"{source}: {reason}.") from None


def _shown(file: Path) -> str:
    """The path as a user would type it."""
    return f"{file.parent.name}/{file.name}"
