"""The authorizer: knows a client by the SHA-256 hash of its key.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools import Logger

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.core.startup import Startup
from client_keys import item as client_item
from client_keys import key as client_key
from client_keys.item import UNKNOWN_CLIENT, Item
from client_keys.no_limits import CONTEXT, NO_LIMITS
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class Verdict(NamedTuple):
    """What is known of a key or token. `client_id` is None for one that belongs to no client.

    `reason` is why a token is refused, for the log.
    """

    client_id: str | None = None
    has_expired: bool = False
    is_suspended: bool = False
    policy: str = NO_LIMITS
    generation: str = ""
    reason: str | None = None

    @property
    def is_allowed(self) -> bool:
        return self.client_id is not None and not self.has_expired and not self.is_suspended


class Authorizer:
    """Checks client keys. `clock` is in epoch seconds. `key_header` is the header that API Gateway passes on."""

    def __init__(
        self,
        startup: Startup[ClientsTable],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.time,
        key_header: str = client_key.BEARER_HEADER,
    ) -> None:
        self._startup, self._logger, self._clock = startup, logger, clock
        self._key_of = _bearer_token if key_header == client_key.BEARER_HEADER else _bare_key

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """An IAM policy that allows or denies the whole stage, because API Gateway caches the policy for every path.

        An Allow has the client's own policy in its context, and its generation if it has one. Raises if the table cannot be
        read. API Gateway then answers 500, and caches nothing.
        """
        verdict = self.verdict(self._key_of(event.get("authorizationToken", "")))
        self._logger.info(
            "client authentication",
            extra={
                "client": verdict.client_id,
                "allowed": verdict.is_allowed,
                "expired": verdict.has_expired,
                "suspended": verdict.is_suspended,
                "lambda_request_id": context.aws_request_id,
                **({} if verdict.reason is None else {"reason": verdict.reason}),
            },
        )
        return _answer(verdict, _whole_stage(event["methodArn"]))

    def verdict(self, token: str | None) -> Verdict:
        """What is known of the bearer token. Raises AwsCallError."""
        if token is None or not client_key.is_well_formed(token):
            return Verdict()
        table = self._startup.state
        item = table.key_item(token)
        verdict = judged(item, self._clock())
        if verdict.is_allowed:
            self._note_use(table, token, item)
        return verdict

    def _note_use(self, table: ClientsTable, key: str, item: Item) -> None:
        """Writes the day of the key's last use, once a day. A failure refuses nobody."""
        day = time.strftime("%Y-%m-%d", time.gmtime(self._clock()))
        if item.get(client_item.LAST_USED) == {"S": day}:
            return
        try:
            table.note_use(key, day)
        except AwsCallError as error:
            self._logger.warning("last use not noted", extra={"cause": error.code})


def _bearer_token(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip(" ") or None if scheme.lower() == "bearer" else None


def _bare_key(value: str) -> str | None:
    return value.strip(" ") or None


def judged(item: Item, now_s: float) -> Verdict:
    """What the item of a key or of a client says."""
    return Verdict(
        client_id=client_item.text(item, client_item.CLIENT_ID) or None,
        has_expired=client_item.has_expired(item, now_s),
        is_suspended=client_item.is_suspended(item),
        # Without a text, the chat function reads the client's own item.
        policy=client_item.text(item, client_item.POLICY) if client_item.POLICY in item else NO_LIMITS,
        generation=client_item.text(item, client_item.GENERATION),
    )


def _whole_stage(method_arn: str) -> str:
    """arn:aws:execute-api:region:account:api/stage/GET/a/path → the same stage, every method and path."""
    api, stage = method_arn.split("/", 2)[:2]
    return f"{api}/{stage}/*/*"


def _answer(verdict: Verdict, resource: str) -> dict[str, Any]:
    effect = "Allow" if verdict.is_allowed else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    answer: dict[str, Any] = {
        "principalId": verdict.client_id if verdict.is_allowed else UNKNOWN_CLIENT,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    if not verdict.is_allowed:
        return answer
    context = {CONTEXT: verdict.policy}
    if verdict.generation:
        context[client_item.GENERATION] = verdict.generation
    return {**answer, "context": context}


startup = Startup(ClientsTable.from_env)
key_header = os.environ.get(client_key.HEADER_VARIABLE, client_key.BEARER_HEADER)
handle = watched(Authorizer(startup, Logger(), key_header=key_header).handle)
