"""The reason for a refusal is given in our own words; it is about the key only if Bedrock says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock import refusals

ABOUT_THE_KEY = [
    "Authentication failed: Please make sure your API Key is valid.",
    "Bearer Token has expired",
    "The security token included in the request is invalid",
    "Credential should be scoped to a valid region.",
    "The request signature we calculated does not match the signature you provided.",
    "User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:CallWithBearerToken on resource: arn:aws:bedrock:x",
]
ABOUT_ACCESS = [
    "You don't have access to the model with the specified model ID.",
    (
        "Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace "
        "actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)."
    ),
    "INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided.",
    "Your account is not authorized to invoke this API operation.",
    (
        "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: bedrock:InvokeModel on resource: "
        "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0 with an explicit deny"
    ),
    (
        "User: arn:aws:iam::1:user/has expired is not authorized to perform: bedrock:InvokeModel on resource: "
        "arn:aws:bedrock:us-east-1::foundation-model/signature"
    ),
    "You cannot use arn:aws:bedrock:us-east-1:1:inference-profile/security-token-signature",
    "User is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/k",
    "Your account does not have an agreement to this model",
    "This model is not available to this kind of account. Try again after 2 minutes.",
    "some wording of tomorrow",
    "Your AWS Marketplace subscription agreement has expired.",
    "Access denied: your payment instrument is expired.",
    "You don't have access to the model with the specified model ID my-request signature-key has expired",
    "",
]
# The vowels and k, of which every known wording holds one, and the letters that have those as their lower case.
IN_EVERY_WORDING = "aeioukAEIOUK\u0130\u212a"


@pytest.mark.parametrize("message", ABOUT_THE_KEY)
def test_a_wording_about_the_key_is_known(message: str) -> None:
    """A 403 that names the key is recognised as one about the key."""
    assert refusals.read(403, "AccessDeniedException", message).is_about_key


@pytest.mark.parametrize("message", ABOUT_ACCESS)
def test_any_other_403_is_about_access(message: str) -> None:
    """A 403 of any other wording is about the permissions of the credentials."""
    assert not refusals.read(403, "AccessDeniedException", message).is_about_key


@pytest.mark.parametrize("message", [*ABOUT_THE_KEY, *ABOUT_ACCESS])
def test_401_is_always_about_the_key(message: str) -> None:
    """A 401 is about the key, whatever its message."""
    assert refusals.read(401, None, message).is_about_key


@pytest.mark.parametrize(
    "kind", ["InvalidSignatureException", "UnrecognizedClientException", "ExpiredTokenException"]
)
def test_a_class_about_credentials_is_enough(kind: str) -> None:
    """AWS's own error class shows that the credentials are refused, whatever the message."""
    refusal = refusals.read(403, kind, "some wording of tomorrow")
    assert refusal.is_about_key
    assert "unknown reason" not in refusal.reason


def test_action_and_resource_are_named() -> None:
    """The reason names the missing permission and the resource, for the operator."""
    reason = refusals.read(403, "AccessDeniedException", ABOUT_ACCESS[4]).reason
    assert reason == (
        "AccessDeniedException: not authorized bedrock:InvokeModel "
        "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-20b-1:0"
    )


@given(
    st.text(st.characters(exclude_characters=IN_EVERY_WORDING)),
    st.sampled_from([*ABOUT_THE_KEY, *ABOUT_ACCESS]),
)
def test_no_other_word_is_repeated(words: str, message: str) -> None:
    """The reason does not depend on the text around the known wording."""
    alone = refusals.read(403, None, message)
    assert refusals.read(403, None, f"{words}\n{message}\n{words}") == alone


def test_reason_is_short() -> None:
    """An action and a resource of any length make a reason of less than 600 characters."""
    message = f"not authorized to perform: bedrock:{'A' * 9000} on resource: arn:aws:bedrock:{'x' * 9000}"
    assert len(refusals.read(403, None, message).reason) < 600


@pytest.mark.parametrize(
    ("resource", "shown"),
    [
        ("foundation-model/Peter-Miller-born-1970", "foundation-model/(not shown)"),
        ("foundation-model/qwen.qwen3-32b-v1:0", "foundation-model/qwen.qwen3-32b-v1:0"),
        ("application-inference-profile/a1b2c3d4e5f6", "application-inference-profile/a1b2c3d4e5f6"),
        ("guardrail/abc123", "guardrail/abc123"),
    ],
)
def test_a_name_that_is_no_models_is_not_shown(resource: str, shown: str) -> None:
    """The reason shows a denied resource only if its name can be a model's, since a caller chose the name."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:"
    message = f"User: u is not authorized to perform: bedrock:InvokeModel on resource: {arn}{resource}"
    reason = refusals.read(403, "AccessDeniedException", message).reason
    assert reason == f"AccessDeniedException: not authorized bedrock:InvokeModel {arn}{shown}"
