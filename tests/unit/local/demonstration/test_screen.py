"""The demonstration's output for the developer."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console

from local.demonstration.screen import Screen, curl, summary
from tests.unit.local.stacks import made_up_stack


def plain_screen() -> tuple[Screen, io.StringIO]:
    """A screen without a terminal, and its output."""
    written = io.StringIO()
    return Screen(Console(file=written, width=40)), written


def test_a_step_is_one_plain_line_with_its_seconds() -> None:
    """Without a terminal there are no colours and no spinner."""
    screen, written = plain_screen()
    with screen.step("Deploy"):
        pass
    assert written.getvalue() == "✓ Deploy 0.0 s\n"


def test_a_step_that_raises_is_marked() -> None:
    """A step that raises is marked, and the exception goes on."""
    screen, written = plain_screen()
    with pytest.raises(ZeroDivisionError), screen.step("Deploy"):
        raise ZeroDivisionError
    assert written.getvalue() == "✗ Deploy 0.0 s\n"


def test_text_is_neither_broken_nor_taken_for_markup() -> None:
    """Text for copying is printed unchanged."""
    screen, written = plain_screen()
    line = "curl -d '[red]" + "x" * 100 + "[/red]'"
    screen.say([line])
    assert written.getvalue() == line + "\n"


def test_the_curl_line_survives_a_shell(tmp_path: Path) -> None:
    """The curl line splits into the intended arguments, and its body is JSON."""
    stack = made_up_stack(tmp_path)
    words = shlex.split(curl(stack))
    assert words[0] == "curl"
    assert f"{stack.base_url}/chat/completions" in words
    assert f"Authorization: Bearer {stack.api_key}" in words
    assert json.loads(words[words.index("-d") + 1])["messages"][0]["role"] == "user"


def test_the_summary_says_how_to_call_the_gateway(tmp_path: Path) -> None:
    """The summary has the base URL, the key, a curl line, an SDK line and the files."""
    stack = made_up_stack(tmp_path)
    text = "\n".join(summary(stack))
    for part in (stack.base_url, stack.api_key, curl(stack), "from openai import OpenAI", "stack.json"):
        assert part in text


def test_the_summary_names_the_command_for_shells(tmp_path: Path) -> None:
    """The summary has a line to paste that sets the variables of another shell."""
    text = "\n".join(summary(made_up_stack(tmp_path)))
    assert re.search(r'^  eval "\$\(\S+/chat-gateway env --env local\)"$', text, re.MULTILINE)


def test_the_summary_says_where_the_functions_log(tmp_path: Path) -> None:
    """The summary has the log group, and a command that shows its last lines."""
    stack = made_up_stack(tmp_path)
    text = "\n".join(summary(stack))
    assert stack.chat_log_group in text
    assert " -m local.logs" in text
