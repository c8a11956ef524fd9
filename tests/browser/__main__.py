"""`python -m tests.browser` calls the gateway from pages in Chromium.

It exits with 0 if all is right, and if Chromium cannot start here.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from local.aws import environment
from local.demonstration.screen import Screen
from local.machine import failures, interruption
from local.machine.failures import LocalError
from local.machine.paths import ROOT, StateFolder
from local.machine.ports import LOOPBACK
from local.stack.local_stack import LocalStack
from local.stack.start import deployed
from tests.e2e import own_settings

_FOLDER = Path(__file__).parent
_STATE = StateFolder(ROOT / ".local" / "browser-check")
_INTERRUPTED = 130
_STARTS_WITHIN_S = 120
# With two origins, the functions choose the one to name.
_OTHER_LISTED = "https://app.example"


def main() -> int:
    """Returns the exit status."""
    screen = Screen(Console(highlight=False))
    try:
        with interruption.as_keyboard_interrupt():
            problem = _problem()
            if problem is not None:
                screen.say([f"Nothing was checked: Chromium cannot start on this machine ({problem})."])
                return 0
            return _run(screen)
    except LocalError as error:
        print("\n".join(failures.report(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _problem() -> str | None:
    """Why Chromium does not start; None if it does."""
    command = ["node", str(_FOLDER / "chromium.mjs")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_STARTS_WITHIN_S)
    except subprocess.TimeoutExpired:
        return f"it did not start within {_STARTS_WITHIN_S} s"
    return None if done.returncode == 0 else (done.stdout.strip() or "node failed")


def _run(screen: Screen) -> int:
    port = _free_port()
    origins = [f"http://{LOOPBACK}:{port}", _OTHER_LISTED]
    with tempfile.TemporaryDirectory() as folder:
        app = own_settings.app(Path(folder), api={"cors_origins": origins})
        with deployed("echo", state=_STATE, step=screen.step, app=app) as stack:
            status = _checked(stack, port)
    screen.say(["Pages in a browser work." if status == 0 else "Pages in a browser do not work."])
    return status


def _checked(stack: LocalStack, port: int) -> int:
    """The exit status of the tests in the browser."""
    gateway = {"GATEWAY_BASE_URL": stack.base_url, "GATEWAY_API_KEY": stack.api_key, "PAGE_PORT": str(port)}
    env = {**environment.for_tools(stack.aws_endpoint_url, os.environ), **gateway}
    command = ["node", "--test", "--test-reporter=spec", "browser.test.mjs"]
    return 1 if subprocess.run(command, cwd=_FOLDER, env=env, check=False).returncode else 0


def _free_port() -> int:
    """The stack allows the page's origin, so the port must be known before the page is served."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        return int(listening.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
