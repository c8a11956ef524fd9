"""Texts of secrets: what an operator stored, and what a rotation stores."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock import api_key
from chat_gateway.bedrock.settings import PLACEHOLDER
from chat_gateway.core.errors import UpstreamCredentialsError
from key_rotation import stored_key
from key_rotation.stored_key import StoredKey


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ABSK-key-1\n", StoredKey("ABSK-key-1")),
        ('{"api_key": "ABSK-key-1"}', StoredKey("ABSK-key-1")),
        ('{"api_key": "ABSK-key-1", "credential_id": "ACCA1"}', StoredKey("ABSK-key-1", "ACCA1")),
        ('{"api_key": "ABSK-key-1", "credential_id": 1}', StoredKey("ABSK-key-1")),
        ('{"api_key": "ABSK-key-1", "credential_id": ""}', StoredKey("ABSK-key-1")),
        (PLACEHOLDER, None),
        (json.dumps({"api_key": PLACEHOLDER}), None),
        ("", None),
        ("{", None),
        ("{" * 100_000, None),
        ('{"api_key": 1}', None),
    ],
)
def test_texts(text: str, key: StoredKey | None) -> None:
    """A plain key and a JSON object are read. The placeholder and other texts are no key."""
    assert stored_key.from_text(text) == key


@given(
    st.text()
    | st.text().map(lambda text: f"{{{text}}}")
    | st.builds(json.dumps, st.dictionaries(st.just("api_key") | st.text(), st.text()))
)
def test_any_text(text: str) -> None:
    """Any text is a key or none. What the gateway's functions accept as a key is the same key here."""
    key = stored_key.from_text(text)
    try:
        accepted = api_key.parse_secret(text)
    except UpstreamCredentialsError:
        return
    assert key is not None
    assert key.api_key == accepted


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_what_is_stored_is_read(key: str) -> None:
    """A stored key comes back."""
    stored = StoredKey(key, "ACCA1")
    assert stored_key.from_text(stored.to_text("user")) == stored


@given(st.text())
def test_any_alias(text: str) -> None:
    """A key of any text shows an alias or none."""
    for key in (text, f"ABSK{text}", "ABSK" + base64.b64encode(text.encode()).decode()):
        alias = StoredKey(key).alias
        assert alias is None or alias in text


def test_the_alias() -> None:
    """The alias is what comes before the colon in a long-term key."""

    def alias(text: str, begins: str = "ABSK") -> str | None:
        return StoredKey(begins + base64.b64encode(text.encode()).decode()).alias

    assert alias("user-at-123456789012:secret:more") == "user-at-123456789012"
    assert alias("user-at-123456789012") is None
    assert alias(":secret") is None
    assert alias("user:secret", begins="bedrock-api-key-") is None


def test_a_key_is_not_shown() -> None:
    """The text of a stored key for a log or a traceback has no key."""
    assert "hunted" not in repr(StoredKey("hunted", "ACCA1"))
