"""The authorizer: identifies a client by the SHA-256 hash of its key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools import Logger

from chat_gateway.aws.json_client import AwsJsonClient
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.clients.settings import AuthorizerSettings
from chat_gateway.core.startup import Startup
from client_keys.key import UNKNOWN_CLIENT, table_key
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class ClientsTable(NamedTuple):
    """The table of clients, by the hashes of their keys."""

    dynamodb: AwsJsonClient
    name: str

    @classmethod
    def from_env(cls) -> ClientsTable:
        """Builds the table's client. Raises ConfigurationError that names the missing or wrong variable."""
        dynamodb = AwsJsonClient(
            AwsSettings.from_env(), service="dynamodb", target_prefix="DynamoDB_20120810", json_version="1.0"
        )
        return cls(dynamodb, AuthorizerSettings.from_env().clients_table)

    def item(self, key: str) -> dict[str, Any]:
        """The item of the client with this key, empty if there is none. Raises AwsCallError."""
        # Consistent, because API Gateway would cache a Deny for a key that was just created for minutes.
        query = {"TableName": self.name, "Key": table_key(key), "ConsistentRead": True}
        return self.dynamodb.call("GetItem", query).get("Item") or {}


class Authorizer:
    """Checks client keys. `clock` is in epoch seconds."""

    def __init__(
        self, startup: Startup[ClientsTable], logger: Logger, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._startup, self._logger, self._clock = startup, logger, clock

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """An IAM policy that allows or denies the whole stage, because API Gateway caches the policy for every path.

        Raises if the table cannot be read. API Gateway then answers 500, and caches nothing.
        """
        client_id, has_expired = self._client_of(_bearer_token(event.get("authorizationToken", "")))
        is_allowed = client_id is not None and not has_expired
        self._logger.info(
            "client authentication",
            extra={
                "client": client_id,
                "allowed": is_allowed,
                "expired": has_expired,
                "lambda_request_id": context.aws_request_id,
            },
        )
        return _policy(client_id if is_allowed else None, _whole_stage(event["methodArn"]))

    def _client_of(self, token: str | None) -> tuple[str | None, bool]:
        """The id of the client with the key `token` (None if unknown), and whether the key has expired."""
        if token is None:
            return None, False
        item = self._startup.state.item(token)
        client_id = item.get("client_id", {}).get("S")
        is_id = isinstance(client_id, str) and client_id
        return (client_id if is_id else None), _has_expired(item, self._clock())


def _bearer_token(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _has_expired(item: dict[str, Any], now_s: float) -> bool:
    """Whether `expires_at` (epoch seconds) has passed. A malformed value counts as expired, a missing one as valid.

    DynamoDB's TTL removes the item later, within days:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    if "expires_at" not in item:
        return False
    try:
        return now_s >= int(item["expires_at"]["N"])
    except (KeyError, TypeError, ValueError):
        return True


def _whole_stage(method_arn: str) -> str:
    """arn:aws:execute-api:region:account:api/stage/GET/a/path → the same stage, every method and path."""
    api, stage = method_arn.split("/", 2)[:2]
    return f"{api}/{stage}/*/*"


def _policy(client_id: str | None, resource: str) -> dict[str, Any]:
    effect = "Deny" if client_id is None else "Allow"
    return {
        "principalId": client_id or UNKNOWN_CLIENT,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
    }


startup = Startup(ClientsTable.from_env)
handle = watched(Authorizer(startup, Logger()).handle)
