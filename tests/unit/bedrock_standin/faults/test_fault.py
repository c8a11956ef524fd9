"""Faults that a request asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.bedrock_standin.refusals import ConnectionDroppedError

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask


def generations(client: TestClient) -> int:
    return int(client.get("/_standin/counters").json()["generations"])


def test_a_status_comes_with_the_wait_and_without_generating(ask: Ask, client: TestClient) -> None:
    response = ask(standin_fault={"status": 429, "retry_after": "2", "retry_after_ms": 1500})
    assert response.status_code == 429
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == ("2", "1500")
    assert response.headers["x-amzn-errortype"] == "ThrottlingException"
    assert response.json()["error"]["code"] == "rate_limit_exceeded"
    assert generations(client) == 0


@pytest.mark.parametrize("shape", ["message", "Message"])
def test_an_error_comes_in_the_shape_asked_for(ask: Ask, shape: str) -> None:
    assert list(ask(standin_fault={"status": 503, "error_shape": shape}).json()) == [shape]


@pytest.mark.parametrize("shape", ["error", "message", "Message"])
def test_an_error_says_what_is_asked_for(ask: Ask, shape: str) -> None:
    """A request can ask for any wording of AWS, in each shape that AWS uses."""
    said = "User is not authorized to perform: kms:Decrypt"
    response = ask(standin_fault={"status": 403, "error_shape": shape, "message": said})
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"
    answer = response.json()
    assert (answer["error"]["message"] if shape == "error" else answer[shape]) == said


@pytest.mark.parametrize("status", [200, 502])
def test_garbage_is_not_json(ask: Ask, status: int) -> None:
    response = ask(standin_fault={"status": status, "body": "garbage"})
    assert response.status_code == status
    with pytest.raises(json.JSONDecodeError):
        json.loads(response.text)


def test_without_choices_is_a_200_object(ask: Ask) -> None:
    response = ask(standin_fault={"without_choices": True})
    assert response.status_code == 200
    assert "choices" not in response.json()


def test_a_named_fault_happens_so_many_times(ask: Ask, client: TestClient) -> None:
    fault = {"status": 500, "times": 2, "id": "a"}
    assert [ask(standin_fault=fault).status_code for _ in range(3)] == [500, 500, 200]
    assert ask(standin_fault=fault | {"id": "b"}).status_code == 500
    client.post("/_standin/counters/reset")
    assert ask(standin_fault=fault).status_code == 500


def test_a_delay_alone_only_delays(ask: Ask) -> None:
    assert ask(standin_fault={"delay_s": 0.01}).status_code == 200


def test_the_key_is_checked_before_any_fault(ask: Ask) -> None:
    response = ask(headers={"authorization": "Bearer wrong"}, standin_fault={"status": 500})
    assert response.status_code == 403


@pytest.mark.parametrize(("drop", "generated"), [("before_generating", 0), ("after_generating", 1)])
@pytest.mark.parametrize("stream", [True, False])
def test_a_drop_counts_what_was_generated(
    ask: Ask, client: TestClient, drop: str, generated: int, *, stream: bool
) -> None:
    with pytest.raises(ConnectionDroppedError):
        ask(stream=stream, standin_fault={"drop": drop})
    assert generations(client) == generated
    assert client.get("/_standin/counters").json()["in_flight"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        "429",
        None,
        {"status": 99},
        {"status": 204},
        {"status": True},
        {"unknown": 1},
        {"drop": "sometimes"},
        {"drop": "before_generating", "status": 500},
        {"times": 2},
        {"status": 500, "times": 0, "id": "a"},
        {"id": "a"},
        {"delay_s": -1},
        {"retry_after": "2"},
        {"status": 429, "retry_after": "2\r\nx: y"},
        {"message": "said without a status"},
        {"message": "said", "status": 500, "body": "garbage"},
        {"message": "x" * 2001, "status": 500},
    ],
)
def test_an_ill_formed_fault_is_400(ask: Ask, fault: Any) -> None:
    response = ask(standin_fault=fault)
    assert response.status_code == 400
    assert "standin_fault" in response.json()["error"]["message"]
