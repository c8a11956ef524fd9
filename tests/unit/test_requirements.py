"""Operators get the packages that their commands import, and no developers' tools."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import grimp
import pytest

from tests import documents

OURS = (
    "infra",
    "gateway_cli",
    "resource_items",
    "chat_gateway",
    "client_keys",
    "client_usage",
    "guardrail_proof",
    "jwt_clients",
    "key_rotation",
    "openai_resources",
    "batch_steps",
    "watchdog_timer",
)
DEVELOPERS_TOOLS = {"boto3-stubs", "hypothesis", "moto", "mypy", "openai", "pytest", "ruff", "xllamacpp"}
COMMAND = "gateway_cli.entry_point"


def locked(name: str) -> dict[str, str]:
    """The versions in requirements/<name>.txt, by distribution."""
    pins = re.findall(r"^([a-z0-9.-]+)==(\S+)", documents.text(f"requirements/{name}.txt"), re.MULTILINE)
    assert pins
    return dict(pins)


def app_imports() -> set[str]:
    """The modules that app.py imports."""
    nodes = ast.walk(ast.parse(documents.text("app.py")))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@cache
def distributions(start: str) -> set[frozenset[str]]:
    """For each foreign package that the module imports, directly or not, the distributions that may contain it."""
    graph = grimp.build_graph(
        *OURS, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    reached = {module.partition(".")[0] for module in graph.find_upstream_modules(start)}
    foreign = reached - sys.stdlib_module_names - set(OURS)
    brought_by = packages_distributions()
    return {frozenset(name.replace("_", "-").lower() for name in brought_by[name]) for name in foreign}


@pytest.mark.parametrize("start", [COMMAND, *sorted(app_imports() - {"__future__", "sys"})])
def test_operators_have_what_they_import(start: str) -> None:
    """Every package that the command and app.py import is among the operator's requirements."""
    imported = distributions(start)
    assert imported
    assert [names for names in imported if not names & locked("operator").keys()] == []


def test_operators_have_no_developers_tools() -> None:
    """Operators install no linter, type stub or language model runtime."""
    assert locked("dev").keys() >= DEVELOPERS_TOOLS
    assert not locked("operator").keys() & DEVELOPERS_TOOLS


@pytest.mark.parametrize("name", ["operator", "upstream"])
def test_developers_have_the_same_versions(name: str) -> None:
    """Developers test the versions that operators install and functions ship."""
    assert locked("dev").items() >= locked(name).items()


def test_the_command_names_what_it_imports() -> None:
    """The package's dependencies are the packages that the command imports; boto3 brings botocore."""
    dependencies = set(tomllib.loads(documents.text("pyproject.toml"))["project"]["dependencies"])
    imported = distributions(COMMAND)
    assert {name for names in imported for name in names} == dependencies | {"botocore"}


def test_the_command_brings_no_function() -> None:
    """The command installs no function's modules, which could hide a module missing from a package."""
    functions = ("chat_gateway", "response_streaming", "watchdog_timer", "infra")
    code = "import sys; from importlib.util import find_spec; print(*filter(find_spec, sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, *functions], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
