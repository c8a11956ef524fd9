"""API Gateway's settings: throttling, the authorizer's cache, and the size of a request."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.table import Table, require


class Api(Table):
    """Limits for all callers together. Throttling: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html"""

    throttling_rate_limit_per_s: Annotated[int, Field(ge=1)] = 50
    """Average number of requests per second."""
    throttling_burst_limit: Annotated[int, Field(ge=1)] = 100
    """Number of requests that may arrive at once."""
    authorizer_result_ttl_s: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long API Gateway caches the authorizer's answer. A revoked key and a changed policy take effect within this time."""
    max_request_bytes: Annotated[int, Field(ge=1, le=4_500_000)] = 4 * 1024 * 1024
    """Maximum size of a request body. Lambda accepts 6 MB, and API Gateway encodes bodies as base64."""

    @model_validator(mode="after")
    def _burst_is_no_less(self) -> Self:
        rule = f"must be at least throttling_rate_limit_per_s, which is {self.throttling_rate_limit_per_s}"
        require(
            self.throttling_rate_limit_per_s <= self.throttling_burst_limit, "throttling_burst_limit", rule
        )
        return self
