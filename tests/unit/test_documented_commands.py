"""Every `make` target and `chat-gateway` command that a page names exists, with the options that the page gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from gateway_cli.command import cli
from tests import documents

PAGES = [
    page
    for pattern in ("*.md", "docs/*.md", "docs/adr/*.md", "docs/performance/*.md", "response-streaming/*.md")
    for page in documents.names(pattern)
]
# A command ends at the end of its line, at a comment, and where a shell begins the next one.
_END = r"(?=[|;)`]|&&| #|$)"
_CHAT_GATEWAY = re.compile(rf"(?:^|[\s(`/\"])chat-gateway ((?:[^|;)`#]|#(?!\s))*?){_END}", re.MULTILINE)
_MAKE = re.compile(rf"(?:^|[`(]|&& |\w+=\S+ )make ([a-z-]+(?: [^|;)`#]*?)?){_END}", re.MULTILINE)
_TARGETS = set(re.findall(r"^([a-z-]+):", documents.text("Makefile"), re.MULTILINE))
_VARIABLES = set(re.findall(r"\$+[({]+([A-Z_]+)", documents.text("Makefile")))


def code(page: str) -> str:
    """The page's code: its blocks, and the spans in its sentences, a line each. A continued line is one line."""
    text = re.sub(r" \\\n\s*", " ", documents.text(page))
    blocks = re.findall(r"^ *```.*?\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^( *)```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    return "\n".join([*blocks, *spans])


def words_of(found: re.Pattern[str], page: str) -> Iterator[list[str]]:
    """The words of each command of the page, without quotes."""
    for match in found.finditer(code(page)):
        yield match.group(1).replace('"', " ").replace("'", " ").split()


def problem(words: list[str]) -> str | None:
    """What is wrong with the words after `chat-gateway`; None if a user could write them."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith(("-", "…", "[")):
        name = rest.pop(0).strip(",.:")
        known = [command.commands.get(one) for one in name.split("|")]
        if None in known:
            return f"there is no command {name}"
        command = known[0]  # type: ignore[assignment]
    options = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    given = {word.strip("[],.").partition("=")[0] for word in rest if word.strip("[").startswith("--")}
    wrong = given - options - {"--help", "--"}
    return f"{command.name} has no option {', '.join(sorted(wrong))}" if wrong else None


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    """Each command of chat-gateway on the page exists, with those options."""
    problems = {" ".join(words): problem(words) for words in words_of(_CHAT_GATEWAY, page)}
    assert {command: said for command, said in problems.items() if said} == {}


@pytest.mark.parametrize("page", PAGES)
def test_targets_exist(page: str) -> None:
    """Each target of make on the page exists, and the Makefile reads the variables that it is given."""
    for target, *rest in words_of(_MAKE, page):
        assert target in _TARGETS, target
        variables = {word.partition("=")[0] for word in rest if re.match(r"[A-Z_]+=", word)}
        assert variables <= _VARIABLES, (target, rest)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("clients create TEAM --env dev", None),
        ("clients", None),
        ("clients …", None),
        ("files upload|list|delete", None),
        ("--help", None),
        ("clients show TEAM --json", None),
        ("client list", "there is no command client"),
        ("clients remove TEAM", "there is no command remove"),
        ("clients show TEAM --yes", "show has no option --yes"),
        ("jobs dead-letters redrive --limit=3", "redrive has no option --limit"),
    ],
)
def test_the_check_itself(command: str, said: str | None) -> None:
    """The check accepts what exists, and finds a wrong command, subcommand and option."""
    assert problem(command.split()) == said


def test_many_commands_are_found() -> None:
    """The pages have many commands, in blocks and in sentences, so that the checks above check something."""
    found = [words for page in PAGES for words in words_of(_CHAT_GATEWAY, page)]
    targets = [words for page in PAGES for words in words_of(_MAKE, page)]
    assert len(found) > 80
    assert len(targets) > 50
    assert ["jobs", "status", "--env", "prod"] in found
    assert ["deploy", "ENV=prod", "PROVE=true"] in targets
