"""The environment of a deployment: its settings file, and the command line's settings for this deployment only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra import emulator
from infra.platform import Platform
from infra.settings import files
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

# These settings of the file also apply to a guardrail from the command line.
_KEPT = ("trace", "override", "tagging")
# The table and the setting that an option of the command line turns on or off.
_SWITCHES = {"prove_on_deploy": ("proof", "on_deploy"), "gradual": ("deployment", "gradual")}


def named(
    name: str | None,
    *,
    guardrail: str | None = None,
    upstream_url: str | None = None,
    aws_endpoint_url: str | None = None,
    prove_on_deploy: str | None = None,
    gradual: str | None = None,
    folder: Path = files.FOLDER,
) -> Environment:
    """The environment `name`, with the command line's settings in place of its own. Raises InvalidEnvironmentError."""
    known = files.names(folder)
    if name not in known:
        asked = "No environment is given" if name is None else f"There is no environment {name!r}"
        raise InvalidEnvironmentError(
            f"{asked}: choose one of {', '.join(known)} with `-c env=NAME`, or write {folder.name}/NAME.toml."
        )
    document = files.read(name, folder)
    if name == emulator.NAME:
        emulator.check(document)
    document = _overridden(document, guardrail)
    document = _switched(document, prove_on_deploy=prove_on_deploy, gradual=gradual)
    platform = Platform()
    if name == emulator.NAME:
        platform = emulator.platform(aws_endpoint_url)
        document = emulator.completed(document, upstream_url=upstream_url)
    elif upstream_url is not None or aws_endpoint_url is not None:
        raise InvalidEnvironmentError(
            "`-c upstream_url` and `-c aws_endpoint_url` are allowed for the environment 'local' only."
        )
    environment = files.checked(name, document, platform=platform, folder=folder)
    if name == emulator.NAME and environment.proof.on_deploy and aws_endpoint_url is None:
        raise InvalidEnvironmentError("prove_on_deploy needs aws_endpoint_url on the emulator.")
    return environment


def _overridden(document: dict[str, Any], guardrail: str | None) -> dict[str, Any]:
    if guardrail is None:
        return document
    own = document.get("guardrail", {})
    kept = {key: own[key] for key in _KEPT if key in own} if isinstance(own, dict) else {}
    return {**document, "guardrail": {**kept, **_parsed_guardrail(guardrail)}}


def _switched(document: dict[str, Any], **options: str | None) -> dict[str, Any]:
    for option, value in options.items():
        if value is None:
            continue
        if value not in ("true", "false"):
            raise InvalidEnvironmentError(f"{option} is {value!r}; write true or false.")
        table, setting = _SWITCHES[option]
        document = files.with_values(document, table, **{setting: value == "true"})
    return document


def _parsed_guardrail(text: str) -> dict[str, str]:
    """The guardrail that `text` names as `IDENTIFIER:VERSION`. IDENTIFIER may be an ARN."""
    identifier, _, version = text.rpartition(":")
    if not identifier or not version:
        raise InvalidEnvironmentError(f"guardrail is {text!r}; write it as IDENTIFIER:VERSION.")
    return {"kind": "existing", "identifier": identifier, "version": version}
