"""Reads requests whose callers API Gateway knows by their signature (AWS_IAM), not by a key.

API Gateway names the caller in `requestContext`, which no caller can write:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.client_policies.roles import RoleClients
from chat_gateway.client_policies.settings import RolesSettings
from chat_gateway.core.startup import Startup
from chat_gateway.http_api import http_request
from client_keys import item as client_item
from client_keys.no_limits import CONTEXT

if TYPE_CHECKING:
    from chat_gateway.http_api.http_request import HttpRequest


class SignedRequests:
    """Puts the caller's client into the event, in the place and the form that an authorizer would use."""

    def __init__(self, startup: Startup[RoleClients]) -> None:
        self._startup = startup

    def read(self, event: object) -> HttpRequest:
        """The request; never raises. If its caller is refused, `fault` says why, and the request has no client."""
        try:
            self._name_client(event)
        except Exception as refusal:  # noqa: BLE001 - a fault, too, needs the request's ids and log line
            return http_request.read(event)._replace(fault=refusal)
        return http_request.read(event)

    def _name_client(self, event: object) -> None:
        context = _context(event)
        identity = context.get("identity")
        arn = identity.get("userArn") if isinstance(identity, dict) else None
        if arn is None and "authorizer" in context:
            return  # from a stage that still has an authorizer, or from a deployment that tries a new version
        context.pop("authorizer", None)
        client = self._startup.state.of_arn(arn)
        context["authorizer"] = {
            "principalId": client.client_id,
            CONTEXT: client.policy,
            client_item.GENERATION: client.generation,
        }


def _context(event: object) -> dict[str, Any]:
    """The event's own `requestContext`; an empty one if it has none."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    return context if isinstance(context, dict) else {}


def _role_clients() -> RoleClients:
    return RoleClients(ClientsTable.from_env(), kept_s=RolesSettings.from_env().kept_s)


def from_env() -> SignedRequests:
    """The reader with the function's settings. A wrong setting is reported to each request."""
    return SignedRequests(Startup(_role_clients))
