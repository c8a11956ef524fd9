"""A function with SnapStart hooks that report when they ran."""

from __future__ import annotations

import os
from typing import Any

from snapshot_restore_py import register_after_restore, register_before_snapshot  # type: ignore[import-untyped]


def _say(what: str) -> None:
    print(what)
    if os.environ.get("FAIL_IN") == what:
        raise SystemExit("from a hook")


register_before_snapshot(_say, "before 1")
register_before_snapshot(_say, "before 2")
register_after_restore(_say, "after 1")
register_after_restore(_say, "after 2")


def handler(event: Any, context: Any) -> Any:
    return event
