"""Bedrock's 403 errors, in the wordings that public reports quote, through the deployed stack."""

from __future__ import annotations

import pytest
from openai import APIStatusError, OpenAI

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL

ROLE = "arn:aws:sts::000000000000:assumed-role/gateway/function"
RESOURCE = "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0"
ABOUT_ACCESS = [
    "You don't have access to the model with the specified model ID.",
    (
        "Model access is denied due to IAM user or service role is not authorized to perform the required AWS "
        "Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access to this "
        "model. Try again after 2 minutes."
    ),
    "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.",
    "Your account is not authorized to perform this operation. Please create a support case.",
    "Your account is not authorized to invoke this API operation.",
    (
        f"User: {ROLE} is not authorized to perform: bedrock:InvokeModel on resource: {RESOURCE} with an explicit deny "
        "in a service control policy"
    ),
    (
        f"User: {ROLE} is not authorized to perform: kms:Decrypt on resource: "
        "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"
    ),
    "Your account does not have an agreement to this model. Try again after 2 minutes.",
    "This model is not available to this kind of account.",
]
ABOUT_THE_KEY = [
    "Authentication failed: Please make sure your API Key is valid.",
    "Bearer Token has expired",
    "The security token included in the request is invalid",
    "The request signature we calculated does not match the signature you provided.",
    f"User: {ROLE} is not authorized to perform: bedrock:CallWithBearerToken on resource: {RESOURCE}",
]


def refusal(client: OpenAI, said: str, shape: str) -> APIStatusError:
    """The caller's error if Bedrock answers 403 with this message."""
    fault = {"status": 403, "error_shape": shape, "message": said}
    with pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Hi"}],
            extra_body={"standin_fault": fault},
        )
    return caught.value


@pytest.mark.parametrize("said", ABOUT_ACCESS)
def test_access_denied_is_the_callers_403(stack: LocalStack, client: OpenAI, said: str) -> None:
    """If only the model is denied, the caller gets the 403, and the key is not blamed."""
    error = refusal(client, said, "message")
    assert (error.status_code, error.code) == (403, "upstream_access_denied")
    assert said not in error.response.text
    assert error.request_id
    assert request_logs.chat_line(stack, error.request_id)["error_code"] == "upstream_access_denied"


@pytest.mark.parametrize("said", ABOUT_THE_KEY)
@pytest.mark.parametrize("shape", ["message", "Message"])
def test_a_refused_key_is_503(client: OpenAI, said: str, shape: str) -> None:
    """If Bedrock refuses the key, the caller gets a 503 and is told not to retry."""
    error = refusal(client, said, shape)
    assert (error.status_code, error.code) == (503, "upstream_credentials_invalid")
    assert error.response.headers["x-should-retry"] == "false"
    assert said not in error.response.text
