"""The operator's commands import nothing that exists only on Unix."""

from __future__ import annotations

import subprocess
import sys

from gateway_cli import jobs
from tests.unit.gateway_cli import subprocesses

_IMPORT_ALL = """
import importlib, pkgutil, signal, sys

for name in ("fcntl", "termios", "resource", "pwd"):
    sys.modules[name] = None  # importing it fails
del signal.SIGHUP
import gateway_cli

for module in pkgutil.walk_packages(gateway_cli.__path__, "gateway_cli."):
    importlib.import_module(module.name)
    print(module.name)
"""


def test_commands_import_without_unix() -> None:
    """Each module of the commands can be imported without fcntl, termios, resource, pwd and SIGHUP."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL],
        env=subprocesses.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {jobs.__name__, "gateway_cli.command", "gateway_cli.termination"} <= set(done.stdout.split())
