"""These tests need the emulator's checks of permissions, and run only with `--permissions`, after the tests that were named."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack.local_stack import LocalStack
from tests.e2e.permissions import deployed_roles
from tests.e2e.permissions.deployed_roles import FunctionRole


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without `--permissions` the tests of this folder are not collected."""
    return None if config.getoption("--permissions", default=False) else True


@pytest.fixture(scope="session")
def roles(stack: LocalStack) -> dict[str, FunctionRole]:
    """The role of each function of the stack, by the function's name without the stack's."""
    return deployed_roles.of_functions(stack)
