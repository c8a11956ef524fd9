"""ApplyGuardrail: its verdicts, its limits, and how a test makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.bedrock_standin.conftest import KEY

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import FakeGuardrails

    Apply = Callable[..., Response]


@pytest.fixture
def apply(client: TestClient) -> Apply:
    """Asks ApplyGuardrail about texts with a valid key. Keywords change the body."""

    def apply(*texts: str, guardrail: str = "gr-1", version: str = "DRAFT", **changes: Any) -> Response:
        body = {"source": "INPUT", "content": [{"text": {"text": text}} for text in texts]} | changes
        path = f"/guardrail/{guardrail}/version/{version}/apply"
        return client.post(path, json=body, headers={"authorization": f"Bearer {KEY}"})

    return apply


def treat(client: TestClient, **treatment: Any) -> None:
    client.put("/_standin/apply-guardrail", json=treatment).raise_for_status()


@pytest.mark.parametrize(
    ("texts", "action", "outputs"),
    [
        (["a", "b"], "NONE", []),
        (["a secret", "b"], "GUARDRAIL_INTERVENED", ["a {SECRET}", "b"]),
        (["forbidden", "b"], "GUARDRAIL_INTERVENED", ["INPUT blocked"]),
    ],
)
def test_verdicts(apply: Apply, texts: list[str], action: str, outputs: list[str]) -> None:
    """The action, and the texts if the guardrail intervened."""
    answer = apply(*texts).json()
    assert (answer["action"], [output["text"] for output in answer["outputs"]]) == (action, outputs)
    assert answer["usage"]["wordPolicyUnits"] == 0
    assert len(answer["assessments"]) == 1


def test_the_source_and_the_texts_reach_the_guardrail(apply: Apply, guardrails: FakeGuardrails) -> None:
    """The evaluator gets the source and each text."""
    apply("a", "b", source="OUTPUT")
    assert guardrails.asked == [("OUTPUT", ["a", "b"])]


def test_an_arn_arrives_encoded(apply: Apply) -> None:
    """An ARN in the path is one encoded segment."""
    arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Aguardrail%2Fgr-1"
    assert apply("a", guardrail=arn).json()["action"] == "NONE"


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "BOTH"},
        {"content": []},
        {"content": [{"text": "a"}]},
        {"content": [{"text": {"text": "a", "qualifiers": ["made_up"]}}]},
        {"outputScope": "full"},
        {"extra": 1},
        {"guardrail": "gr2"},
        {"guardrail": "GR_1"},
        {"version": "draft"},
    ],
)
def test_a_wrong_request_is_400(apply: Apply, changes: dict[str, Any]) -> None:
    """An ill-formed request and an unknown guardrail are a 400."""
    refused = apply("a", **changes)
    assert (refused.status_code, "message" in refused.json()) == (400, True)


@pytest.mark.parametrize("status", [400, 429])
def test_too_many_characters_are_refused(apply: Apply, client: TestClient, status: int) -> None:
    """Over 25,000 characters in all, the call is refused with a text that speaks of text units."""
    treat(client, too_large_status=status)
    assert apply("a" * 12_500, "b" * 12_500).status_code == 200
    refused = apply("a" * 12_500, "b" * 12_501)
    assert (refused.status_code, "text units" in refused.json()["message"]) == (status, True)


def test_the_limit_can_be_changed(apply: Apply, client: TestClient) -> None:
    """A test can set another limit."""
    treat(client, max_characters=10)
    assert (apply("a" * 10).status_code, apply("a" * 11).status_code) == (200, 429)


def test_it_can_find_nothing(apply: Apply, client: TestClient, guardrails: FakeGuardrails) -> None:
    """Ignored, a call finds nothing and asks nobody."""
    treat(client, ignored=True)
    answer = apply("forbidden").json()
    assert (answer["action"], answer["outputs"], guardrails.asked) == ("NONE", [], [])


@pytest.mark.parametrize("path", ["apply-guardrail", "guardrail-headers"])
def test_it_can_be_denied(apply: Apply, client: TestClient, path: str) -> None:
    """Denied, a call is a 403 that names the permission. The guardrail of requests needs the same permission."""
    client.put(f"/_standin/{path}", json={"denied": True}).raise_for_status()
    refused = apply("a")
    assert (refused.status_code, "bedrock:ApplyGuardrail" in refused.json()["Message"]) == (403, True)


def test_it_can_fail(apply: Apply, client: TestClient) -> None:
    """The next call gets the fault, the one after it does not."""
    wanted = {"fault": {"status": 500}, "operations": ["apply-guardrail"]}
    client.put("/_standin/next-fault", json=wanted).raise_for_status()
    assert [apply("a").status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(
    "change", [b"{", b"[]", b'{"ignored": 1}', b'{"too_large_status": 500}', b'{"other": 1}']
)
def test_an_ill_formed_treatment_is_400(apply: Apply, client: TestClient, change: bytes) -> None:
    """An ill-formed treatment is a 400 and changes nothing."""
    assert client.put("/_standin/apply-guardrail", content=change).status_code == 400
    assert apply("forbidden").json()["action"] == "GUARDRAIL_INTERVENED"
