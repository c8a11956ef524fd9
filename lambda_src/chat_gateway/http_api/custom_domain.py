"""The API's own domain name: the base URL for clients, and the part of a path that API Gateway's routes do not have."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_API_PATH = "/openai/v1"
_BASE_URL = re.compile(rf"https://[^/]+(/[^/]+)?{_API_PATH}")
_VARIABLES: variables.Variables = {"base_url": ("CLIENT_BASE_URL", variables.matching(_BASE_URL))}


class CustomDomain(NamedTuple):
    """The base URL for clients, such as https://llm.example.com/base-path/openai/v1."""

    base_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> CustomDomain | None:
        """The domain; None if the environment has none. Raises ConfigurationError for a wrong variable."""
        read = variables.read_set(env, _VARIABLES)
        return cls(**read) if read else None

    def to_env(self) -> dict[str, str]:
        """The environment variable that the stack sets."""
        return variables.written(self, _VARIABLES)

    def below_base_path(self, path: str) -> str:
        """The path without the domain's base path, which API Gateway leaves in an event's `path`.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
        """
        found = _BASE_URL.fullmatch(self.base_url)
        base_path = "" if found is None else found[1] or ""
        is_below = path == base_path or path.startswith(f"{base_path}/")
        return path.removeprefix(base_path) or "/" if is_below else path
