"""`python -m tests.sdk_clients` runs real client libraries against the gateway, and exits with 0 if all work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from local.aws import environment
from local.demonstration.screen import Screen
from local.machine import failures, interruption
from local.machine.failures import LocalError
from local.machine.paths import ROOT, StateFolder
from local.stack.local_stack import LocalStack
from local.stack.start import deployed
from tests.sdk_clients import upstream

_FOLDER = Path(__file__).parent
_STATE = StateFolder(ROOT / ".local" / "sdk-check")
_INTERRUPTED = 130
# The libraries send no telemetry and download no price list.
_SILENT = {
    "HAYSTACK_TELEMETRY_ENABLED": "false",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "true",
    "OPENAI_AGENTS_DISABLE_TRACING": "true",
}


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests that run in one environment; `title` is for the developer."""

    title: str
    command: Sequence[str]
    cwd: Path = ROOT


def _python(title: str, env: str, *libraries: str) -> Suite:
    files = [str(_FOLDER / "python" / f"{library}.py") for library in libraries]
    options = ["-q", "-c", str(_FOLDER / "pytest.ini"), f"--rootdir={ROOT}"]
    return Suite(title, [str(ROOT / env / "bin" / "python"), "-m", "pytest", *options, *files])


SUITES = (
    _python(
        "Newest Python clients",
        ".venv-sdk-new",
        "openai_client",
        "converse_client",
        "langchain_client",
        "langchain_standard",
        "pydantic_ai_client",
        "agents_client",
        "litellm_client",
        "haystack_client",
    ),
    _python(
        "Older Python clients",
        ".venv-sdk-old",
        "openai_client",
        "converse_client",
        "langchain_client",
        "instructor_client",
    ),
    Suite("Node clients", ["node", "--test", "--test-reporter=spec"], _FOLDER / "node"),
)


def main() -> int:
    """Returns the exit status."""
    screen = Screen(Console(highlight=False))
    try:
        with interruption.as_keyboard_interrupt():
            return _run(screen)
    except LocalError as error:
        print("\n".join(failures.report(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(screen: Screen) -> int:
    with (
        upstream.scripted() as url,
        deployed(url, state=_STATE, step=screen.step) as stack,
    ):
        failed = [suite.title for suite in SUITES if not _passes(suite, _environment(stack), screen)]
    screen.say([f"These do not work: {', '.join(failed)}." if failed else "All clients work."])
    return 1 if failed else 0


def _passes(suite: Suite, env: Mapping[str, str], screen: Screen) -> bool:
    screen.say(["", suite.title])
    return subprocess.run(suite.command, cwd=suite.cwd, env=env, check=False).returncode == 0


def _environment(stack: LocalStack) -> dict[str, str]:
    """The environment of the clients' tests: the emulator as AWS, and no key but the gateway's."""
    kept = environment.for_tools(stack.aws_endpoint_url, os.environ)
    kept = {name: value for name, value in kept.items() if not name.startswith("OPENAI_")}
    gateway = {"GATEWAY_BASE_URL": stack.base_url, "GATEWAY_API_KEY": stack.api_key}
    standin = {"STANDIN_URL": f"{stack.standin_url}/_standin"}
    return {**kept, **_SILENT, **gateway, **standin, "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    sys.exit(main())
