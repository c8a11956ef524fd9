"""The fixtures of the end-to-end tests."""

from tests.e2e.conftest import emptied_queues, http, sdk, stack, standin, tagging

__all__ = ["emptied_queues", "http", "sdk", "stack", "standin", "tagging"]
