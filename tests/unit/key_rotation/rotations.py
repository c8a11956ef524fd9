"""Whole rotations as Secrets Manager runs them, and the claims that hold after every call."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx

from chat_gateway.bedrock.settings import PLACEHOLDER
from chat_gateway.core.startup import Startup
from key_rotation import stored_key
from key_rotation.handler import RotationFunction, StepFailedError
from key_rotation.key_test import KeyTest
from key_rotation.secret_versions import SecretVersions
from key_rotation.settings import RotationSettings
from key_rotation.steps import RotationSteps
from key_rotation.user_credentials import UserCredentials
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.key_rotation.fake_aws import (
    CURRENT,
    MAX_CREDENTIALS,
    PREVIOUS,
    SECRET_ARN,
    USER,
    Calls,
    FakeIam,
    FakeSecretsManager,
    KilledError,
)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
SETTINGS = RotationSettings(
    secret_arn=SECRET_ARN,
    user=USER,
    key_age_days=90,
    base_url="https://bedrock.test/openai/v1",
    model="openai.gpt-oss-20b-1:0",
    guardrail=None,
)
# Longer than the clocks of AWS may differ.
LATER = timedelta(minutes=1)


class World:
    """One secret and one user. `begins` says what the secret holds before the first rotation."""

    def __init__(self, begins: str) -> None:
        self.calls = Calls()
        self.iam = FakeIam(self.calls, shows_alias=begins != "an opaque key")
        self.secret = FakeSecretsManager(self.calls, PLACEHOLDER)
        self.log = StringIO()
        self._slept_s = 0.0
        self._logger = logger_to(self.log)
        self._begin(begins)
        self.calls.now += LATER

    def _begin(self, begins: str) -> None:
        if begins == "no key":
            return
        _, key = self.iam.make("someone-else" if begins == "another user's key" else USER)
        self.secret.put(json.dumps({"api_key": key}) if begins == "JSON" else key)
        if begins == "a rotated key":
            self.calls.now += LATER
            self.rotate()

    @property
    def function(self) -> RotationFunction:
        """A new execution environment of the function."""
        test = KeyTest(
            SETTINGS,
            transport=httpx.MockTransport(self._bedrock),
            sleep=self._sleep,
            clock=lambda: self._slept_s,
        )
        steps = RotationSteps(
            SecretVersions(self.secret, SECRET_ARN),
            UserCredentials(self.iam, USER),
            test,
            key_age_days=SETTINGS.key_age_days,
            now=lambda: self.calls.now,
        )
        return RotationFunction(Startup(lambda: steps), self._logger, clock=lambda: self._slept_s)

    def step(self, step: str, token: str) -> None:
        """One step. Raises StepFailedError and KilledError. What must always hold is checked after it."""
        event = {"SecretId": SECRET_ARN, "ClientRequestToken": token, "Step": step}
        try:
            self.function.handle(event, FakeContext())  # type: ignore[arg-type]
        finally:
            self.check()

    def rotate(self) -> None:
        """One rotation. After a kill, Secrets Manager begins again with the same token."""
        token = self.secret.begin()
        try:
            for step in STEPS:
                self.step(step, token)
        except KilledError:
            self.calls.kill_at = 0
            self.calls.now += LATER
            self.rotate()

    def check(self) -> None:
        """The key in use works, if there was one that did, and the user has at most two."""
        assert len(self.iam.ids()) <= MAX_CREDENTIALS
        key = self.key(CURRENT)
        assert key is None or self.iam.accepts(key.api_key)

    def key(self, label: str) -> stored_key.StoredKey | None:
        """The key at the label."""
        return stored_key.from_text(self.secret.text(label))

    def credential(self, label: str) -> str | None:
        """The id of the user's credential whose key is at the label."""
        key = self.key(label)
        return next((id_ for id_ in self.iam.ids() if key and self.iam.keys[id_] == key.api_key), None)

    def expected(self) -> set[str]:
        """The credentials that the user has after a rotation."""
        return {id_ for label in (CURRENT, PREVIOUS) if (id_ := self.credential(label)) is not None}

    def lines(self) -> list[dict[str, Any]]:
        """The log lines."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def failure(self, step: str, token: str | None = None) -> str:
        """The message with which the step fails."""
        try:
            self.step(step, token or self.secret.begin())
        except StepFailedError as error:
            return str(error)
        raise AssertionError("the step did not fail")

    def _sleep(self, pause_s: float) -> None:
        self._slept_s += pause_s

    def _bedrock(self, request: httpx.Request) -> httpx.Response:
        """A call of AWS, too. Bedrock refuses the request for its key, or else for its body."""
        key = request.headers["authorization"].removeprefix("Bearer ")
        assert json.loads(request.content)["messages"] == []
        is_accepted: bool = self.calls(lambda: self.iam.accepts(key))
        if is_accepted:
            return httpx.Response(400, json={"error": {"message": f"no messages, {key}"}})
        return httpx.Response(
            403, json={"Message": "Authentication failed: Please make sure your API Key is valid."}
        )
