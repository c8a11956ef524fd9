"""API Gateway lets a key through, and logs do not show it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chat_gateway.core import foreign_text
from client_keys import table
from client_keys.key import AUTHORIZATION

SOURCES = Path(__file__).parents[3] / "lambda_src"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_new_key_passes_api_gateway(scheme: str) -> None:
    """Every new key passes API Gateway's check before the authorizer."""
    assert re.search(AUTHORIZATION, f"{scheme} {table.new_key()}")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer short", "Basic " + "x" * 40, "Bearer \u00e9" * 20]
)
def test_what_is_no_key_is_stopped(authorization: str) -> None:
    """Text that cannot be a key is refused without the authorizer."""
    assert not re.search(AUTHORIZATION, authorization)


def test_new_key_is_masked_in_logs() -> None:
    """A key in a path is recognised and not logged."""
    key = table.new_key()
    assert key not in (foreign_text.path(f"/v1/{key}") or "")


def test_key_brings_no_random_numbers() -> None:
    """The authorizer imports the form of a key, and no code that makes new keys."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import client_keys.key; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code, str(SOURCES)]
    modules = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert {"client_keys.table", "secrets", "datetime"}.isdisjoint(modules)
