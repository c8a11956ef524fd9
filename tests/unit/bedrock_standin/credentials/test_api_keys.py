"""Keys that belong to nobody are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask

PATH = "/openai/v1/chat/completions"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", "Basic made-up-key", "Bearer made-up-key2"]
)
def test_a_wrong_key_is_403_with_a_capital_message(ask: Ask, authorization: str) -> None:
    response = ask(headers={"authorization": authorization})
    assert response.status_code == 403
    assert response.json() == {"Message": "Authentication failed: Please make sure your API Key is valid."}


def test_the_key_is_checked_before_the_body(client: TestClient) -> None:
    assert client.post(PATH, content=b"{").status_code == 403
