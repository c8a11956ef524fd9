"""The two sides of a comparison: the functions of an earlier commit and those of this folder."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import commands, describe_functions
from benchmarks.describe_functions import PREDATES
from benchmarks.failures import CannotCompareError
from benchmarks.functions import Function
from benchmarks.packages import Package
from benchmarks.stage import Stage
from benchmarks.steps import WIDTH

# Names of the same length, because they are in paths and variables, whose length moves a process's memory.
BEFORE, NOW = "earlier", "present"


def read(side: str, root: Path, stage: Stage, *, title: str) -> dict[str, Function]:
    """The functions of the commit whose files are at `root`, by role.

    A function's name is `{role} {side}`. `title` names the commit in errors. Raises CannotCompareError.
    """
    described = _described(root, stage.folder / side, stage.upstream, title)
    return {role: _function(f"{role} {side}", fields) for role, fields in described.items()}


def completed(side: Mapping[str, Function], other: Mapping[str, Function]) -> dict[str, Function]:
    """The functions of `side`, with variables added that only the functions of the `other` side set."""
    return {
        role: replace(function, env={**other[role].env, **function.env}) for role, function in side.items()
    }


def _described(root: Path, folder: Path, upstream: str, title: str) -> dict[str, Any]:
    script = Path(describe_functions.__file__)
    command: list[str | Path] = [sys.executable, "-P", script, folder, upstream, str(WIDTH)]
    done = commands.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    if done.returncode == PREDATES:
        raise CannotCompareError(f"{title}: this commit is too old for a comparison ({done.stdout.strip()})")
    if done.returncode:
        raise CannotCompareError(f"{title}: the functions of this commit could not be built")
    described: dict[str, Any] = json.loads(done.stdout)
    return described


def _function(name: str, fields: Mapping[str, Any]) -> Function:
    package = fields["package"]
    folders = {key: Path(package[key]) for key in ("folder", "sources_only")}
    return Function(**{**fields, "name": name, "package": Package(**{**package, **folders})})
