"""The fixtures of the tests of Converse."""

from tests.unit.bedrock_standin.converse.conftest import converse

__all__ = ["converse"]
