"""Faults of Converse that a test asks for, each for the next requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.eventstream import ChecksumMismatch

from tests.unit.bedrock_standin.converse.conftest import CLAUDE, events, user

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.converse.conftest import Converse

STREAMED = ["converse-stream"]
USUAL = ["messageStart", *["contentBlockDelta"] * 3, "contentBlockStop", "messageStop", "metadata"]


@pytest.fixture
def fault(client: TestClient) -> Any:
    """Makes the next requests get a fault."""

    def fault(wanted: dict[str, Any], operations: list[str] | None = None, requests: int = 1) -> None:
        body = {"fault": wanted, "operations": operations or STREAMED, "requests": requests}
        client.put("/_standin/next-fault", json=body).raise_for_status()

    return fault


def names(raw: bytes) -> list[str]:
    return [name for name, _ in events(raw)]


@pytest.mark.parametrize(
    ("wanted", "received"),
    [
        ({"exception": {"type": "validationException"}}, ["validationException"]),
        (
            {"exception": {"type": "throttlingException"}, "exception_after_events": 2},
            [*USUAL[:2], "throttlingException"],
        ),
        ({"error_event_after": 3}, [*USUAL[:3], "internalServerException"]),
        ({"end_after_events": 4}, USUAL[:4]),
        ({"without_message_stop": True}, [*USUAL[:5], "metadata"]),
        ({"without_metadata": True}, USUAL[:6]),
        ({"without_done": True}, USUAL[:5]),
        ({"events": 3}, USUAL),
        ({"silent_after_events": 1, "silent_s": 0}, USUAL),
    ],
)
def test_the_events_of_a_fault(
    converse: Converse, fault: Any, wanted: dict[str, Any], received: list[str]
) -> None:
    """The stream has the events of the fault, and the next stream is as usual."""
    fault(wanted)
    assert names(converse(stream=True).content) == received
    assert names(converse(stream=True).content) == USUAL


def test_the_payload_of_an_exception(converse: Converse, fault: Any) -> None:
    """A model's stream error has the model's status and message."""
    exception = {"type": "modelStreamErrorException", "message": "a", "original_status_code": 424}
    fault({"exception": exception | {"original_message": "b"}})
    ((_, payload),) = events(converse(stream=True).content)
    assert payload == {"message": "a", "originalStatusCode": 424, "originalMessage": "b"}


def test_a_body_that_ends_inside_an_event(converse: Converse, fault: Any) -> None:
    """The body ends in the middle of a frame."""
    fault({"end_inside_event": 2})
    raw = converse(stream=True).content
    with pytest.raises(AssertionError, match="left over"):
        events(raw)


@pytest.mark.parametrize("part", ["prelude", "message"])
def test_a_wrong_checksum(converse: Converse, fault: Any, part: str) -> None:
    """One frame has a wrong checksum."""
    fault({"wrong_checksum": {"event": 1, "part": part}})
    raw = converse(stream=True).content
    with pytest.raises(ChecksumMismatch):
        events(raw)


def test_an_error_message(converse: Converse, fault: Any) -> None:
    """A frame of the message type `error` ends the stream."""
    fault({"error_message": {"code": "made_up", "message": "a"}, "exception_after_events": 1})
    raw = converse(stream=True).content
    assert raw.count(b":error-code") == 1
    assert b"metadata" not in raw


def test_garbage_between_frames(converse: Converse, fault: Any) -> None:
    """Bytes that are no frame stand between frames."""
    fault({"garbage_after_events": 1})
    assert b"garbage, not a frame" in converse(stream=True).content


@pytest.mark.parametrize(
    ("wanted", "status", "class_"),
    [
        ({"status": 429, "retry_after": 3}, 429, "ThrottlingException"),
        ({"status": 429, "error_class": "ModelNotReadyException"}, 429, "ModelNotReadyException"),
        (
            {"status": 400, "error_class": "ServiceQuotaExceededException"},
            400,
            "ServiceQuotaExceededException",
        ),
        ({"status": 424, "message": "a"}, 424, "ModelErrorException"),
    ],
)
def test_an_error_has_a_status_and_a_class(
    converse: Converse, fault: Any, wanted: dict[str, Any], status: int, class_: str
) -> None:
    """A fault gives an HTTP error with its class, on both operations."""
    fault(wanted, ["converse", "converse-stream"], 2)
    for stream in (False, True):
        answer = converse(stream=stream)
        assert (answer.status_code, answer.headers["x-amzn-errortype"].partition(":")[0]) == (status, class_)
        assert answer.headers.get("retry-after") == (
            str(wanted["retry_after"]) if "retry_after" in wanted else None
        )
    assert converse().status_code == 200


def test_answers_that_are_none(converse: Converse, fault: Any) -> None:
    """A fault can be a 200 without an output, or garbage."""
    fault({"without_choices": True}, ["converse"])
    fault({"body": "garbage"}, ["converse"])
    assert converse().json()["Output"]["__type"].endswith("UnknownOperationException")
    assert converse().text.startswith("<html>")


def test_weather_strikes_converse_too(converse: Converse, client: TestClient) -> None:
    """Random faults also hit Converse."""
    client.put("/_standin/weather", json={"share": 1, "faults": [{"status": 503}]}).raise_for_status()
    assert converse().status_code == converse(stream=True).status_code == 503


def test_weather_of_one_model(converse: Converse, client: TestClient) -> None:
    """The id in the path counts, and streams get Converse's own faults."""

    def change(**fault: Any) -> None:
        client.put("/_standin/weather", json={"model": CLAUDE, "share": 1, "faults": [fault]})

    gone = "The provided model identifier is invalid."
    change(status=400, message=gone)
    refused = converse()
    assert (refused.status_code, refused.json()) == (400, {"message": gone})
    assert refused.headers["x-amzn-errortype"].startswith("ValidationException:")
    assert converse(model="us.amazon.nova-pro-v1:0").status_code == 200
    change(exception={"type": "throttlingException"})
    assert converse().status_code == 200
    assert names(converse(stream=True).content) == ["throttlingException"]


