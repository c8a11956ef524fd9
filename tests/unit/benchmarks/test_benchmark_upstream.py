"""The upstream that gateways are measured against."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from http.client import HTTPConnection

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import events
from benchmarks.exchanges import HttpTarget
from benchmarks.shapes import Shape

COUNTS = st.integers(min_value=0, max_value=10**9)


@given(latency_us=COUNTS, events_=COUNTS, gap_us=COUNTS, size=st.integers(400, 20_000))
def test_the_shape_asked_for_is_found_in_a_request_of_any_size(
    latency_us: int, events_: int, gap_us: int, size: int
) -> None:
    shape = Shape(latency_us=latency_us, events=events_, gap_us=gap_us)
    assert Shape.asked_for(events.chat_body(shape, size)) == shape


def test_a_request_is_about_as_large_as_asked_for() -> None:
    assert 900 < len(events.chat_body(Shape(), 1000)) < 1100
    assert 4_000_000 < len(events.chat_body(Shape(), 4_000_000)) < 4_200_000


def test_one_connection_serves_buffered_and_streamed_requests(address: str) -> None:
    target = HttpTarget("upstream", address, path="/", key="none")
    for shape in (Shape(), Shape(events=3), Shape()):
        timing = target.ask(events.chat_body(shape, 1000))
        assert 0 < timing.first_byte_s <= timing.total_s
    target.close()


def test_paced_events_say_when_they_were_sent(address: str) -> None:
    target = HttpTarget("upstream", address, path="/", key="none")
    timing = target.ask(events.chat_body(Shape(events=3, gap_us=100), 1000))
    assert len(timing.event_delays_s) == 3
    assert all(0 < delay < 10 for delay in timing.event_delays_s)
    target.close()


def test_it_answers_what_the_functions_ask_of_aws(address: str) -> None:
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection, connection.makefile("rb") as source:
        connection.sendall(
            b"POST / HTTP/1.1\r\nX-Amz-Target: secretsmanager.GetSecretValue\r\nContent-Length: 2\r\n\r\n{}"
        )
        while (line := source.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split()[1])
        assert json.loads(source.read(length))["SecretString"]


def test_each_update_is_told_once(address: str) -> None:
    """A GET request gets the bodies of the updates since the last one, in order, and of no other calls."""
    with closing(HTTPConnection(address)) as connection:

        def sent(method: str, operation: str = "", body: str = "") -> bytes:
            connection.request(method, "/", body, {"X-Amz-Target": operation} if operation else {})
            return connection.getresponse().read()

        sent("GET")
        for number in (1, 2):
            sent(
                "POST", "DynamoDB_20120810.UpdateItem", json.dumps({"Key": {"pk": {"S": f"usage#{number}"}}})
            )
        sent("POST", "DynamoDB_20120810.GetItem", "{}")
        assert [update["Key"]["pk"]["S"] for update in json.loads(sent("GET"))] == ["usage#1", "usage#2"]
        assert json.loads(sent("GET")) == []
