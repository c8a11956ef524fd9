"""The key is read once, read again if needed, and never sent if the secret holds no key."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock import api_key as bedrock_key
from chat_gateway.bedrock.settings import PLACEHOLDER
from chat_gateway.core.errors import UpstreamCredentialsError, UpstreamCredentialsUnavailableError
from tests.unit.chat_gateway.bedrock_key_fakes import Clock, FakeSecrets, api_key


@pytest.mark.parametrize(
    "text", ["ABSK-key-1", " ABSK-key-1\n", '{"api_key": "ABSK-key-1"}', ' {"api_key":"ABSK-key-1 "}']
)
def test_a_plain_string_and_a_json_object_both_hold_the_key(text: str) -> None:
    assert bedrock_key.parse_secret(text) == "ABSK-key-1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (PLACEHOLDER, "placeholder"),
        (json.dumps({"api_key": PLACEHOLDER}), "placeholder"),
        ("{", "not a JSON object"),
        ('{"key": "ABSK-key-1"}', "api_key"),
        ('{"api_key": 7}', "api_key"),
        ('{"api_key": ""}', "empty"),
        ("short", "at least 8"),
        ("two words of text", "visible ASCII"),
        ("ABSK-k\u00e9y-1", "visible ASCII"),
        ("ABSK-key-1\r\nx-injected: 1", "visible ASCII"),
    ],
)
def test_a_secret_without_a_key_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(UpstreamCredentialsError, match="operator must fix") as caught:
        bedrock_key.parse_secret(text)
    assert reason in caught.value.reason
    assert caught.value.headers() == {"x-should-retry": "false"}


@given(st.text())
def test_whatever_the_secret_holds_only_header_safe_keys_come_out(text: str) -> None:
    try:
        key = bedrock_key.parse_secret(text)
    except UpstreamCredentialsError as error:
        assert len(text) < 8 or text not in error.reason  # noqa: PT017 - either outcome is right
    else:
        assert key.isascii()
        assert key.isprintable()
        assert " " not in key


def test_the_key_is_read_once_until_it_is_old() -> None:
    secrets, clock = FakeSecrets("ABSK-key-1"), Clock()
    key = api_key(secrets, clock)
    assert [key.get(), key.get()] == ["ABSK-key-1"] * 2
    assert secrets.reads == 1
    secrets.text, clock.now_s = "ABSK-key-2", clock.now_s + 300
    assert key.get() == "ABSK-key-2"
    assert secrets.reads == 2


def test_a_refused_key_is_replaced_by_the_one_in_the_secret_now() -> None:
    secrets = FakeSecrets("ABSK-key-1")
    key = api_key(secrets)
    refused = key.get()
    secrets.text = "ABSK-key-2"
    assert key.replacement_for(refused) == "ABSK-key-2"
    assert key.get() == "ABSK-key-2"


def test_a_refused_key_that_is_still_in_the_secret_has_no_replacement() -> None:
    key = api_key(FakeSecrets("ABSK-key-1"))
    assert key.replacement_for(key.get()) is None


def test_threads_refused_together_share_one_read() -> None:
    secrets = FakeSecrets("ABSK-key-1")
    key = api_key(secrets)
    refused = key.get()
    secrets.text = "ABSK-key-2"
    with ThreadPoolExecutor(20) as pool:
        replacements = list(pool.map(key.replacement_for, [refused] * 50))
    assert replacements == ["ABSK-key-2"] * 50
    assert secrets.reads == 2


def test_a_secret_that_cannot_be_read_may_be_retried_by_the_caller() -> None:
    secrets = FakeSecrets("ABSK-key-1")
    secrets.failure = "ThrottlingException"
    with pytest.raises(UpstreamCredentialsUnavailableError) as caught:
        api_key(secrets).get()
    assert "ThrottlingException" in caught.value.reason
    assert caught.value.headers() == {}


def test_an_old_key_goes_on_serving_while_the_secret_cannot_be_read() -> None:
    secrets, clock = FakeSecrets("ABSK-key-1"), Clock()
    key = api_key(secrets, clock)
    key.get()
    secrets.failure, clock.now_s = "InternalServiceError", clock.now_s + 301
    assert [key.get() for _ in range(20)] == ["ABSK-key-1"] * 20
    assert secrets.reads == 2
    secrets.failure, secrets.text, clock.now_s = None, "ABSK-key-2", clock.now_s + 30
    assert key.get() == "ABSK-key-2"


def test_an_old_key_goes_on_serving_while_the_secret_holds_none() -> None:
    secrets, clock = FakeSecrets("ABSK-key-1"), Clock()
    key = api_key(secrets, clock)
    key.get()
    secrets.text, clock.now_s = "no key at all", clock.now_s + 301
    assert key.get() == "ABSK-key-1"


def test_refused_key_is_not_read_at_every_refusal() -> None:
    """If Bedrock goes on refusing a key, the secret is not read again at every refusal."""
    secrets, clock = FakeSecrets("ABSK-key-1"), Clock()
    key = api_key(secrets, clock)
    refused = key.get()
    assert [key.replacement_for(refused) for _ in range(20)] == [None] * 20
    assert secrets.reads == 2
    secrets.text, clock.now_s = "ABSK-key-2", clock.now_s + 5
    assert key.replacement_for(refused) == "ABSK-key-2"


@pytest.mark.parametrize(
    "failure", ["AccessDeniedException", "ResourceNotFoundException", "DecryptionFailure"]
)
def test_a_denied_read_is_not_to_be_retried(failure: str) -> None:
    """A denied secret needs an operator: callers are told not to retry, and the log says why."""
    secrets = FakeSecrets("ABSK-key-1")
    secrets.failure = failure
    with pytest.raises(UpstreamCredentialsError) as caught:
        api_key(secrets).get()
    assert (caught.value.code, caught.value.headers()) == (
        "upstream_credentials_invalid",
        {"x-should-retry": "false"},
    )
    assert failure in caught.value.reason


def test_a_request_waits_for_the_key_until_its_deadline() -> None:
    """While another thread reads the secret, a request waits no longer than its deadline."""
    reading, is_over = threading.Event(), threading.Event()

    class SlowSecrets(FakeSecrets):
        def call(
            self, operation: str, parameters: Mapping[str, Any], *, ends_at: float = math.inf
        ) -> dict[str, Any]:
            reading.set()
            is_over.wait(30)
            return super().call(operation, parameters)

    key = api_key(SlowSecrets("ABSK-key-1"))
    reader = threading.Thread(target=key.get)
    reader.start()
    reading.wait(30)
    with pytest.raises(UpstreamCredentialsUnavailableError):
        key.get(ends_at=time.monotonic() + 0.01)
    is_over.set()
    reader.join()


@pytest.mark.parametrize("failure", ["ThrottlingException", "AccessDeniedException"])
def test_a_secret_that_cannot_be_read_has_no_other_key(failure: str) -> None:
    """If the secret cannot be read, Bedrock's refusal stands, and the secret is not read at every refusal."""
    secrets, clock = FakeSecrets("ABSK-key-1"), Clock()
    key = api_key(secrets, clock)
    refused = key.get()
    secrets.failure = failure
    assert [key.replacement_for(refused) for _ in range(20)] == [None] * 20
    assert secrets.reads == 2
    secrets.failure, secrets.text, clock.now_s = None, "ABSK-key-2", clock.now_s + 5
    assert key.replacement_for(refused) == "ABSK-key-2"
