"""How to reach Bedrock, and whether log lines carry metrics, read from environment variables."""

# Without `from __future__ import annotations`: NamedTuple compiles each annotation that is text, which takes 1 ms here.

import os
import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from chat_gateway.bedrock.settings import ApiKeySettings
from chat_gateway.core import variables
from chat_gateway.core.variables import comma_separated, count, flag, one_of, positive
from chat_gateway.guardrail.settings import Guardrail

_HTTP_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[!-~]*)?(?<!/)"
)
_MAX_PORT = 65_535


def base_url(text: str) -> str:
    """`text` if it is an http(s) URL of only host, port and path, without a final slash. Raises ValueError."""
    found = _HTTP_URL.fullmatch(text)
    if found is None or "?" in text or "#" in text or int(found["port"] or 0) > _MAX_PORT:
        raise ValueError("must be a URL of only host, port and path, without a final /")
    return text


_AUTH = "UPSTREAM_AUTH"
_BY_API_KEY, _SIGNED = "api_key", "sigv4"
_VARIABLES: variables.Variables = {
    "base_url": ("BEDROCK_BASE_URL", base_url),
    "connect_timeout_s": ("UPSTREAM_CONNECT_TIMEOUT_S", positive),
    "first_byte_timeout_s": ("UPSTREAM_FIRST_BYTE_TIMEOUT_S", positive),
    "between_bytes_timeout_s": ("UPSTREAM_BETWEEN_BYTES_TIMEOUT_S", positive),
    "total_timeout_s": ("UPSTREAM_TOTAL_TIMEOUT_S", positive),
    "max_request_bytes": ("MAX_REQUEST_BYTES", count),
    "max_response_bytes": ("MAX_RESPONSE_BYTES", count),
    "separate_reasoning": ("SEPARATE_REASONING", flag),
}
# Also those of the function that lists models.
MODEL_VARIABLES: variables.Variables = {
    "models": ("UPSTREAM_MODELS", comma_separated),
    "routes": ("MODEL_ROUTES", comma_separated),
    "model_names": ("MODEL_NAMES", str),
    "names_only": ("MODEL_NAMES_ONLY", flag),
}
_OPTIONAL: variables.Variables = {
    **MODEL_VARIABLES,
    "regions": ("BEDROCK_REGIONS", str),
    "role_arn": ("UPSTREAM_ROLE_ARN", str),
    "role_external_id": ("UPSTREAM_ROLE_EXTERNAL_ID", str),
}
_METRICS_ENVIRONMENT = "METRICS_ENVIRONMENT"


class UpstreamSettings(NamedTuple):
    """How the chat function and the jobs worker reach Bedrock."""

    base_url: str  # ends in /openai/v1, no trailing slash
    api_key: ApiKeySettings | None  # None: requests are signed
    connect_timeout_s: float
    first_byte_timeout_s: float  # until the answer's status and headers have come
    between_bytes_timeout_s: float
    total_timeout_s: float  # one request that does not stream, with its retries
    max_request_bytes: int
    max_response_bytes: int  # of an answer that does not stream
    guardrail: Guardrail | None
    separate_reasoning: bool  # move a model's reasoning from `content` into `reasoning_content`
    models: tuple[str, ...] = ()  # allowed ids and ARNs; empty: all
    routes: tuple[str, ...] = ()  # the environment's own, such as `model=converse`
    model_names: str | None = None  # the environment's own, as `model_names.settings` writes them
    names_only: bool = False  # callers may use these names, and no model's id
    regions: str | None = (
        None  # other regions' guardrails and endpoints, as `model_names.settings` writes them
    )
    role_arn: str | None = None  # another account's role, which signs the requests; None: the function's own
    role_external_id: str | None = None  # which that role's trust policy asks for

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        auth = variables.read(env, _AUTH, one_of((_BY_API_KEY, _SIGNED)))
        return cls(
            **variables.read_all(env, _VARIABLES),
            **variables.read_set(env, _OPTIONAL),
            api_key=ApiKeySettings.from_env(env) if auth == _BY_API_KEY else None,
            guardrail=Guardrail.from_env(env),
        )

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return {
            **variables.written(self, _VARIABLES),
            **variables.written_set(self, _OPTIONAL),
            _AUTH: _SIGNED if self.api_key is None else _BY_API_KEY,
            **({} if self.api_key is None else self.api_key.to_env()),
            **({} if self.guardrail is None else self.guardrail.to_env()),
        }

    @property
    def api_key_secret_arn(self) -> str | None:
        """The secret that holds the Bedrock API key; None if requests are signed."""
        return None if self.api_key is None else self.api_key.secret_arn


class MetricsSettings(NamedTuple):
    """Whether the log lines of requests and jobs carry metrics: `environment` is their dimension, None if they carry none.

    Read apart from the other settings, so that a function whose other settings are wrong still counts its failures.
    """

    environment: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Reads the setting. Raises nothing."""
        return cls(env.get(_METRICS_ENVIRONMENT) or None)

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return {} if self.environment is None else {_METRICS_ENVIRONMENT: self.environment}
