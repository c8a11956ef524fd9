"""Fields that every answer of bedrock-runtime has, and the answers for other paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import Ask

PATH = "/openai/v1/chat/completions"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/chat/completions"), ("GET", PATH), ("POST", f"{PATH}/"), ("PURGE", "/")],
)
def test_any_other_operation_answers_200_unknown_operation(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 200
    assert response.json() == {
        "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
        "Version": "1.0",
    }
    assert response.headers["x-amzn-requestid"]


def test_every_answer_has_its_own_request_id(ask: Ask) -> None:
    answers = [ask(), ask(model="nova"), ask(headers={"authorization": "Bearer wrong"}), ask(stream=True)]
    ids = {answer.headers["x-amzn-requestid"] for answer in answers}
    assert len(ids) == len(answers)


def test_record_of_a_request(ask: Ask, client: TestClient) -> None:
    """A recorded request has its answer's id, and says whether an answer was generated."""
    answers = [ask(), ask(model="nova"), ask(standin_fault={"status": 503}), ask(stream=True)]
    expected = [
        (answer.headers["x-amzn-requestid"], generated)
        for answer, generated in zip(answers, (True, False, False, True), strict=True)
    ]
    seen = client.get("/_standin/requests").json()
    assert [(request["request_id"], request["generated"]) for request in seen] == expected
