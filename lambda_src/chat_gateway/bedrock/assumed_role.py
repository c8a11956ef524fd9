"""Signs requests to Bedrock with a role of another account, which the function assumes by STS.

Imported only in environments with `upstream.role_arn`. The credentials are never logged.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.aws.sts_client import StsClient
from chat_gateway.bedrock.role_signature import RoleSignature, region_of
from chat_gateway.core.errors import UpstreamCredentialsError, UpstreamCredentialsUnavailableError

if TYPE_CHECKING:
    from chat_gateway.aws.settings import AwsSettings
    from chat_gateway.aws.sigv4 import Credentials
    from chat_gateway.aws.sts_answers import Session

# The credentials are renewed this long before they expire. STS may be down for so long, and no request fails.
_RENEWED_BEFORE_S = 300.0
_PAUSE_AFTER_FAILURE_S = 30.0
# Bedrock's refusal of older credentials may mean that the account has revoked the role's sessions.
_LEAST_AGE_OF_REFUSED_S = 60.0
_FUNCTION_NAME = "AWS_LAMBDA_FUNCTION_NAME"
_DEFAULT_SESSION_NAME = "bedrock-chat-gateway"


class AssumedRole:
    """The role's current credentials. Threads that need them while one of them assumes the role wait for that call.

    The other account's CloudTrail shows `session_name`. `clock` is in seconds since the epoch.
    """

    def __init__(
        self,
        sts: StsClient,
        *,
        role_arn: str,
        external_id: str | None,
        session_name: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sts, self._role_arn, self._external_id = sts, role_arn, external_id
        self._session_name, self._clock = session_name, clock
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._assumed_at = self._next_call_at = 0.0

    def credentials(self, *, ends_at: float = math.inf) -> Credentials:
        """The credentials, renewed some minutes before they expire. The deadline `ends_at` is on time.monotonic().

        If they cannot be renewed, the old ones are used until they expire. Raises UpstreamCredentialsError after that.
        """
        session = self._session
        if session is not None and self._clock() < min(self._next_call_at, session.expires_at):
            return session.credentials  # no need for the lock
        with self._held(ends_at):
            session = self._session
            if session is None or self._clock() >= session.expires_at:
                return self._assume(ends_at).credentials
            if self._clock() < self._next_call_at:
                return session.credentials
            self._next_call_at = min(self._clock() + _PAUSE_AFTER_FAILURE_S, session.expires_at)
            with contextlib.suppress(UpstreamCredentialsError):
                return self._assume(ends_at).credentials
            return session.credentials

    def replacement_for(self, refused: Credentials, *, ends_at: float = math.inf) -> Credentials | None:
        """The credentials to try after Bedrock refused `refused`; None if those are new, too.

        Raises UpstreamCredentialsError.
        """
        with self._held(ends_at):
            session = self._session
            if session is not None and session.credentials != refused:
                return session.credentials
            if self._clock() < self._assumed_at + _LEAST_AGE_OF_REFUSED_S:
                return None
            return self._assume(ends_at).credentials

    @contextlib.contextmanager
    def _held(self, ends_at: float) -> Iterator[None]:
        """Holds the lock for assuming the role."""
        left_s = min(max(0.0, ends_at - time.monotonic()), threading.TIMEOUT_MAX)
        if not self._lock.acquire(timeout=left_s):
            raise UpstreamCredentialsUnavailableError(f"{self._role_arn} was not assumed in time")
        try:
            yield
        finally:
            self._lock.release()

    def _assume(self, ends_at: float) -> Session:
        try:
            session = self._sts.assume_role(
                self._role_arn,
                session_name=self._session_name,
                external_id=self._external_id,
                ends_at=ends_at,
            )
        except AwsCallError as error:
            # A refusal stays one until an operator acts, so callers should not retry.
            kind = UpstreamCredentialsUnavailableError if error.is_passing else UpstreamCredentialsError
            raise kind(f"{self._role_arn} could not be assumed: {error.code}") from error
        self._session, self._assumed_at = session, self._clock()
        soonest = min(self._assumed_at + _PAUSE_AFTER_FAILURE_S, session.expires_at)
        self._next_call_at = max(session.expires_at - _RENEWED_BEFORE_S, soonest)
        return session


class AssumedRoleSignature(RoleSignature):
    """Signs one attempt with the assumed role's credentials."""

    refused_as = "Bedrock refused the assumed role"

    def __init__(self, base_url: str, region: str, role: AssumedRole, credentials: Credentials) -> None:
        super().__init__(base_url, region, credentials.to_env())
        self._base_url, self._role, self._assumed = base_url, role, credentials

    def after_refusal(self, *, ends_at: float = math.inf) -> AssumedRoleSignature | None:
        """A signature with newer credentials; None if there are none. Raises UpstreamCredentialsError."""
        found = self._role.replacement_for(self._assumed, ends_at=ends_at)
        return (
            None if found is None else AssumedRoleSignature(self._base_url, self._region, self._role, found)
        )


class AssumedRoleCredentials:
    """The credentials of the assumed role, for one endpoint."""

    def __init__(self, base_url: str, region: str, role: AssumedRole) -> None:
        self._base_url, self._region, self._role = base_url, region, role

    def auth(self, *, ends_at: float = math.inf) -> AssumedRoleSignature:
        """The signer of one attempt, by `ends_at` (on time.monotonic()). Raises UpstreamCredentialsError."""
        credentials = self._role.credentials(ends_at=ends_at)
        return AssumedRoleSignature(self._base_url, self._region, self._role, credentials)

    def at(self, base_url: str, region: str) -> AssumedRoleCredentials:
        """The same role for another endpoint."""
        return AssumedRoleCredentials(base_url, region_of(base_url, default=region), self._role)


def credentials(
    base_url: str,
    aws: AwsSettings,
    *,
    role_arn: str,
    external_id: str | None,
    env: Mapping[str, str] = os.environ,
) -> AssumedRoleCredentials:
    """The credentials of `role_arn`, for Bedrock at `base_url`. The role's session is named after the function."""
    role = AssumedRole(
        StsClient(aws, env=env),
        role_arn=role_arn,
        external_id=external_id,
        session_name=env.get(_FUNCTION_NAME) or _DEFAULT_SESSION_NAME,
    )
    return AssumedRoleCredentials(base_url, region_of(base_url, default=aws.region), role)
