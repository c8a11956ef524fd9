"""Foreign text is accepted by pattern and length, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import foreign_text

KEY = "kG7-secret-of-any-shape"


def conceal(text: str) -> str:
    return text.replace(KEY, "***")


@pytest.mark.parametrize(
    "value", ["rate_limit_exceeded", "ThrottlingException", "0d3c7f1e-9a", "a", "JKJaXmPLvHcESHA=", "x" * 128]
)
def test_a_name_is_kept(value: str) -> None:
    """Codes, types and IDs in AWS's and OpenAI's form do not change."""
    assert foreign_text.name(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "two words",
        "x" * 129,
        "a\n",
        "a\x1b[31m",
        "caf\u00e9",
        "\ud800",
        "-a",
        None,
        7,
        ["a"],
        {"a": 1},
        KEY,
    ],
)
def test_what_is_no_name_is_dropped(value: object) -> None:
    """Words, control characters, long text, other types and our own key are not names."""
    assert foreign_text.name(value, conceal) is None


@pytest.mark.parametrize(
    "key",
    [
        "bcg-0123456789abcdefghij",
        "sk-bcg-0123456789abcdefghij",
        "ABSKQmVkcm9ja0FQSUtleS0xMjM0",
        "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3M",
        "ASIAIOSFODNN7EXAMPLE",
    ],
)
def test_what_looks_like_a_key_is_masked(key: str) -> None:
    """Text that looks like a key is masked in messages, and is not a name."""
    assert foreign_text.name(key) is None
    assert foreign_text.header_value(f"id {key}") is None
    assert foreign_text.message(f"the key {key} is bad") == "the key *** is bad"


def test_a_message_loses_secrets_and_controls() -> None:
    """A message keeps its words, its line breaks and at most 8,192 characters."""
    sent = f"Authorization: Bearer {'x' * 30}, key {KEY},\nhalf \ud800 \x1b[2J" + "y" * 9000
    message = foreign_text.message(sent, conceal) or ""
    assert message.startswith("Authorization: *** key ***,\nhalf \ufffd \ufffd[2J")
    assert len(message) == 8192


@pytest.mark.parametrize("value", [None, "", " \n", 7, {"message": "x"}])
def test_what_is_no_message_is_none(value: object) -> None:
    """An empty message, or one that is not text, becomes None."""
    assert foreign_text.message(value) is None


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_whatever_comes_is_safe(value: object) -> None:
    """The result is short, printable if it is a name, and can be encoded as UTF-8."""
    for kept in (foreign_text.name(value), foreign_text.place(value), foreign_text.header_value(value)):
        assert kept is None or (kept.isascii() and kept.isprintable() and len(kept) <= 200)
    message = foreign_text.message(value)
    assert message is None or message.encode("utf-8")


@given(st.text(max_size=40), st.text(max_size=40))
def test_our_key_never_comes_out(before: str, after: str) -> None:
    """Our own key is removed from any text of an upstream."""
    sent = before + KEY + after
    for kept in (
        foreign_text.name(sent, conceal),
        foreign_text.place(sent, conceal),
        foreign_text.header_value(sent, conceal),
        foreign_text.message(sent, conceal),
    ):
        assert kept is None or KEY not in kept


@pytest.mark.parametrize("before", ["id_", "x", "7", "%20", "-", "id.", ""])
@pytest.mark.parametrize("key", ["bcg-" + "A" * 24, "ABSK" + "b" * 40, "AKIAABCDEFGHIJKLMNOP"])
def test_a_key_behind_anything_is_masked(before: str, key: str) -> None:
    """A key is recognised after any text."""
    assert key not in foreign_text.without_keys(before + key)
    assert foreign_text.name(before + key) is None


@pytest.mark.parametrize(
    "text", ["a risk-assessment-of-something", "disk-encryption-key", "task-1234567890123"]
)
def test_a_word_that_ends_like_a_key_stays(text: str) -> None:
    """`sk-` inside a word does not begin a key."""
    assert foreign_text.without_keys(text) == text


@pytest.mark.parametrize(
    ("text", "is_model"),
    [
        ("openai.gpt-oss-20b-1:0", True),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("arn:aws:bedrock:us-east-1::foundation-model/qwen.qwen3-32b-v1:0", True),
        (
            "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
            True,
        ),
        ("arn:aws:bedrock:Peter-Miller-owes-4711", False),
        ("arn:aws:bedrock:us-east-1::foundation-model/Peter-Miller", False),
        ("gpt-4o", False),
        ("tell me a secret", False),
    ],
)
def test_a_model_has_a_models_form(text: str, is_model: bool) -> None:
    """An ID or an ARN has a model's form, and a caller's sentence does not."""
    assert foreign_text.model(text) == (text if is_model else None)
