"""`.local/kept.json`: the ports and the client key that stay the same in each run, so that client programs still work."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.machine import private_file
from local.machine.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The ports and the client key of the last run; None before the first run."""

    ports: Ports | None = None
    client_key: str | None = None


def read(path: Path) -> Kept:
    """The last run's ports and key. Both are None if the file is missing or cannot be used."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        ports = Ports(aws=_number(document["ports"]["aws"]), upstream=_number(document["ports"]["upstream"]))
        return Kept(ports=ports, client_key=_text(document["client_key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Kept()


def write(path: Path, kept: Kept) -> None:
    """Writes the file for the next run. Only its owner can read it."""
    private_file.write(path, json.dumps(asdict(kept), indent=2) + "\n")


def _number(value: Any) -> int:
    if type(value) is not int or not 0 < value < 65536:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    return value
