"""The environment `local` with more settings: `python -m tests.e2e.own_settings FOLDER` is its CDK app."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from infra.application import build_app
from infra.settings import files


def app(folder: Path, **tables: dict[str, Any]) -> str:
    """The command of a CDK app whose `local` also has these settings. `folder` gets its settings file."""
    text = (files.FOLDER / "local.toml").read_text()
    for table, settings in tables.items():
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        assert f"[{table}]\n" in text
        text = text.replace(f"[{table}]\n", "\n".join([f"[{table}]", *lines, ""]))
    (folder / "local.toml").write_text(text)
    return shlex.join([sys.executable, "-m", "tests.e2e.own_settings", str(folder)])


if __name__ == "__main__":
    build_app(folder=Path(sys.argv[1])).synth()
