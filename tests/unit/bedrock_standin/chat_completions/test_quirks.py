"""Requests and parameters that single models refuse or ignore."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.bedrock_standin.chat_completions.quirks import REFUSES_STREAM_OPTIONS

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask, RecordingGenerator

GPT_OSS, GPT, GROK, QWEN = (
    "openai.gpt-oss-20b-1:0",
    "us.openai.gpt-5.6-sol",
    "us.xai.grok-4.6",
    "qwen.qwen3-32b-v1:0",
)
TOOLS = [{"type": "function", "function": {"name": "f"}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def parts(url: object) -> list[dict[str, Any]]:
    """Messages with one image."""
    return [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}]


@pytest.mark.parametrize(
    ("model", "parameter", "value"),
    [
        (GPT_OSS, "n", 1),
        (QWEN, "n", 2),
        (GPT_OSS, "logit_bias", {}),
        ("us.openai.gpt-oss-120b-1:0", "logit_bias", {"1": 2}),
        (GPT, "max_tokens", 5),
        ("global.openai.gpt-6-astra", "max_tokens", 5),
        (GPT, "tools", TOOLS),
        (GROK, "stop", "x"),
        (QWEN, "service_tier", "reserved"),
        (QWEN, "service_tier", "standard"),
        (QWEN, "service_tier", ["auto"]),
        (QWEN, "response_format", "json_object"),
        (QWEN, "response_format", {"type": "xml"}),
    ],
)
def test_a_refused_parameter_is_400(ask: Ask, model: str, parameter: str, value: object) -> None:
    """The refusal names the parameter."""
    response = ask(model=model, **{parameter: value})
    assert response.status_code == 400
    error = json.loads(response.json()["error"]["message"])["error"]
    assert error["param"] == parameter
    assert parameter in error["message"]


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (QWEN, {"logit_bias": {"1": 2}, "max_tokens": 5, "stop": "x", "presence_penalty": 1}),
        (GPT, {"max_completion_tokens": 5, "stop": "x", "logit_bias": {}}),
        (GPT, {"tools": TOOLS, "reasoning_effort": "none"}),
        (GPT, {"tools": []}),
        (GROK, {"max_tokens": 5, "tools": TOOLS}),
        (GPT_OSS, {"frequency_penalty": 1, "n": None, "service_tier": None}),
        (QWEN, {"response_format": {"type": "text"}}),
        (QWEN, {"response_format": SCHEMA}),
        *[(QWEN, {"service_tier": tier}) for tier in ("auto", "default", "flex", "priority")],
    ],
)
def test_other_models_take_it(ask: Ask, model: str, changes: dict[str, Any]) -> None:
    """Only the models with a quirk refuse the parameter."""
    assert ask(model=model, **changes).status_code == 200


@pytest.mark.parametrize("parameter", ["presence_penalty", "frequency_penalty"])
@pytest.mark.parametrize("value", [0, 0.5])
def test_grok_answers_503_to_a_penalty(ask: Ask, parameter: str, value: float) -> None:
    """Grok answers a penalty with 503, as if it were busy, and does not name the parameter."""
    response = ask(model=GROK, **{parameter: value})
    assert response.status_code == 503
    assert response.headers["x-amzn-errortype"] == "ServiceUnavailableException"
    assert parameter not in response.text


@pytest.mark.parametrize("streams", [True, False])
def test_one_model_refuses_stream_options(ask: Ask, *, streams: bool) -> None:
    """The model refuses the option by name, and streams without it."""
    options = {"stream_options": {"include_usage": True}} if streams else {}
    response = ask(model=REFUSES_STREAM_OPTIONS, stream=True, **options)
    assert response.status_code == (400 if streams else 200)
    assert ("stream_options" in response.text) == streams


@pytest.mark.parametrize(
    ("said", "status"), [("Answer", 400), ("Answer in JSON", 200), ("Answer as a json object", 200)]
)
def test_json_object_wants_the_word_json(ask: Ask, said: str, status: int) -> None:
    """The prompt must contain "json" for `json_object`."""
    assert ask(said, model=QWEN, response_format={"type": "json_object"}).status_code == status


@pytest.mark.parametrize("wanted", [SCHEMA, {"type": "json_object"}, "nonsense"])
def test_gpt_oss_ignores_response_format(ask: Ask, generator: RecordingGenerator, wanted: object) -> None:
    """gpt-oss does not check the format, and the format does not reach the generator."""
    assert ask("hi", model=GPT_OSS, response_format=wanted).status_code == 200
    (body,) = generator.bodies
    assert "response_format" not in body


def test_other_models_heed_response_format(ask: Ask, generator: RecordingGenerator) -> None:
    """The format reaches the generator for every other model."""
    ask(model=QWEN, response_format=SCHEMA)
    (body,) = generator.bodies
    assert body["response_format"] == SCHEMA


@pytest.mark.parametrize("url", ["https://example.com/a.png", "http://localhost/", "", None, ["data:,"]])
def test_an_image_elsewhere_is_400(ask: Ask, url: object) -> None:
    """Bedrock does not fetch images from the web."""
    assert ask(messages=parts({"url": url})).status_code == 400
    assert ask(messages=parts(url)).status_code == 400


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "s3://bucket/a.png"])
def test_an_image_in_the_request_or_s3_is_taken(ask: Ask, url: str) -> None:
    """Bedrock reads images from data URLs and from S3."""
    assert ask(messages=parts({"url": url})).status_code == 200


@pytest.mark.parametrize("tier", ["auto", "priority"])
def test_the_tier_is_told_as_standard(ask: Ask, tier: str) -> None:
    """The tier is the recorded value, which callers cannot request; chunks have it too."""
    assert ask(service_tier=tier).json()["service_tier"] == "standard"
    *events, _, _ = ask(service_tier=tier, stream=True).text.split("\n\n")
    assert {json.loads(event.removeprefix("data: "))["service_tier"] for event in events} == {"standard"}
