"""The authorizer: knows a client by the SHA-256 hash of its key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from chat_gateway.aws.json_client import AwsJsonClient
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.clients.settings import AuthorizerSettings
from client_keys.key import UNKNOWN_CLIENT, table_key
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger()


@cache
def _table() -> tuple[AwsJsonClient, str]:
    dynamodb = AwsJsonClient(
        AwsSettings.from_env(), service="dynamodb", target_prefix="DynamoDB_20120810", json_version="1.0"
    )
    return dynamodb, AuthorizerSettings.from_env().clients_table


@watched
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An IAM policy that allows or denies the whole stage: API Gateway caches it for every path.

    Raises where the table cannot be read, which API Gateway answers with its 500 and does not cache.
    """
    client_id, has_expired = _client_of(_bearer_token(event.get("authorizationToken", "")))
    is_allowed = client_id is not None and not has_expired
    _logger.info(
        "client authentication",
        extra={
            "client": client_id,
            "allowed": is_allowed,
            "expired": has_expired,
            "lambda_request_id": context.aws_request_id,
        },
    )
    return _policy(client_id if is_allowed else None, _whole_stage(event["methodArn"]))


def _bearer_token(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _client_of(token: str | None) -> tuple[str | None, bool]:
    """The id of the client whose key `token` is, else None; and whether that client has expired."""
    if token is None:
        return None, False
    dynamodb, table = _table()
    key = table_key(token)
    # Consistent, because a Deny for a key made a second ago would be cached for minutes.
    item = (
        dynamodb.call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}).get("Item") or {}
    )
    client_id = item.get("client_id", {}).get("S")
    return (client_id if isinstance(client_id, str) and client_id else None), _has_expired(item)


def _has_expired(item: dict[str, Any]) -> bool:
    """Whether the time in `expires_at` (epoch seconds) has come. A malformed one has expired; without one none does.

    DynamoDB's TTL only removes the item later, within days:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    if "expires_at" not in item:
        return False
    try:
        return time.time() >= int(item["expires_at"]["N"])
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
