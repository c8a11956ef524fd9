"""The gateway that the clients call, as the command that runs these tests gives it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

MODEL = "qwen.qwen3-32b-v1:0"  # gpt-oss ignores response_format on Bedrock, and so does the stand-in
NO_MODEL = "anthropic.claude-of-no-version"


@dataclass(frozen=True, slots=True)
class Gateway:
    """The gateway's base URL, and a client key."""

    base_url: str
    api_key: str


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    return Gateway(os.environ["GATEWAY_BASE_URL"], os.environ["GATEWAY_API_KEY"])
