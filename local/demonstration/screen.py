"""The terminal output: a line for each step with its time, its details, and the summary."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from client_keys import key as client_key
from local.demonstration.gateway_client import MODEL
from local.machine.paths import ROOT
from local.stack.local_stack import LocalStack


class Screen:
    """Writes to a console. On a terminal, a spinner shows the current step."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Around a step. Prints a line with ✓ and the seconds when the step ends, or with ✗ if it raises."""
        started = time.monotonic()
        mark, style = "✗", "bold red"
        try:
            with self._console.status(title):
                yield
            mark, style = "✓", "bold green"
        finally:
            seconds = f"{time.monotonic() - started:.1f} s"
            self._print(Text.assemble((mark, style), f" {title} ", (seconds, "dim")))

    def details(self, lines: Iterable[str]) -> None:
        """Prints a step's details below its line."""
        for line in lines:
            self._print(Text(f"    {line}", style="dim"))

    def say(self, lines: Iterable[str]) -> None:
        """Prints the lines unchanged."""
        for line in lines:
            self._print(Text(line))

    def say_line(self, line: str) -> None:
        """Prints the line unchanged."""
        self.say([line])

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)  # no line breaks in text that users copy


def summary(stack: LocalStack) -> list[str]:
    """The lines that say how to use the running stack."""
    return [
        "",
        "The gateway is running.",
        "",
        f"  Base URL    {stack.base_url}",
        f"  Client key  {stack.api_key}",
        "",
        "Try it:",
        "",
        f"  {curl(stack)}",
        "",
        "With the OpenAI SDK:",
        "",
        "  from openai import OpenAI",
        f'  client = OpenAI(base_url="{stack.base_url}", api_key="{stack.api_key}")',
        "",
        "To set BASE_URL, CLIENT_KEY and the variables of the local AWS in another shell:",
        "",
        f'  eval "$({_installed("chat-gateway")} env --env {stack.stage_name})"',
        "",
        f"All URLs, keys and queues are in {stack.state.stack_file}",
        f"Log of the functions: CloudWatch Logs of the local AWS, {stack.chat_log_group}",
        f"  Show the last lines: {_installed('python')} -m local.logs",
        f"Log of the local AWS: {stack.state.log('emulator')}",
        f"Log of the Bedrock stand-in: {stack.state.log('bedrock-standin')}",
        "",
        "Ctrl-C stops everything.",
    ]


def _installed(name: str) -> str:
    """The path of a program in the same folder as the running Python, relative to the checkout if possible."""
    program = Path(sys.executable).with_name(name)
    return shlex.quote(str(program.relative_to(ROOT) if program.is_relative_to(ROOT) else program))


def curl(stack: LocalStack) -> str:
    """A curl command that asks the gateway a question, for any POSIX shell."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "What is the capital of France?"}]}
    command = ["curl", "-sS", "--noproxy", "*", f"{stack.base_url}/chat/completions"]
    key = [
        f"{name.title()}: {value}"
        for name, value in client_key.headers(stack.api_key, stack.key_header).items()
    ]
    headers = [*key, "Content-Type: application/json"]
    options = [part for header in headers for part in ("-H", header)]
    return shlex.join([*command, *options, "-d", json.dumps(body)])
