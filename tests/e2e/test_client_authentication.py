"""Only clients with a known key are let in; all others get one fixed 401."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest
from openai import AuthenticationError, OpenAI

from client_keys import table as client_table
from local.stack.local_stack import LocalStack
from tests.e2e.clients_command import created
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}


def dynamodb(stack: LocalStack) -> DynamoDBClient:
    return stack.session().client("dynamodb")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer short",
        "Bearer bcg-nobody-has-this-key-nobody-at-all",
        "Bearer bcg-" + "k" * 43,
        f"Bearer {client_table.new_key()}",
        f"Bearer {client_table.new_key()[:-1]}",
        f"Bearer {client_table.new_key()}0",
        "Basic dXNlcjpwYXNz",
    ],
)
@pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/v1/chat/completions", "/anywhere"])
def test_without_a_known_key_nothing_is_answered_but_one_fixed_401(
    http: httpx.Client, standin: StandinControl, authorization: str | None, path: str
) -> None:
    del http.headers["authorization"]
    if authorization is not None:
        http.headers["authorization"] = authorization
    answer = http.post(path, json=BODY)
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error",
        None,
        "invalid_api_key",
    )
    assert answer.headers["x-request-id"]
    assert standin.requests() == []


def test_the_sdk_raises_its_authentication_error_with_the_request_id(client: OpenAI) -> None:
    stranger = client.with_options(api_key="bcg-a-key-that-nobody-was-given")
    with pytest.raises(AuthenticationError) as caught:
        stranger.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id


def test_a_client_created_now_is_let_in_now(stack: LocalStack, client: OpenAI) -> None:
    key = created(stack, "newcomer")
    newcomer = client.with_options(api_key=key)
    assert newcomer.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}]).choices


def test_expired_client_is_refused(stack: LocalStack, client: OpenAI, standin: StandinControl) -> None:
    """A client works until its `expires_at`, and then gets the 401 of a wrong key."""
    now_s = int(time.time())

    def answered(expires_at: int) -> bool:
        key = client_table.new_key()
        client_table.store_temporary(
            dynamodb(stack), stack.clients_table, "expiring", key, expires_at=expires_at
        )
        chat = client.with_options(api_key=key).chat
        return bool(
            chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}]).choices
        )

    with pytest.raises(AuthenticationError) as caught:
        answered(now_s - 1)
    assert caught.value.code == "invalid_api_key"
    assert standin.requests() == []
    assert answered(now_s + 600)


def test_the_table_of_clients_holds_no_key(stack: LocalStack) -> None:
    items = stack.session().client("dynamodb").scan(TableName=stack.clients_table)["Items"]
    assert items
    assert stack.api_key not in str(items)
