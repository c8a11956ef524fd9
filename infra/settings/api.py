"""API Gateway's settings: throttling, the authorizer's cache, the size of a request, and how callers may call."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from client_keys.key import BARE_HEADER, BEARER_HEADER, HEADER_VARIABLE
from infra.settings.table import Table, require

# https://www.rfc-editor.org/rfc/rfc6454#section-6.1
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]{0,19}://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?")
# Browsers leave these ports out.
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def _origins(origins: list[str]) -> list[str]:
    for origin in origins:
        scheme = origin.partition("://")[0]
        if not _ORIGIN.fullmatch(origin) or origin.endswith(_DEFAULT_PORTS.get(scheme, "/")):
            raise ValueError(
                f"has {origin!r}; write origins as browsers send them, such as https://app.example, "
                "in lower case, without a path, a final / or a scheme's usual port, and no *"
            )
    if len(set(origins)) < len(origins):
        raise ValueError("names an origin twice")
    return origins


class Api(Table):
    """Which callers the API takes, and the limits for all callers together. Throttling: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""

    throttling_rate_limit_per_s: Annotated[int, Field(ge=1)] = 50
    """Average number of requests per second."""
    throttling_burst_limit: Annotated[int, Field(ge=1)] = 100
    """Number of requests that may arrive at once."""
    authorizer_result_ttl_s: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long API Gateway caches the authorizer's answer. A revoked key and a changed policy take effect within this time."""
    max_request_bytes: Annotated[int, Field(ge=1, le=4_500_000)] = 4 * 1024 * 1024
    """Maximum size of a request body. Lambda accepts 6 MB, and API Gateway encodes bodies as base64."""

    cors_origins: Annotated[list[str], AfterValidator(_origins)] = Field(default_factory=list)
    """Origins of web pages that may call the gateway from a browser. By default none may."""
    key_header: Literal["authorization", "api-key"] = BEARER_HEADER
    """The header with the client's key. Azure's clients send `api-key`, whose value is the key alone."""
    deployment_paths: bool = False
    """Also answer chat completions at `/openai/deployments/MODEL/chat/completions`, as Azure's clients call them."""

    @property
    def key_header_variables(self) -> dict[str, str]:
        """The variable of a function that reads keys; none by default."""
        return {HEADER_VARIABLE: self.key_header} if self.key_header == BARE_HEADER else {}

    @property
    def shown_key(self) -> str:
        """How a client sends its key, for a message to the caller."""
        return f"{BARE_HEADER}: <key>" if self.key_header == BARE_HEADER else "Authorization: Bearer <key>"

    @model_validator(mode="after")
    def _burst_is_no_less(self) -> Self:
        rule = f"must be at least throttling_rate_limit_per_s, which is {self.throttling_rate_limit_per_s}"
        require(
            self.throttling_rate_limit_per_s <= self.throttling_burst_limit, "throttling_burst_limit", rule
        )
        return self
