"""Streams ask for usage; a model that refuses is asked without it."""

from __future__ import annotations

import pytest

from chat_gateway.completions import stream_usage
from chat_gateway.completions.request import ChatRequest
from chat_gateway.completions.stream_usage import StreamUsage
from chat_gateway.core.errors import UpstreamError

MODELS = ("a.m",)


def request(options: object = None, *, streams: bool = True, model: str = "a.m") -> ChatRequest:
    return ChatRequest(model, {"stream_options": options} if options is not None else {}, streams=streams)


def refusal(message: str, *, status: int = 400, param: str | None = None) -> UpstreamError:
    return UpstreamError(
        message, status=status, type_="x", code=None, param=param, retry_headers={}, bedrock_request_id=None
    )


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (None, {"include_usage": True}),
        ({}, {"include_usage": True}),
        ({"include_obfuscation": False}, {"include_obfuscation": False, "include_usage": True}),
        ({"include_usage": None}, {"include_usage": True}),
    ],
)
def test_usage_is_asked_for(options: object, sent: object) -> None:
    """A stream whose caller does not mention usage asks for it, beside the caller's other options."""
    assert StreamUsage().asked_for(request(options), MODELS).document["stream_options"] == sent


@pytest.mark.parametrize("options", [{"include_usage": False}, {"include_usage": True}, "no object", []])
def test_a_callers_word_stays(options: object) -> None:
    """If the caller set `include_usage` or invalid options, nothing changes."""
    said = request(options)
    assert StreamUsage().asked_for(said, MODELS) is said


def test_a_no_can_be_overridden() -> None:
    """Usage can be asked for although the caller declined it; the caller's other options stay."""
    said = request({"include_usage": False, "include_obfuscation": False})
    asking = StreamUsage().asked_for(said, MODELS, overrides_no=True)
    assert asking.document["stream_options"] == {"include_usage": True, "include_obfuscation": False}


@pytest.mark.parametrize("options", [{"include_usage": True}, {"include_usage": 0}, "no object", []])
def test_other_words_are_not_overridden(options: object) -> None:
    """A yes stays as it is, and Bedrock judges invalid options."""
    said = request(options)
    assert StreamUsage().asked_for(said, MODELS, overrides_no=True) is said


def test_what_does_not_stream_stays() -> None:
    """A buffered request does not change, because its answer has the usage anyway."""
    said = request(streams=False)
    assert StreamUsage().asked_for(said, MODELS) is said


@pytest.mark.parametrize(
    "error",
    [
        refusal("Unsupported parameter: 'stream_options'"),
        refusal("include_usage is not known"),
        refusal("no", param="stream_options.include_usage"),
    ],
)
def test_a_model_that_refuses_is_remembered(error: UpstreamError) -> None:
    """A model that refused the option is not asked for usage again; other models are."""
    usage = StreamUsage()
    assert stream_usage.is_refused(error)
    assert usage.asked_for(request(), MODELS).document != {}
    usage.remember(request().model)
    assert usage.asked_for(request(), MODELS).document == {}
    assert usage.asked_for(request(model="a.other"), ("a.other",)).document != {}
    assert usage.asked_for(request(model="fast"), ("a.other", *MODELS)).document == {}


@pytest.mark.parametrize("error", [refusal("bad temperature"), refusal("stream_options", status=500)])
def test_another_error_is_the_callers(error: UpstreamError) -> None:
    """Only a 400 that names the option counts as a refusal of it."""
    assert not stream_usage.is_refused(error)


def test_what_is_remembered_has_an_end() -> None:
    """At most a hundred models are remembered, however many names callers invent."""
    usage = StreamUsage()
    models = [f"a.model-{number}" for number in range(1000)]
    for model in [*models, "x" * 4_000_000]:
        usage.remember(model)
    remembered = [model for model in models if usage.asked_for(request(), (model,)).document == {}]
    assert remembered == models[900:]
