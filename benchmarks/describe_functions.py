"""Prints how a commit builds, starts and sets its own functions, as JSON.

    python -P benchmarks/describe_functions.py FOLDER UPSTREAM WIDTH

Runs by its path, with the commit's root as PYTHONPATH, so that `benchmarks` and `infra` are that commit's. It
relies on these of every commit: `benchmarks.contenders` (`quick`, `authorizers`, `worker`, and the names of
our functions), the fields of `benchmarks.functions.Function`, and `infra.function_packages.STREAMING_START`.
Exits with PREDATES where a commit lacks one of them, and prints what it lacks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PREDATES = 3
CHAT, AUTHORIZER, WORKER = "chat function", "authorizer", "worker"


def main(folder: str, upstream: str, width: str) -> int:
    """The exit status."""
    try:
        described = _described(Path(folder), upstream, int(width))
    except (ImportError, AttributeError, LookupError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
        return PREDATES
    print(json.dumps(described))
    return 0


def _described(folder: Path, upstream: str, width: int) -> dict[str, dict[str, Any]]:
    """By its role, the fields of each of our functions."""
    from benchmarks import contenders
    from infra.function_packages import STREAMING_START

    by_name = {
        function.name: function
        for function in (
            *contenders.quick(folder, upstream),
            *contenders.authorizers(folder, upstream),
            contenders.worker(folder, upstream, width=width),
        )
    }
    names = {CHAT: contenders.OURS, AUTHORIZER: contenders.AUTHORIZER, WORKER: contenders.WORKER}
    return {
        role: {**_fields(by_name[name]), "streaming_start": STREAMING_START} for role, name in names.items()
    }


def _fields(function: Any) -> dict[str, Any]:
    package = function.package
    return {
        "package": {
            "folder": str(package.folder),
            "sources_only": str(package.sources_only),
            "zipped_bytes": package.zipped_bytes,
            "zipped_sources_bytes": package.zipped_sources_bytes,
        },
        "handler": function.handler,
        "env": dict(function.env),
        "streams": function.streams,
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
