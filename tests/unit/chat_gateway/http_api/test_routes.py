"""The error for another path names the request, the existing path and the setting to change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import MethodNotAllowedError, UnknownPathError
from chat_gateway.http_api import routes

BASE_URL = "https://api.example/prod/openai/v1"


def message(method: str, path: str, resource: str = "/{proxy+}") -> str:
    return routes.refusal(method, resource, path, base_url=BASE_URL).message


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/openai/v1/responses", "in place of the Responses API"),
        ("/v1/responses/", "in place of the Responses API"),
        ("/openai/v1/completions", "in place of legacy completions"),
        ("/v1/embeddings", "has no embeddings"),
        ("/v1/moderations", "has no moderations"),
        ("/v1/messages", "in place of the Messages API"),
        ("/health", f"Use POST {BASE_URL}/chat/completions."),
    ],
)
def test_another_api_is_answered_with_advice(path: str, advice: str) -> None:
    """The error names the method and the path, and says what to use instead."""
    text = message("POST", path)
    assert text.startswith(f"There is no POST {path}. ")
    assert advice in text
    assert f"POST {BASE_URL}/chat/completions" in text


@pytest.mark.parametrize(
    "path",
    [
        "/chat/completions",
        "/openai/chat/completions",
        "/openai/v1/v1/chat/completions",
        "/openai/v1/chat/completions/chat/completions",
        "/openai/deployments/openai.gpt-oss-20b-1:0/chat/completions",
    ],
)
def test_a_wrong_base_url_is_answered_with_the_right_one(path: str) -> None:
    """The error for a wrong base URL (no /v1, /v1 twice, the whole path, or Azure's) gives the right one."""
    assert message("POST", path).endswith(f"Set your client's base URL to {BASE_URL}.")


@pytest.mark.parametrize("path", ["/models", "/openai/models/", "/v1//models", "/v1/chat/completions/models"])
def test_the_list_of_models_is_elsewhere(path: str) -> None:
    """Whoever looks for the list of models at a wrong path is told the right one."""
    assert message("GET", path) == f"There is no GET {path}. The list of models is GET {BASE_URL}/models."


def test_a_405_names_the_method() -> None:
    """A wrong method on the right path is a 405, not an unknown path."""
    error = routes.refusal("GET", "/v1/chat/completions", "/v1/chat/completions", base_url=BASE_URL)
    assert isinstance(error, MethodNotAllowedError)
    assert error.message.startswith("GET /v1/chat/completions is not allowed.")


@given(st.text(), st.text())
def test_any_path_is_an_error_of_ours(method: str, path: str) -> None:
    """For any path the message is short, and the log gets printable ASCII or nothing."""
    error = routes.refusal(method, "/{proxy+}", path, base_url=BASE_URL)
    assert isinstance(error, UnknownPathError)
    assert len(error.message) < 700
    for shown in routes.described(method, path).values():
        assert shown is None or (shown.isascii() and shown.isprintable() and len(shown) <= 200)
