"""Streams through the deployed stack, read by OpenAI's SDKs. The emulator delivers each stream in one piece."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openai import APIError, APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from local.aws.guardrail_policy import BLOCKED_INPUT_MESSAGE, BLOCKED_WORD
from local.bedrock_standin.chat_completions.quirks import REFUSES_STREAM_OPTIONS
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "one two three"}]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {"type": "object", "properties": {"echo": {"type": "string"}}},
    },
}


def stream(client: OpenAI, **options: Any) -> list[ChatCompletionChunk]:
    options = {"messages": MESSAGES, **options}
    return list(client.chat.completions.create(model=MODEL, stream=True, **options))


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def test_the_sdk_iterates_a_stream_and_sees_no_usage_it_did_not_ask_for(
    client: OpenAI, standin: StandinControl
) -> None:
    chunks = stream(client)
    assert text_of(chunks) == "echo: one two three"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [chunk.usage for chunk in chunks if chunk.usage] == []
    (request,) = standin.requests()
    assert json.loads(request["body_text"])["stream_options"] == {"include_usage": True}


def test_the_async_sdk_iterates_it_too(stack: LocalStack) -> None:
    async def text() -> str:
        http = DefaultAsyncHttpxClient(trust_env=False)
        async with AsyncOpenAI(
            base_url=stack.base_url, api_key=stack.api_key, max_retries=0, http_client=http
        ) as client:
            answer = await client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
            return text_of([chunk async for chunk in answer])

    assert asyncio.run(text()) == "echo: one two three"


def test_usage_comes_last_where_it_was_asked_for(client: OpenAI) -> None:
    chunks = stream(client, stream_options={"include_usage": True})
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens > 0


def test_tool_calls_arrive_in_deltas(client: OpenAI) -> None:
    deltas = [choice.delta for chunk in stream(client, tools=[TOOL]) for choice in chunk.choices]
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert calls[0].function is not None
    assert calls[0].function.name == "look_up"
    arguments = "".join(call.function.arguments or "" for call in calls if call.function)
    assert len(calls) >= 3
    assert json.loads(arguments) == {"echo": "one two three"}


def test_log_line_of_a_stream(stack: LocalStack, client: OpenAI) -> None:
    """The log line of a stream has the tokens, the events and the time to the first token."""
    with client.chat.completions.with_streaming_response.create(
        model=MODEL, messages=MESSAGES, stream=True
    ) as answer:
        request_id = answer.headers["x-request-id"]
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = answer.read().decode().count("data: ")
    line = request_logs.chat_line(stack, request_id)
    # Of what was relayed, [DONE] is no event of ours to count; the usage chunk, which was kept back, is.
    assert (line["stream"], line["status"], line["events"]) == (True, 200, events)
    assert line["total_tokens"] > 0
    assert line["time_to_first_token_ms"] > 0
    assert line["bedrock_request_id"]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 429, "retry_after": "7"}, 429, "rate_limit_exceeded"),
        ({"status": 503}, 503, None),
        ({"drop": "before_generating"}, 502, "upstream_connection_error"),
        ({"without_choices": True}, 502, "upstream_invalid_response"),
        (
            {"error_event_first": {"message": "slow down", "type": "rate_limit_error"}},
            429,
            "rate_limit_exceeded",
        ),
        ({"error_event_first": {"message": "busy", "code": 503}}, 503, None),
        ({"garbage_after_events": 0}, 502, "upstream_invalid_response"),
        ({"cut_after_events": 0}, 502, "upstream_connection_error"),
    ],
)
def test_what_fails_before_the_first_event_is_a_status(
    client: OpenAI, fault: dict[str, Any], status: int, code: str | None
) -> None:
    with pytest.raises(APIStatusError) as caught:
        stream(client, extra_body={"standin_fault": fault})
    assert caught.value.status_code == status
    assert caught.value.request_id
    if code:
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"cut_after_events": 3}, "upstream_connection_error"),
        ({"end_after_events": 3}, "upstream_connection_error"),
        ({"garbage_after_events": 3}, "upstream_invalid_response"),
        ({"error_event_after": 3}, "internal_server_error"),
        ({"silent_after_events": 3, "silent_s": 30}, "gateway_timeout"),
    ],
)
def test_what_fails_after_it_is_raised_by_the_sdk_after_what_had_come(
    client: OpenAI, fault: dict[str, Any], code: str
) -> None:
    chunks: list[ChatCompletionChunk] = []
    answer = client.chat.completions.create(
        model=MODEL, messages=MESSAGES, stream=True, extra_body={"standin_fault": fault}
    )
    with pytest.raises(APIError) as caught:
        chunks.extend(answer)
    assert text_of(chunks)
    assert caught.value.code == code


@pytest.mark.parametrize("fault", [{"without_done": True}, {"end_after_events": 6}])
def test_a_stream_is_whole_without_done(stack: LocalStack, client: OpenAI, fault: dict[str, Any]) -> None:
    """If every choice has finished, the answer is complete; the log line says that [DONE] is missing."""
    answer = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=MESSAGES, stream=True, extra_body={"standin_fault": fault}
    )
    assert text_of(list(answer.parse())) == "echo: one two three"
    assert request_logs.chat_line(stack, answer.headers["x-request-id"])["done_missing"] is True


def test_a_model_that_refuses_usage_streams(client: OpenAI, standin: StandinControl) -> None:
    """A model that refuses the usage option is asked again without it, and then streams."""
    chunks = client.chat.completions.create(model=REFUSES_STREAM_OPTIONS, messages=MESSAGES, stream=True)
    assert text_of(list(chunks)) == "echo: one two three"
    assert standin.counters()["by_status"] == {"200": 1, "400": 1}


@pytest.mark.parametrize("fault", [{"line_ending": "\r\n"}, {"line_ending": "\r"}, {"comments": True}])
def test_line_ends_and_comments_are_the_servers_choice(client: OpenAI, fault: dict[str, Any]) -> None:
    chunks = stream(client, extra_body={"standin_fault": fault})
    assert text_of(chunks) == "echo: one two three"
    assert not any(chunk.usage for chunk in chunks)


def test_a_blocked_prompt_streams_the_guardrails_message(
    stack: LocalStack, client: OpenAI, standin: StandinControl
) -> None:
    messages = [{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]
    chunks = stream(client, messages=messages)
    assert text_of(chunks) == BLOCKED_INPUT_MESSAGE
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert standin.counters()["generations"] == 0


def node(stack: LocalStack, **request: Any) -> dict[str, Any]:
    """What OpenAI's Node SDK read."""
    script = Path(__file__).parent / "node" / "chat.mjs"
    body = json.dumps({"model": MODEL, "messages": MESSAGES, **request})
    env = {"PATH": os.environ["PATH"], "BASE_URL": stack.base_url, "API_KEY": stack.api_key, "REQUEST": body}
    done = subprocess.run(["node", script], env=env, capture_output=True, text=True, check=True, timeout=60)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_the_node_sdk_iterates_a_stream_and_knows_its_request_id(stack: LocalStack) -> None:
    seen = node(stack, stream=True, stream_options={"include_usage": True}, tools=[TOOL])
    calls = [
        call
        for chunk in seen["chunks"]
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert json.loads("".join(call["function"]["arguments"] for call in calls)) == {"echo": "one two three"}
    assert seen["chunks"][-1]["usage"]["total_tokens"] > 0
    assert request_logs.chat_line(stack, seen["requestId"])["stream"] is True


def test_the_node_sdk_reads_errors_before_the_first_event_and_after_it(stack: LocalStack) -> None:
    before = node(stack, stream=True, standin_fault={"status": 429})["error"]
    assert (before["status"], before["code"]) == (429, "rate_limit_exceeded")
    assert before["requestId"]
    after = node(stack, stream=True, standin_fault={"cut_after_events": 3})
    assert after["chunks"]
    assert after["error"]["code"] == "upstream_connection_error"


def test_the_node_sdk_gets_an_answer_in_one_piece(stack: LocalStack) -> None:
    seen = node(stack)
    assert seen["chunks"][0]["choices"][0]["message"]["content"] == "echo: one two three"
    assert seen["requestId"]
