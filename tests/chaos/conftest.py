"""The fixtures of the end-to-end tests."""

from tests.e2e.conftest import (
    client,
    elsewhere,
    emptied_queues,
    fresh,
    http,
    quick_start_of_http,
    running_elsewhere,
    sdk,
    stack,
    standin,
    tagging,
)

__all__ = [
    "client",
    "elsewhere",
    "emptied_queues",
    "fresh",
    "http",
    "quick_start_of_http",
    "running_elsewhere",
    "sdk",
    "stack",
    "standin",
    "tagging",
]
