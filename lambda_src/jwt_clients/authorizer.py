"""The authorizer for tokens: checks a JWT, and finds the client that one of its claims names."""

from __future__ import annotations

import time
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chat_gateway.client_policies.clients_table import ClientsTable
from chat_gateway.clients.authorizer import Authorizer, Verdict, judged, startup
from chat_gateway.core.startup import Startup
from jwt_clients import key_request
from jwt_clients.errors import KeysUnavailableError, RefusedTokenError
from jwt_clients.settings import JwtSettings
from jwt_clients.signing_keys import SigningKeys
from jwt_clients.tokens import Tokens
from watchdog_timer import watched


class JwtAuthorizer(Authorizer):
    """Checks tokens. `clock` is in epoch seconds."""

    def __init__(
        self,
        startup: Startup[ClientsTable],
        tokens: Startup[Tokens],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(startup, logger, clock=clock)
        self._tokens = tokens

    def verdict(self, token: str | None) -> Verdict:
        """Raises KeysUnavailableError if the issuer's keys cannot be read, and AwsCallError."""
        if token is None:
            return Verdict()
        try:
            client_id = self._tokens.state.client_id(token)
        except RefusedTokenError as refusal:
            return Verdict(reason=str(refusal))
        except KeysUnavailableError as error:
            self._logger.error("issuer's keys not read", extra={"cause": str(error)})  # noqa: TRY400 - no traceback
            raise
        found = judged(self._startup.state.client_item(client_id), self._clock())
        return found if found.client_id is not None else Verdict(reason="the claim names no client")


def _tokens(logger: Logger) -> Tokens:
    settings = JwtSettings.from_env()

    def warn(error: KeysUnavailableError) -> None:
        logger.warning("issuer's keys not read", extra={"cause": str(error)})

    keys = SigningKeys(lambda: key_request.fetched(settings.jwks_url), on_failure=warn)
    return Tokens(settings, keys.key)


_logger = Logger()
handle = watched(JwtAuthorizer(startup, Startup(lambda: _tokens(_logger)), _logger).handle)
