"""The operations under /_standin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.server.app import create_app

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask, FakeGuardrails


def test_health_is_ok(client: TestClient) -> None:
    assert client.get("/_standin/health").json() == {"status": "ok"}


def test_counters_count_everything_but_control(ask: Ask, client: TestClient, guarded: dict[str, str]) -> None:
    ask(headers=guarded)
    ask(model="nova")
    assert client.get("/_standin/counters").json() == {
        "requests": 2,
        "generations": 1,
        "generations_dropped": 0,
        "generations_abandoned": 0,
        "in_flight": 0,
        "max_in_flight": 1,
        "guardrail_checks": 2,
        "streams_open": 0,
        "streams_abandoned": 0,
        "requests_abandoned": 0,
        "by_status": {"200": 1, "404": 1},
        "by_weather": {},
    }


def test_reset_forgets_counts_and_requests(ask: Ask, client: TestClient) -> None:
    ask()
    client.post("/_standin/counters/reset")
    counters = client.get("/_standin/counters").json()
    assert (counters["requests"], counters["max_in_flight"], counters["by_status"]) == (0, 0, {})
    assert client.get("/_standin/requests").json() == []


def test_requests_are_recorded_exactly_and_without_the_key(client: TestClient) -> None:
    client.post(
        "/v1/x", content=b' {"odd" :1}\n', headers={"Authorization": "Bearer made-up-key", "X-Odd": "1"}
    )
    client.get("/v1/y")
    first, second = client.get("/_standin/requests").json()
    assert (first["body_text"], first["status"], first["headers"]["x-odd"]) == (' {"odd" :1}\n', 200, "1")
    assert (first["headers"]["authorization"], second["headers"]["authorization"]) == ("present", "absent")


def test_only_the_last_200_requests_are_kept(client: TestClient) -> None:
    for number in range(202):
        client.post("/v1/x", content=str(number))
    bodies = [seen["body_text"] for seen in client.get("/_standin/requests").json()]
    assert (len(bodies), bodies[0], bodies[-1]) == (200, "2", "201")


def test_a_replaced_key_works_and_the_old_one_has_expired(ask: Ask, client: TestClient) -> None:
    client.put("/_standin/api-key", json={"api_key": "new", "expired": ["made-up-key"]})
    assert ask(headers={"authorization": "Bearer new"}).status_code == 200
    refused = ask()
    assert (refused.status_code, refused.json()) == (403, {"Message": "Bearer Token has expired"})


@pytest.mark.parametrize("change", [b"{", b"{}", b'{"api_key": ""}', b'{"api_key": "a", "expired": "b"}'])
def test_an_ill_formed_key_change_is_400_and_changes_nothing(
    ask: Ask, client: TestClient, change: bytes
) -> None:
    assert client.put("/_standin/api-key", content=change).status_code == 400
    assert ask().status_code == 200


def test_callers_from_elsewhere_are_refused(guardrails: FakeGuardrails) -> None:
    app = create_app(api_key="k", generator=EchoGenerator(), guardrails=guardrails)
    with TestClient(app, client=("192.0.2.1", 50000)) as elsewhere:
        assert elsewhere.get("/_standin/requests").status_code == 403


def test_guardrail_headers_can_be_ignored_refused_and_heeded_again(
    ask: Ask, client: TestClient, guarded: dict[str, str]
) -> None:
    def answers(**change: bool) -> list[str]:
        assert client.put("/_standin/guardrail-headers", json=change).status_code == 200
        asked = [ask("forbidden", headers=headers) for headers in (guarded, {})]
        return [
            a.json()["choices"][0]["message"]["content"] if a.status_code == 200 else str(a.status_code)
            for a in asked
        ]

    assert answers(ignored=True) == ["echo: forbidden", "echo: forbidden"]
    assert answers(denied=True) == ["403", "echo: forbidden"]
    assert answers() == ["INPUT blocked", "echo: forbidden"]


def test_a_refused_guardrail_names_the_missing_permission(
    ask: Ask, client: TestClient, guarded: dict[str, str]
) -> None:
    client.put("/_standin/guardrail-headers", json={"denied": True})
    refused = ask(headers=guarded)
    assert refused.headers["x-amzn-errortype"] == "AccessDeniedException"
    assert "bedrock:ApplyGuardrail" in refused.json()["Message"]


@pytest.mark.parametrize("change", [b"{", b'{"ignored": 1}', b'{"other": true}', b"[]"])
def test_malformed_guardrail_headers_change_is_400(
    ask: Ask, client: TestClient, guarded: dict[str, str], change: bytes
) -> None:
    """A malformed change of the guardrail headers is a 400 and changes nothing."""
    assert client.put("/_standin/guardrail-headers", content=change).status_code == 400
    assert ask("forbidden", headers=guarded).json()["choices"][0]["message"]["content"] == "INPUT blocked"


def test_with_ignored_headers_a_tag_suffix_is_ignored_too(
    ask: Ask, client: TestClient, guarded: dict[str, str]
) -> None:
    client.put("/_standin/guardrail-headers", json={"ignored": True})
    config = {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x"}}
    assert ask("forbidden", headers=guarded, **config).status_code == 200
