"""The documentation agrees with the code about errors, clients, commands and tests."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from functools import cache
from pathlib import PurePath

import pytest

from chat_gateway.completions import routes
from chat_gateway.core import errors
from chat_gateway.core.errors import GatewayError
from chat_gateway.jobs import outcomes
from openai_resources import errors as resource_errors
from openai_resources.batches import errors as batch_errors
from openai_resources.files import errors as file_errors
from openai_resources.models import errors as model_errors
from openai_resources.uploads import errors as upload_errors
from tests import documents

ERRORS = [
    error
    for module in (errors, outcomes, resource_errors, batch_errors, file_errors, model_errors, upload_errors)
    for _, error in inspect.getmembers(module, inspect.isclass)
    if issubclass(error, GatewayError)
    and error.__module__ == module.__name__
    and isinstance(vars(error).get("code"), str)
]
# Codes that have no status, and the tables that have them: of a job that was given up, and of a line of an error file.
ELSEWHERE = [
    ({"job_not_begun", "workers_died"}, "docs/jobs.md", "| `last_error_code` | |"),
    (
        {"input_file_missing"},
        "docs/batches.md",
        "| what happened to the line | file | `response` | `error` |",
    ),
]
PAGES = [
    page
    for pattern in ("*.md", "docs/**/*.md", "response-streaming/*.md")
    for page in documents.names(pattern)
]
CLIENTS = [
    ("AI SDK", '.chat("MODEL")'),
    ("pydantic-ai", "openai-chat:"),
    ("OpenAI Agents SDK", 'set_default_openai_api("chat_completions")'),
    ("LangChain", "use_responses_api=False"),
    ("LiteLLM", "openai/MODEL"),
    ("Haystack", "api_base_url="),
    ("Instructor", "instructor.from_openai("),
    ("Codex", "Responses API only"),
    ("n8n", "*Use Responses API* off"),
    ("Semantic Kernel", "async_client="),
    ("Cline", "OpenAI Compatible"),
    ("Open WebUI", "Model IDs"),
]
MOST_OF_A_NAME = 70  # a name is a handle; the docstring makes the claim


@cache
def functions_by_file() -> dict[str, set[str]]:
    """The names of the test functions in each Python file below tests/, without importing any."""
    return {
        file: {
            node.name
            for node in ast.walk(ast.parse(documents.text(file)))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        }
        for file in documents.names("tests/**/*.py")
        if "node_modules" not in file
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_errors_are_documented(error: type[GatewayError]) -> None:
    """Each code has a row, with its status in docs/errors.md. Others are where only dead letters or lines have them."""
    for only, page, head in ELSEWHERE:
        if error.code in only:
            assert any(f"`{error.code}`" in row for row in documents.table(page, head))
            return
    rows = [status for status, codes, _ in documents.errors() if f"`{error.code}`" in codes]
    assert any(str(int(error.status)) in status for status in rows)


def test_routes_are_documented() -> None:
    """docs/models.md has the table of the models that go to Converse, and every geography that is taken off."""
    rows = documents.table("docs/models.md", "| models | ids on Converse begin with |")
    told = [prefix for _, ids in rows for prefix in re.findall(r"`(.+?)`", ids)]
    assert sorted(told) == sorted(routes.CONVERSE_FAMILIES)
    (geographies,) = re.findall(r"profile \(((?:`[a-z-]+\.`(?:, )?)+)\)", documents.text("docs/models.md"))
    assert re.findall(r"`(.+?)`", geographies) == list(routes.GEOGRAPHIES)


@pytest.mark.parametrize(("client", "setting"), CLIENTS)
def test_clients_have_a_line(client: str, setting: str) -> None:
    """docs/using-other-clients.md says for each of these clients what to set."""
    lines = documents.text("docs/using-other-clients.md").splitlines()
    assert any(line.startswith(f"| {client} |") and setting in line for line in lines)


def test_help_knows_that_unit_tests_take_minutes() -> None:
    """`make help` says that the unit tests take minutes."""
    (told,) = re.findall(r"^unit:.*## (.+)$", documents.text("Makefile"), re.MULTILINE)
    assert "second" not in told
    assert "minute" in told


@pytest.mark.parametrize("decision", documents.names("docs/adr/0*.md"))
def test_decisions_have_a_status(decision: str) -> None:
    """Each decision record has a status."""
    assert re.search(
        r"^\*\*Status\.\*\* (Accepted|Replaced|Withdrawn)\b", documents.text(decision), re.MULTILINE
    )


def test_readme_is_short() -> None:
    """README.md has at most 150 lines."""
    assert len(documents.text("README.md").splitlines()) <= 150


@pytest.mark.parametrize(
    ("index", "pages"), [("docs/README.md", "docs/*.md"), ("docs/adr/README.md", "docs/adr/*.md")]
)
def test_indexes_are_complete(index: str, pages: str) -> None:
    """An index links every page beside it."""
    linked = {target for target, _ in documents.links(index)}
    assert set(documents.names(pages)) - {index} <= linked


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """A link to a file of this repository names one that exists, and a section that it has."""
    broken = [
        f"{target}#{section}"
        for target, section in documents.links(page)
        if not (documents.ROOT / target).exists() or (section and section not in documents.sections(target))
    ]
    assert not broken


def test_version_is_the_newest_in_the_changelog() -> None:
    """pyproject.toml has the version at the top of CHANGELOG.md, below the heading for what is unreleased."""
    project = tomllib.loads(documents.text("pyproject.toml"))["project"]
    unreleased, newest = re.findall(r"^## (.+)$", documents.text("CHANGELOG.md"), re.MULTILINE)[:2]
    assert unreleased == "Unreleased"
    assert re.fullmatch(rf"{re.escape(project['version'])} - \d{{4}}-\d\d-\d\d", newest)


@pytest.mark.parametrize("page", PAGES)
def test_named_tests_exist(page: str) -> None:
    """Every test function and test file that a page names is below tests/."""
    text, functions = documents.text(page), functions_by_file()
    known = {PurePath(file).stem for file in functions}.union(*functions.values())
    assert set(re.findall(r"`(test_\w+)`", text)) <= known
    for file, name in re.findall(r"\b(tests/[\w/]+\.py)(?:::(test_\w+))?", text):
        assert file in functions
        assert not name or name in functions[file], file


def test_test_names_are_short() -> None:
    """No test function's name is longer than 70 characters."""
    names = set().union(*functions_by_file().values())
    assert [name for name in sorted(names) if len(name) > MOST_OF_A_NAME] == []
