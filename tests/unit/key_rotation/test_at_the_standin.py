"""The test of a key over HTTP, at the stand-in for Bedrock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from chat_gateway.guardrail.settings import Guardrail, Tagging
from chat_gateway.http1.transport import KeptConnections
from key_rotation.errors import RotationError
from key_rotation.key_test import KeyTest
from local.bedrock_standin.server.app import create_app
from tests.unit.bedrock_standin.conftest import KEY, FakeGuardrails, RecordingGenerator, listening
from tests.unit.key_rotation.rotations import SETTINGS

GUARDRAIL = Guardrail(
    identifier="gr-1", version="1", trace=None, callers_may_override=False, tagging=Tagging.OFF
)


@pytest.fixture
def generator() -> RecordingGenerator:
    """The stand-in's model."""
    return RecordingGenerator()


@pytest.fixture
def key_test(generator: RecordingGenerator) -> Iterator[KeyTest]:
    """A test of keys at a stand-in that listens on a socket."""
    app = create_app(api_key=KEY, generator=generator, guardrails=FakeGuardrails())
    with listening(app) as url, contextlib.closing(KeptConnections(max_idle=1)) as transport:
        settings = SETTINGS._replace(base_url=f"{url}/openai/v1", guardrail=GUARDRAIL)
        yield KeyTest(settings, transport=transport)


def test_a_key_that_works(key_test: KeyTest, generator: RecordingGenerator) -> None:
    """The stand-in accepts its key. No model is asked, so the test costs nothing."""
    assert key_test.run(KEY, ends_at=time.monotonic() + 30) == 1
    assert not generator.bodies


def test_a_key_that_does_not(key_test: KeyTest) -> None:
    """The stand-in refuses another key."""
    with pytest.raises(RotationError, match="the API key is not valid"):
        key_test.run("ABSK-of-nobody", ends_at=time.monotonic() + 1)
