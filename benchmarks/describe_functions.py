"""Prints the packages, handlers and variables of a commit's functions as JSON.

    python -P benchmarks/describe_functions.py FOLDER UPSTREAM WIDTH

It is run by its path, with the commit's root as PYTHONPATH, so that it imports that commit's `benchmarks` and `infra`.
Each commit must have `benchmarks.contenders` (`quick`, `authorizers`, `worker`, and the names of our functions) and the
fields of `benchmarks.functions.Function`. If one of them is missing, the script prints its name and exits with PREDATES.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PREDATES = 3
CHAT, AUTHORIZER, WORKER = "chat function", "authorizer", "worker"


def main(folder: str, upstream: str, width: str) -> int:
    """Prints the description. Returns the exit status. Raises the exceptions of building the functions."""
    try:
        from benchmarks import contenders

        names = {CHAT: contenders.OURS, AUTHORIZER: contenders.AUTHORIZER, WORKER: contenders.WORKER}
        makers = contenders.quick, contenders.authorizers, contenders.worker
    except (ImportError, AttributeError) as error:
        return _predates(error)
    by_name = _built(makers, Path(folder), upstream, int(width))
    try:
        described = {role: _fields(by_name[name]) for role, name in names.items()}
    except (AttributeError, LookupError) as error:
        return _predates(error)
    print(json.dumps(described))
    return 0


def _predates(error: Exception) -> int:
    print(f"{type(error).__name__}: {error}")
    return PREDATES


def _built(makers: tuple[Any, Any, Any], folder: Path, upstream: str, width: int) -> dict[str, Any]:
    """A commit's functions by name."""
    quick, authorizers, worker = makers
    functions = (
        *quick(folder, upstream),
        *authorizers(folder, upstream),
        worker(folder, upstream, width=width),
    )
    return {function.name: function for function in functions}


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
        "streaming_start": function.streaming_start,
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
