"""The fixtures of the end-to-end tests."""

from tests.e2e.conftest import stack, standin

__all__ = ["stack", "standin"]
