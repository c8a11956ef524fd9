"""Each step has one log line that says how it ended. No line and no error holds a key or a message of AWS."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from key_rotation.handler import RotationFunction, StepFailedError
from key_rotation.steps import RotationSteps
from tests.unit.chat_gateway.lambda_calls import AWS, FakeContext
from tests.unit.key_rotation.rotations import SETTINGS, STEPS, World

DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "hunted"}}, "CreateServiceSpecificCredential"
)


def test_outcomes() -> None:
    """The lines of a rotation name the steps, their outcomes and the credentials."""
    world = World("a rotated key")
    old = world.iam.ids()
    world.rotate()
    lines = world.lines()[-4:]
    assert [(line["message"], line["level"]) for line in lines] == [("key rotation", "INFO")] * 4
    assert [line["step"] for line in lines] == list(STEPS)
    assert [line["outcome"] for line in lines] == ["created", "nothing to set", "accepted", "made current"]
    assert set(lines[0]["deleted_credentials"]) == old - world.iam.ids()
    assert lines[2]["attempts"] == 1
    new = {line["credential"] for line in lines if "credential" in line}
    assert new == {world.credential("AWSCURRENT")}


def test_no_key_is_logged() -> None:
    """No line of whole rotations, refused keys and faults holds a key, or a part of one, or AWS's text."""
    world = World("a plain key")
    world.rotate()
    world.calls.fault_at = {world.calls.count + 6: DENIED}
    said = [world.failure("createSecret")]
    assert world.lines()[-1]["deleted_credentials"] == world.iam.deleted
    world.calls.fault_at = {}
    world.step("createSecret", world.secret.begin())
    for one in world.iam.credentials.values():
        one["Status"] = "Inactive"
    world.check = lambda: None  # type: ignore[method-assign]  # no key works now
    said.append(world.failure("testSecret"))
    text = world.log.getvalue() + "".join(said)
    assert "createSecret failed: CreateServiceSpecificCredential: AccessDenied" in text
    assert "Bedrock has not accepted the new key: HTTP 403: the API key is not valid." in text
    for key in world.iam.keys.values():
        assert key not in text
        assert key[4:40] not in text
    assert "hunted" not in text


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (
            ConfigurationError("BEDROCK_KEY_USER is missing and has no default."),
            "BEDROCK_KEY_USER is missing",
        ),
        (ReadTimeoutError(endpoint_url="https://hunted"), "AWS could not be called: ReadTimeoutError"),
        (ValueError("hunted"), "an unexpected error"),
    ],
)
def test_faults(fault: Exception, says: str) -> None:
    """A fault is logged in our own words, at level ERROR, and the function fails."""
    world = World("no key")

    class Broken:
        @property
        def state(self) -> object:
            raise fault

    function = RotationFunction(Broken(), world._logger)  # type: ignore[arg-type]
    with pytest.raises(StepFailedError, match=says) as caught:
        function.handle({"Step": "createSecret", "ClientRequestToken": "token"}, FakeContext())  # type: ignore[arg-type]
    assert caught.value.__context__ is None
    (line,) = world.lines()
    assert (line["level"], line["outcome"], line["fault_class"]) == ("ERROR", "failed", type(fault).__name__)
    assert "hunted" not in json.dumps(line)


def test_wrong_settings_are_said_at_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function can be imported without its settings. The first step names the missing variable."""
    monkeypatch.delenv("BEDROCK_API_KEY_SECRET_ARN", raising=False)
    from key_rotation import handler

    with pytest.raises(ConfigurationError, match="BEDROCK_API_KEY_SECRET_ARN"):
        _ = Startup(handler._steps).state


def test_the_steps_are_built_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its settings, the function is ready for steps."""
    from key_rotation import handler

    for name, value in {**AWS, **SETTINGS.to_env()}.items():
        monkeypatch.setenv(name, value)
    assert isinstance(Startup(handler._steps).state, RotationSteps)
