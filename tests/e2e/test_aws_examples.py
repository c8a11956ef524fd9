"""AWS's own examples of a guardrail in a chat completion work if only their IDs are changed.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions-mantle.html, "Include a guardrail in a chat
completion"
"""

from __future__ import annotations

import httpx
from openai import OpenAI

from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl


def test_the_python_example(stack: LocalStack, client: OpenAI, standin: StandinControl) -> None:
    """The example's headers for guardrail, version and trace, and its tag suffix, get an answer and a request ID."""
    completion = client.chat.completions.create(
        model=MODEL,
        extra_headers={
            "X-Amzn-Bedrock-GuardrailIdentifier": stack.guardrail_identifier,
            "X-Amzn-Bedrock-GuardrailVersion": stack.guardrail_version,
            "X-Amzn-Bedrock-Trace": "ENABLED",
        },
        extra_body={"amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"}},
        messages=[
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "assistant", "content": "Hello! How can I help you today?"},
            {"role": "user", "content": "What is the weather like today?"},
        ],
    )
    assert completion._request_id
    assert completion.choices[0].message.content == "echo: What is the weather like today?"
    check_guardrail(stack, standin)


def test_the_java_example(stack: LocalStack, http: httpx.Client, standin: StandinControl) -> None:
    """openai-java's request for AWS's example works: two headers by `putAdditionalHeader`, one body property."""
    answer = http.post(
        "/openai/v1/chat/completions",
        headers={
            "X-Stainless-Lang": "java",
            "X-Amzn-Bedrock-GuardrailIdentifier": stack.guardrail_identifier,
            "X-Amzn-Bedrock-GuardrailVersion": stack.guardrail_version,
        },
        json={
            "messages": [{"content": "What is the temperature in Seattle?", "role": "user"}],
            "model": MODEL,
            "amazon-bedrock-guardrailConfig": {"tagSuffix": "xyz"},
        },
    )
    assert answer.status_code == 200, answer.text
    check_guardrail(stack, standin)


def check_guardrail(stack: LocalStack, standin: StandinControl) -> None:
    """Asserts that the one request that Bedrock got has the enforced guardrail."""
    (request,) = standin.requests()
    assert request["headers"]["x-amzn-bedrock-guardrailidentifier"] == stack.guardrail_identifier
    assert request["headers"]["x-amzn-bedrock-guardrailversion"] == stack.guardrail_version
