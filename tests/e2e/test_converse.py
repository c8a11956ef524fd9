"""Models of Bedrock's Converse with the OpenAI SDK, on the deployed stack."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai import APIError, APIStatusError, OpenAI

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.standin import StandinControl

MESSAGES: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one two three"}]
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
    for name in ("weather", "a.tool.with dots" + "x" * 60)
]
CALLS = [
    {
        "id": f"call_{n}",
        "type": "function",
        "function": {"name": tool["function"]["name"], "arguments": arguments},
    }
    for n, (tool, arguments) in enumerate(zip(TOOLS, ('{"city": "Bonn"}', "{}"), strict=True))
]
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 60).decode()


def ask(client: OpenAI, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": CLAUDE, "messages": MESSAGES, **options})


def test_text(stack: LocalStack, client: OpenAI) -> None:
    """An answer names the caller's model, and its id leads to the log line and to Bedrock's id."""
    answer = client.chat.completions.with_raw_response.create(model=CLAUDE, messages=MESSAGES)
    completion = answer.parse()
    assert completion.choices[0].message.content == "echo: one two three"
    assert (completion.model, completion.choices[0].finish_reason) == (CLAUDE, "stop")
    assert completion.usage is not None
    line = request_logs.chat_line(stack, answer.headers["x-request-id"])
    assert line["bedrock_request_id"] == answer.headers["x-bedrock-request-id"]
    assert line["total_tokens"] == completion.usage.total_tokens
    assert (line["status"], line["guardrail_action"]) == (200, "NONE")
    assert line["guardrail"] == f"{stack.guardrail_identifier}:{stack.guardrail_version}"


@pytest.mark.parametrize("asks", [True, False])
def test_stream(client: OpenAI, asks: bool) -> None:
    """A stream has the text, one finish, and the usage only where the caller asked for it."""
    options = {"stream_options": {"include_usage": True}} if asks else {}
    chunks = list(ask(client, stream=True, **options))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == "echo: one two three"
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    assert bool(chunks[-1].usage) is asks
    assert len({(chunk.id, chunk.model) for chunk in chunks}) == 1


@pytest.mark.parametrize("streams", [False, True])
def test_parallel_calls_there_and_back(client: OpenAI, standin: StandinControl, streams: bool) -> None:
    """Two calls come with the caller's names, and their results go back in one turn."""
    standin.next_message("Let me see.", tool_calls=CALLS)
    answer = ask(client, tools=TOOLS, stream=streams)
    if streams:
        deltas = [
            call for chunk in answer if chunk.choices for call in chunk.choices[0].delta.tool_calls or []
        ]
        assert {delta.index for delta in deltas} == {0, 1}
        names = [delta.function.name for delta in deltas if delta.function.name]
        arguments = ["".join(d.function.arguments or "" for d in deltas if d.index == n) for n in (0, 1)]
    else:
        calls = answer.choices[0].message.tool_calls
        names, arguments = [c.function.name for c in calls], [c.function.arguments for c in calls]
    assert names == [tool["function"]["name"] for tool in TOOLS]
    assert [json.loads(text) for text in arguments] == [{"city": "Bonn"}, {}]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in CALLS]
    history = [*MESSAGES, {"role": "assistant", "content": "Let me see.", "tool_calls": CALLS}, *results]
    assert ask(client, messages=history, tools=TOOLS).choices


def test_image(client: OpenAI, standin: StandinControl) -> None:
    """An image goes up as bytes, with the type that its bytes have."""
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PIXEL}"}},
    ]
    assert ask(client, messages=[{"role": "user", "content": parts}]).choices
    (sent,) = [json.loads(request["body_text"]) for request in standin.requests()]
    assert sent["messages"][0]["content"][1] == {"image": {"format": "png", "source": {"bytes": PIXEL}}}


def test_json_schema(client: OpenAI, standin: StandinControl) -> None:
    """Where the family has structured output, Bedrock gets the schema."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    format_ = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    standin.next_message('{"city": "Bonn"}')
    answer = ask(client, response_format=format_)
    assert json.loads(answer.choices[0].message.content) == {"city": "Bonn"}
    sent = [json.loads(r["body_text"]) for r in standin.requests() if "/converse" in r["path"]]
    asked = sent[0]["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert json.loads(asked["schema"]) == schema


@pytest.mark.parametrize(
    ("options", "status", "code", "param"),
    [
        ({"n": 2}, 400, "unsupported_parameter", "n"),
        ({"logprobs": True}, 400, "unsupported_parameter", "logprobs"),
        ({"extra_body": {"top_a": 1}}, 400, "unsupported_parameter", "top_a"),
        ({"model": "anthropic.no-such-model-v1:0"}, 404, "model_not_found", None),
        ({"model": "arn:aws:bedrock:us-east-1:000000000000:prompt/ABC:1"}, 400, "invalid_model", "model"),
    ],
)
def test_refusals(client: OpenAI, options: Any, status: int, code: str, param: str | None) -> None:
    """What Converse cannot take is refused with the place that is wrong."""
    with pytest.raises(APIStatusError) as caught:
        ask(client, **options)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.request_id
    if param:
        assert caught.value.param == param


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 429}, 429, "rate_limit_exceeded"),
        ({"status": 503}, 503, None),
        ({"drop": "before_generating"}, 502, "upstream_connection_error"),
    ],
)
def test_bedrock_fails(
    client: OpenAI,
    standin: StandinControl,
    fault: dict[str, Any],
    status: int,
    code: str | None,
    stream: bool,
) -> None:
    """Bedrock's failures before an answer have their status, in one piece and streamed."""
    standin.next_fault(fault, requests=5)
    with pytest.raises(APIStatusError) as caught:
        ask(client, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.request_id
    assert code is None or caught.value.code == code


def test_cut_off_stream(client: OpenAI, standin: StandinControl) -> None:
    """A stream that is cut off raises after what had come, and does not look complete."""
    standin.next_fault({"cut_after_events": 4}, operations=["converse-stream"])
    pieces: list[str] = []
    with pytest.raises(APIError) as caught:
        pieces += [
            chunk.choices[0].delta.content or "" for chunk in ask(client, stream=True) if chunk.choices
        ]
    assert caught.value.code == "upstream_connection_error"
