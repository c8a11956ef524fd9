"""The resources function with its storage on moto."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest

from openai_resources.handler import ResourcesState
from openai_resources.models.model_list import ModelList
from openai_resources.storage import Storage
from tests.unit import resources_storage
from tests.unit.openai_resources.resource_calls import ResourceCalls
from tests.unit.resources_storage import Clock


@pytest.fixture
def log() -> StringIO:
    return StringIO()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Storage]:
    with resources_storage.empty(monkeypatch, clock) as storage:
        yield storage


@pytest.fixture
def stored(storage: Storage, log: StringIO) -> ResourceCalls:
    """Calls of the function, which keeps what it stores."""
    return ResourceCalls(lambda: ResourcesState(models=ModelList([]), storage=storage), log)


@pytest.fixture
def others(storage: Storage) -> ResourceCalls:
    """Calls of the same function in another process, at the same time."""
    return ResourceCalls(lambda: ResourcesState(models=ModelList([]), storage=storage), StringIO())