def test_waiting_faults_can_be_forgotten(converse: Converse, client: TestClient, fault: Any) -> None:
    """After DELETE no fault waits any more."""
    fault({"status": 500}, ["converse"], 10)
    assert converse().status_code == 500
    client.delete("/_standin/next-fault").raise_for_status()
    assert converse().status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        {"fault": {"without_metadata": True}},
        {"fault": {"without_metadata": True, "without_message_stop": True}, "operations": STREAMED},
        {"fault": {"without_metadata": True, "cut_after_events": 1}, "operations": STREAMED},
        {"fault": {"without_metadata": True, "status": 500}, "operations": STREAMED},
        {"fault": {"made_up": 1}},
        {"fault": {"status": 500}, "operations": []},
        {"fault": {"status": 500}, "requests": 0},
        {},
    ],
)
def test_an_ill_formed_fault_is_400(client: TestClient, wanted: dict[str, Any]) -> None:
    """A fault that cannot come true is refused."""
    assert client.put("/_standin/next-fault", json=wanted).status_code == 400


def test_a_cut_stream_ends_without_the_end_of_its_body(caller: httpx.Client) -> None:
    """A cut closes the connection in the middle of the body."""
    wanted = {"fault": {"cut_after_events": 2}, "operations": STREAMED}
    caller.put("/_standin/next-fault", json=wanted).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        caller.post(f"/model/{CLAUDE}/converse-stream", json={"messages": [user("hello")]})


@pytest.mark.parametrize("drop", ["before_generating", "after_generating"])
def test_a_dropped_connection(caller: httpx.Client, drop: str) -> None:
    """A drop closes the connection without an answer, before or after the generation."""
    caller.put("/_standin/next-fault", json={"fault": {"drop": drop}}).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        caller.post(f"/model/{CLAUDE}/converse", json={"messages": [user("hello")]})
    dropped = caller.get("/_standin/counters").json()["generations_dropped"]
    assert dropped == (1 if drop == "after_generating" else 0)


def test_a_held_stream_waits_for_each_release(client: TestClient, converse: Converse, fault: Any) -> None:
    """A held stream sends each event after a release."""
    fault({"hold": "h"})
    client.post("/_standin/holds/h/release", params={"count": 100})
    assert names(converse(stream=True).content) == USUAL
    assert client.get("/_standin/holds/h").json()["sent"] == len(USUAL)
