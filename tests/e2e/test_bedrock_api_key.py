"""The Bedrock API key is changed, is wrong, or is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import InternalServerError, OpenAI

from gateway_cli import bedrock_key
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

NEW_KEY = "bedrock-api-key-another-one-0123456789"


def ask(client: OpenAI) -> str | None:
    completion = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    return completion.choices[0].message.content


@pytest.fixture
def key_restored(stack: LocalStack, standin: StandinControl, client: OpenAI) -> Iterator[None]:
    yield
    bedrock_key.put(stack.session(), stack.secret_arn, stack.bedrock_api_key)
    standin.accept_key(stack.bedrock_api_key)
    ask(client)


@pytest.mark.usefixtures("key_restored")
def test_a_key_changed_while_running_costs_no_request(
    stack: LocalStack, standin: StandinControl, client: OpenAI
) -> None:
    ask(client)
    bedrock_key.put(stack.session(), stack.secret_arn, NEW_KEY)
    standin.accept_key(NEW_KEY, expired=(stack.bedrock_api_key,))
    assert ask(client) == "echo: Hi"


@pytest.mark.usefixtures("key_restored")
@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("REPLACE-WITH-A-BEDROCK-API-KEY", "placeholder"),
        ('{"apikey": "a-typing-error"}', "api_key"),
        (NEW_KEY, "the key has expired"),
    ],
)
def test_unusable_key_is_503(
    stack: LocalStack, standin: StandinControl, client: OpenAI, secret: str, reason: str
) -> None:
    """A key that cannot be used is a 503 that is not retried, and the log says which secret holds the key."""
    stack.session().client("secretsmanager").put_secret_value(SecretId=stack.secret_arn, SecretString=secret)
    standin.accept_key("bedrock-api-key-nobody-has", expired=(stack.bedrock_api_key, NEW_KEY))
    patient = client.with_options(max_retries=2)
    with pytest.raises(InternalServerError) as caught:
        ask(patient)
    error = caught.value
    assert (error.status_code, error.code) == (503, "upstream_credentials_invalid")
    assert error.response.headers["x-should-retry"] == "false"
    assert error.request_id
    line = request_logs.chat_line(stack, error.request_id)
    assert line["secret_arn"] == stack.secret_arn
    assert reason in line["reason"]
    # One attempt by the SDK: at most the old key and its replacement.
    assert standin.counters()["requests"] <= 2
