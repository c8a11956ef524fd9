"""A request is held to its client's policy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.client_policies.limits import limited
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.request import ChatRequest
from chat_gateway.core.errors import (
    ClientPolicyError,
    GatewayError,
    InvalidRequestError,
    ModelNotAllowedError,
)
from client_keys.policy import UNLIMITED, Policy
from tests.unit.chat_gateway.chat_requests import VALID


def request(**fields: Any) -> ChatRequest:
    """A valid request with these fields."""
    return chat_request.from_document({**VALID, **fields})


@pytest.mark.parametrize(
    ("globs", "model", "is_allowed"),
    [
        (["openai.*"], "openai.gpt-oss-20b-1:0", True),
        (["openai.gpt-oss-20b-1:0"], "openai.gpt-oss-20b-1:0", True),
        (["qwen.*", "openai.gpt-oss-?0b-1:0"], "openai.gpt-oss-20b-1:0", True),
        (["*"], "anything", True),
        (["openai.*"], "qwen.qwen3-32b-v1:0", False),
        (["openai.*"], "OPENAI.gpt", False),
        (["openai"], "openai.gpt-oss-20b-1:0", False),
        (["*"], "m" * 2049, False),
        (["openai.*"], "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt", False),
        ([], "openai.gpt-oss-20b-1:0", False),
    ],
)
def test_models(globs: list[str], model: str, is_allowed: bool) -> None:
    """A client may use the models whose names, as callers write them, one of its patterns matches."""
    policy = Policy(models=tuple(globs))
    if is_allowed:
        assert limited(request(model=model), policy) == request(model=model)
    else:
        with pytest.raises(ModelNotAllowedError) as refused:
            limited(request(model=model), policy)
        assert (refused.value.status, refused.value.code) == (403, "model_not_allowed")


def test_no_limits_change_nothing() -> None:
    """Without limits the request stays as it is."""
    chat = request(stream=True, max_tokens=-5)
    assert limited(chat, UNLIMITED) is chat


def test_stream_not_allowed() -> None:
    """A stream is refused to a client that may not stream, and an answer in one piece is not."""
    policy = Policy(may_stream=False)
    assert limited(request(), policy) == request()
    with pytest.raises(ClientPolicyError) as refused:
        limited(request(stream=True), policy)
    assert (refused.value.status, refused.value.code) == (403, "streaming_not_allowed")


@pytest.mark.parametrize(
    "asked",
    [{"max_tokens": 100}, {"max_completion_tokens": 1}, {"max_tokens": 5, "max_completion_tokens": 100}],
)
def test_allowed_output_is_kept(asked: dict[str, int]) -> None:
    """A caller's own limit of at most the client's goes up as it came."""
    assert limited(request(**asked), Policy(max_completion_tokens=100)) == request(**asked)


@pytest.mark.parametrize("asked", [{}, {"max_tokens": None}, {"max_completion_tokens": None}])
def test_output_limit_is_set(asked: dict[str, None]) -> None:
    """Where the caller sets no limit, the client's is sent."""
    chat = limited(request(**asked), Policy(max_completion_tokens=100))
    assert chat.document["max_completion_tokens"] == 100


@pytest.mark.parametrize(
    "asked",
    [
        {"max_tokens": 101},
        {"max_completion_tokens": 101},
        {"max_tokens": 1, "max_completion_tokens": 101},
        {"max_tokens": 101, "max_completion_tokens": 1},
    ],
)
def test_more_output_is_refused(asked: dict[str, int]) -> None:
    """The larger of the caller's two limits counts."""
    with pytest.raises(InvalidRequestError) as refused:
        limited(request(**asked), Policy(max_completion_tokens=100))
    assert (refused.value.status, refused.value.code) == (400, "max_tokens_exceeded")


@pytest.mark.parametrize("tokens", [0, -1, 1.5, 1.0, "50", True, [], {}])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_output_must_be_a_positive_integer(name: str, tokens: object) -> None:
    """Anything else could be read as no limit."""
    with pytest.raises(InvalidRequestError) as refused:
        limited(request(**{name: tokens}), Policy(max_completion_tokens=100))
    assert refused.value.param == name


_JSON = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
)


_LIMITS = _JSON | st.integers(1, 120)
_MODELS = st.sampled_from(["openai.x", "open"]) | st.text(min_size=1)


@given(max_tokens=_LIMITS, max_completion_tokens=_LIMITS, model=_MODELS)
def test_whatever_is_asked(max_tokens: object, max_completion_tokens: object, model: str) -> None:
    """A request is refused by an error of ours, or goes up with a limit of at most the client's."""
    policy = Policy(models=("open*",), max_completion_tokens=100)
    asked = request(model=model, max_tokens=max_tokens, max_completion_tokens=max_completion_tokens)
    try:
        document = limited(asked, policy).document
    except GatewayError:
        return
    set_limits = [
        document[name] for name in ("max_tokens", "max_completion_tokens") if document.get(name) is not None
    ]
    assert set_limits
    assert all(1 <= tokens <= 100 for tokens in set_limits)
    assert model.startswith("open")
