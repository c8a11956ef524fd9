"""Calls the local gateway with the OpenAI SDK."""

from __future__ import annotations

from openai import DefaultHttpxClient, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam

from client_keys import key as client_key
from local.stack.local_stack import LocalStack

MODEL = "openai.gpt-oss-20b-1:0"
# Bedrock serves it on Converse only. The same local model answers.
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
_TIMEOUT_S = 30


def openai_client(stack: LocalStack, *, api_key: str | None = None) -> OpenAI:
    """A client that makes one attempt. `api_key` replaces the stack's own key. The caller closes the client."""
    key = api_key or stack.api_key
    is_elsewhere = stack.key_header != client_key.BEARER_HEADER  # where the SDK does not send it
    return OpenAI(
        base_url=stack.base_url,
        api_key=key,
        default_headers=client_key.headers(key, stack.key_header) if is_elsewhere else None,
        max_retries=0,
        timeout=_TIMEOUT_S,
        http_client=DefaultHttpxClient(trust_env=False),  # no proxy for loopback
    )


def ask(
    stack: LocalStack, messages: list[ChatCompletionMessageParam], *, max_tokens: int = 48
) -> ChatCompletion:
    """The gateway's answer. Raises openai.OpenAIError."""
    with openai_client(stack) as client:
        return client.chat.completions.create(
            model=MODEL, messages=messages, max_tokens=max_tokens, temperature=0
        )


def request_id(completion: ChatCompletion) -> str | None:
    """The gateway's request id, from the header x-request-id."""
    return completion._request_id  # noqa: SLF001 - the SDK's documented name for it


def text(completion: ChatCompletion) -> str:
    """The completion's text."""
    return completion.choices[0].message.content or ""
