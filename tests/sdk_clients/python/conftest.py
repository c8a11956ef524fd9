"""The gateway that the clients call, as the command that runs these tests gives it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

MODEL = "qwen.qwen3-32b-v1:0"  # gpt-oss ignores response_format on Bedrock, and so does the stand-in
NO_MODEL = "qwen.of-no-version"
CONVERSE_MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NO_CONVERSE_MODEL = "anthropic.of-no-version"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway's base URL and a client key, and the base URL of the stand-in's controls."""

    base_url: str
    api_key: str
    standin_url: str


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    names = ("GATEWAY_BASE_URL", "GATEWAY_API_KEY", "STANDIN_URL")
    return Gateway(*(os.environ[name] for name in names))
