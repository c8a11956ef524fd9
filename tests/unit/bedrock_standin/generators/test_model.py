"""The model's defaults, and the input that it accepts."""

from __future__ import annotations

import pytest

from local.bedrock_standin.generators.model import check_readable, with_defaults
from local.bedrock_standin.refusals import RefusalError

BODY = {"model": "openai.x", "messages": [{"role": "developer", "content": "Be brief."}]}


def test_the_model_always_has_a_token_limit_and_a_system_message() -> None:
    question = {"role": "user", "content": "Hi"}
    defaulted = with_defaults({"messages": [question]})
    assert defaulted["max_tokens"] == 256
    assert [message["role"] for message in defaulted["messages"]] == ["system", "user"]


def test_the_callers_own_limit_and_system_message_stay() -> None:
    body = BODY | {"max_completion_tokens": 3}
    assert with_defaults(body) == body


def test_a_schema_gets_bounds() -> None:
    """A schema's strings and arrays get bounds, so that the model comes to an end."""
    text, bounded = {"type": "string"}, {"type": "string", "maxLength": 60}
    named = {"type": "string", "enum": ["a"]}
    schema = {"properties": {"a": text, "b": {"type": "array", "items": text}, "c": named}, "anyOf": [text]}
    made = with_defaults(BODY | {"response_format": {"json_schema": {"schema": schema}}})
    assert made["response_format"]["json_schema"]["schema"] == {
        "properties": {"a": bounded, "b": {"type": "array", "items": bounded, "maxItems": 4}, "c": named},
        "anyOf": [bounded],
    }


def test_the_model_reads_text_only() -> None:
    """A part that is not text is named, with its place."""
    text = {"type": "text", "text": "What is this?"}
    check_readable({"messages": [{"role": "user", "content": [text]}, {"role": "assistant"}]})
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    with pytest.raises(RefusalError) as caught:
        check_readable({"messages": [{"role": "user", "content": [text, image]}]})
    assert (caught.value.status, caught.value.param) == (400, "messages[0].content")
    assert caught.value.message.endswith("the model reads text parts only, not 'image_url'.")
