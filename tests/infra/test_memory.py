"""Each function has its own memory."""

from __future__ import annotations

import json

import pytest

from benchmarks import contenders
from benchmarks.memory_sizes import defaults, sizing
from infra.platform import Platform
from infra.settings import memory_sizes
from infra.settings.api import Api
from tests import documents
from tests.infra.conftest import changed, stack_of, synthesised

PROD = {
    "api": 384,
    "worker": 1769,
    "authorizer": memory_sizes.AUTHORIZER_MIB,
    "resources": memory_sizes.RESOURCES_MIB,
    "batch-steps": memory_sizes.BATCH_STEPS_MIB,
}


@pytest.mark.parametrize("name", PROD)
def test_default(name: str) -> None:
    """A function has the memory that was found by measurement."""
    assert synthesised("prod").function(name)["MemorySize"] == PROD[name]


@pytest.mark.parametrize("name", defaults.BY_NAME)
def test_default_was_measured(name: str) -> None:
    """docs/performance/memory.json judges the peak of each function by its default. After a change: `make bench-memory`."""
    size_mib = defaults.BY_NAME[name]
    targets = json.loads(documents.text("docs/performance/memory.json"))["targets"]
    limits = {target["name"]: target["limit"] for target in targets}
    assert limits.get(f"peak memory, {name} of {size_mib} MB") == sizing.SHARE * size_mib


def test_setting_is_the_chat_functions_own() -> None:
    """More memory for the chat function changes no other function."""
    stack = stack_of(changed("prod", chat_function={"memory_size_mib": 1024}))
    assert {name: stack.function(name)["MemorySize"] for name in PROD} == {**PROD, "api": 1024}


def test_benchmark_has_the_deployed_limits() -> None:
    """The benchmark's functions take the largest requests and answers that deployed functions take."""
    limits = {
        "MAX_REQUEST_BYTES": str(Api().max_request_bytes),
        "MAX_RESPONSE_BYTES": str(Platform().max_response_bytes),
    }
    assert limits.items() <= contenders.chat_variables("upstream").items()
