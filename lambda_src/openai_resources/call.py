"""One request of a client, as the resources' routes see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from client_keys.no_limits import NO_LIMITS
from client_keys.policy import UNLIMITED, Policy

if TYPE_CHECKING:
    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.http_api.http_request import HttpRequest
    from chat_gateway.service.request_log import RequestLog


class Call(NamedTuple):
    """A request, its path below the API's version, and its log line."""

    request: HttpRequest
    path: str
    log: RequestLog
    policies: Callable[[], ClientPolicies]

    def policy(self) -> Policy:
        """The client's policy. Raises what reading it raises: AwsCallError, UnknownPolicyError, ConfigurationError."""
        if self.request.client_policy == NO_LIMITS:
            return UNLIMITED
        return self.policies().of_request(self.request.client_policy, self.request.client)
