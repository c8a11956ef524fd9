"""The four steps of a rotation.

Secrets Manager calls them in turn with the same token. After a failure it calls them again from the first one, so each
step first looks how far an earlier call has come.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from key_rotation.errors import RotationError
from key_rotation.key_test import KeyTest
from key_rotation.secret_versions import Pending, SecretVersions
from key_rotation.spare_credentials import Credential, Current, spare_of
from key_rotation.stored_key import StoredKey
from key_rotation.user_credentials import MAX_CREDENTIALS, UserCredentials

# IAM lists a new credential after some seconds at most.
_LISTED_WITHIN = timedelta(minutes=5)


def _now() -> datetime:
    return datetime.now(UTC)


Fields = dict[str, Any]


class RotationSteps:
    """Runs a step, and returns its outcome for the log. It adds ids of credentials, but never a key, to the line's fields.

    Each step raises RotationError and botocore's errors.
    """

    def __init__(
        self,
        secret: SecretVersions,
        credentials: UserCredentials,
        key_test: KeyTest,
        *,
        key_age_days: int,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._secret, self._credentials, self._key_test = secret, credentials, key_test
        self._key_age_days, self._now = key_age_days, now

    def run(self, step: str, token: str, fields: Fields, *, ends_at: float) -> str:
        """Runs the step that Secrets Manager names. The deadline `ends_at` is on time.monotonic()."""
        if self._secret.is_current(token):
            return "already current"
        match step:
            case "createSecret":
                return self._create(token, fields)
            case "setSecret":
                return "nothing to set"  # a key works as soon as IAM has created it
            case "testSecret":
                return self._test(token, fields, ends_at)
            case "finishSecret":
                return self._finish(token, fields)
            case _:
                raise RotationError("Secrets Manager asked for a step that this function does not have.")

    def _create(self, token: str, fields: Fields) -> str:
        """Creates a key for the version, unless it has one."""
        pending = self._secret.pending(token)
        existing = self._credentials.all()
        if pending is not None:
            return self._created_before(token, pending, existing, fields)
        self._make_room(existing, fields)
        key = self._credentials.create(age_days=self._key_age_days)
        fields["credential"] = key.credential_id
        self._secret.store_pending(token, key.to_text(self._credentials.user))
        return "created"

    def _created_before(
        self, token: str, pending: Pending, existing: list[Credential], fields: Fields
    ) -> str:
        """Ends the rotation if the version's credential was deleted: the version cannot get another key."""
        self._check_order(token, pending)
        fields["credential"] = None if pending.key is None else pending.key.credential_id
        is_listed = any(one.id == fields["credential"] for one in existing)
        if not is_listed and self._now() > pending.stored_at + _LISTED_WITHIN:
            self._secret.give_up(token)
            raise RotationError("The new key was deleted before it was used. Start the rotation again.")
        return "already created"

    def _make_room(self, existing: list[Credential], fields: Fields) -> None:
        """Deletes credentials that are not in use, so that the user may have a new one."""
        current = self._secret.current()
        while len(existing) >= MAX_CREDENTIALS:
            spare = spare_of(existing, current)
            if spare is None:
                raise RotationError(_no_room(self._credentials.user, existing, current))
            self._credentials.delete(spare.id)
            fields.setdefault("deleted_credentials", []).append(spare.id)
            existing = [one for one in existing if one != spare]

    def _test(self, token: str, fields: Fields, ends_at: float) -> str:
        """Asks Bedrock whether the new key works.

        When rotation is turned on without a rotation at once, Secrets Manager calls this step with a version that no step
        has created: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
        """
        key = _rotated_key(self._secret.pending(token))
        if key is None:
            return "nothing to test"
        fields["credential"] = key.credential_id
        fields["attempts"] = self._key_test.run(key.api_key, ends_at=ends_at)
        return "accepted"

    def _finish(self, token: str, fields: Fields) -> str:
        """Lets functions read the new key. The old one works until the next rotation deletes it, or until it expires."""
        pending = self._secret.pending(token)
        key = _rotated_key(pending)
        if pending is None or key is None:
            raise RotationError("The new version of the secret holds no key of this rotation.")
        fields["credential"] = key.credential_id
        self._check_order(token, pending)
        self._secret.make_current(token)
        return "made current"

    def _check_order(self, token: str, pending: Pending) -> None:
        """Ends the rotation if an operator has stored a key since: that key must not be replaced by an older one.

        After a rotation its version keeps the label AWSPENDING. If an operator then stores a key, Secrets Manager takes
        the earlier rotation for unfinished.
        """
        if pending.stored_at < self._secret.current().stored_at:
            self._secret.give_up(token)
            raise RotationError(
                "A key was stored in the secret after this rotation began. Start the rotation again."
            )


def _rotated_key(pending: Pending | None) -> StoredKey | None:
    """The version's key, if a rotation made it; None otherwise."""
    key = None if pending is None else pending.key
    return None if key is None or key.credential_id is None else key


def _no_room(user: str, existing: list[Credential], current: Current) -> str:
    ids = ", ".join(one.id for one in existing)
    holds = "holds no key" if current.key is None else "does not show which of them it holds"
    return (
        f"The IAM user {user} has {len(existing)} Bedrock keys ({ids}), and the secret {holds}. "
        "Delete the key that is not in use, then rotate again."
    )
