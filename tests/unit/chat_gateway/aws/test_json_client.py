"""Calls of AWS over a real socket: signed, on one kept connection, and retried if that can help."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chat_gateway.aws.json_client import AwsCallError, AwsJsonClient, AwsJsonPool
from chat_gateway.aws.settings import AwsSettings
from tests.unit.chat_gateway.stalling_server import Stalling

ENV = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


class Service(ThreadingHTTPServer):
    """Answers from a script: (status, body), or None to hang up."""

    daemon_threads = True

    def __init__(self, *script: tuple[int, str] | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.connections = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        answer = self.server.script.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, text = answer
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        """Keeps the test's output clean."""


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with Service(*request.param) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def new_client(service: Service, *, attempts: int = 3) -> AwsJsonClient:
    settings = AwsSettings(
        region="us-east-1", dns_suffix="amazonaws.com", endpoint_url=f"http://127.0.0.1:{service.server_port}"
    )
    return AwsJsonClient(
        settings,
        service="dynamodb",
        target_prefix="DynamoDB_20120810",
        json_version="1.0",
        env=ENV,
        attempts=attempts,
    )


@pytest.fixture
def client(service: Service) -> Iterator[AwsJsonClient]:
    with contextlib.closing(new_client(service)) as client:
        yield client


def answers(*script: tuple[int, str] | None) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", [script], indirect=True)


@answers((200, '{"Item": {}}'), (200, "{}"))
def test_calls_are_signed_and_share_one_connection(service: Service, client: AwsJsonClient) -> None:
    assert client.call("GetItem", {"TableName": "t"}) == {"Item": {}}
    client.call("GetItem", {"TableName": "t"})
    headers, body = service.seen[0]
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert headers["x-amz-security-token"] == "token"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert json.loads(body) == {"TableName": "t"}
    assert service.connections == 1


@answers(None, (500, "{}"), (200, '{"ok": true}'))
def test_a_closed_connection_and_a_stumbling_service_are_tried_again(client: AwsJsonClient) -> None:
    assert client.call("GetItem", {}) == {"ok": True}


@answers((400, '{"__type": "ThrottlingException"}'), (200, '{"ok": true}'))
def test_throttling_is_tried_again_though_it_is_a_client_error(client: AwsJsonClient) -> None:
    assert client.call("GetItem", {}) == {"ok": True}


@answers((400, '{"__type": "ThrottlingException"}'), (200, '{"ok": true}'))
def test_throttled_unrepeatable_call(client: AwsJsonClient) -> None:
    """A call that may not be repeated is repeated if AWS says that it did nothing."""
    assert client.call("UpdateItem", {}, is_repeatable=False) == {"ok": True}


@pytest.mark.parametrize("service", [[None], [(500, "{}")], [(200, "nonsense")]], indirect=True)
def test_unrepeatable_call(service: Service, client: AwsJsonClient) -> None:
    """A call that may not be repeated, and may have done something, is sent once."""
    with pytest.raises(AwsCallError) as caught:
        client.call("UpdateItem", {}, is_repeatable=False)
    assert (len(service.seen), caught.value.is_passing) == (1, True)


@answers(*[(200, "{}")] * 3)
def test_old_connection(service: Service, client: AwsJsonClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that may not be repeated does not trust a connection that has been idle for long; other calls do."""
    client.call("UpdateItem", {}, is_repeatable=False)
    monkeypatch.setattr("chat_gateway.aws.json_client._SURELY_OPEN_S", -1)
    client.call("GetItem", {})
    assert service.connections == 1
    client.call("UpdateItem", {}, is_repeatable=False)
    assert service.connections == 2


@answers((400, '{"__type": "com.amazon.coral#ResourceNotFoundException"}'))
def test_a_client_error_is_named_and_not_tried_again(service: Service, client: AwsJsonClient) -> None:
    with pytest.raises(AwsCallError) as caught:
        client.call("GetItem", {})
    assert caught.value.code == "ResourceNotFoundException"
    assert len(service.seen) == 1


@answers(*[(503, "<html>")] * 3)
def test_a_service_that_stays_down_is_an_error_after_three_attempts(
    service: Service, client: AwsJsonClient
) -> None:
    with pytest.raises(AwsCallError, match="503"):
        client.call("GetItem", {})
    assert len(service.seen) == 3


@answers((200, "nonsense"), (200, "[]"), (200, "null"))
def test_a_200_without_output_is_an_error(service: Service, client: AwsJsonClient) -> None:
    """A 200 without output is an error; as empty output it would make the authorizer deny a known client."""
    with pytest.raises(AwsCallError) as caught:
        client.call("GetItem", {})
    assert (len(service.seen), caught.value.is_passing) == (3, True)


@answers()
def test_a_refused_connection_is_an_error_that_names_it(service: Service, client: AwsJsonClient) -> None:
    service.server_close()
    with pytest.raises(AwsCallError, match="ConnectionRefusedError"):
        client.call("GetItem", {})


def test_without_an_endpoint_of_ones_own_the_regions_is_called() -> None:
    settings = AwsSettings(region="cn-north-1", dns_suffix="amazonaws.com.cn", endpoint_url=None)
    client = AwsJsonClient(
        settings, service="secretsmanager", target_prefix="secretsmanager", json_version="1.1"
    )
    origin = client._origin
    assert (origin.host, origin.port, origin.is_encrypted) == (
        "secretsmanager.cn-north-1.amazonaws.com.cn",
        443,
        True,
    )


@answers((400, '{"__type": "ConditionalCheckFailedException", "Item": {"a": {"S": "b"}}}'))
def test_an_error_carries_what_aws_said_with_it(client: AwsJsonClient) -> None:
    with pytest.raises(AwsCallError) as caught:
        client.call("UpdateItem", {})
    assert caught.value.answer["Item"] == {"a": {"S": "b"}}


@answers(*[(503, "{}")] * 4, (200, "{}"))
def test_more_attempts_can_be_asked_for(service: Service) -> None:
    with contextlib.closing(new_client(service, attempts=5)) as client:
        assert client.call("UpdateItem", {}) == {}
    assert len(service.seen) == 5


@answers(*[(200, "{}")] * 2)
def test_calls_one_after_another_share_a_pools_connection(client: AwsJsonClient) -> None:
    unused = [client]
    pool = AwsJsonPool(unused.pop)
    pool.call("GetItem", {})
    pool.call("GetItem", {})
    assert unused == []


def test_calls_at_once_do_not_wait_for_each_other() -> None:
    both = threading.Barrier(2)

    class Slow(AwsJsonClient):
        def call(
            self,
            operation: str,
            parameters: Mapping[str, Any],
            *,
            ends_at: float = math.inf,
            is_repeatable: bool = True,
        ) -> dict[str, Any]:
            with self._lock:
                return {"order": both.wait(10)}

    settings = AwsSettings(region="us-east-1", dns_suffix="amazonaws.com", endpoint_url=None)
    pool = AwsJsonPool(lambda: Slow(settings, service="x", target_prefix="x", json_version="1.0"))
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda _: pool.call("GetItem", {}), range(2)))
    assert sorted(answer["order"] for answer in answers) == [0, 1]


@answers(*[(200, '{"Item": "' + "x" * 5_000_000 + '"}')] * 3)
def test_an_answer_over_4_mib_is_an_error(client: AwsJsonClient) -> None:
    """An answer over 4 MiB is an error and is not read to its end."""
    with pytest.raises(AwsCallError, match="TooLargeError") as caught:
        client.call("GetItem", {})
    assert caught.value.is_passing


@answers((400, json.dumps({"__type": "words of a prompt " * 100})))
def test_an_error_without_a_name_is_its_status(client: AwsJsonClient) -> None:
    """If AWS's error has no valid name, the log has the status in its place."""
    with pytest.raises(AwsCallError) as caught:
        client.call("GetItem", {})
    assert (caught.value.code, caught.value.is_passing) == ("400", False)


@pytest.mark.parametrize("sends", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"])
def test_a_call_ends_by_its_moment(sends: bytes) -> None:
    """A service that is silent, or stops in the middle, takes no more than the caller's time."""
    with Stalling(sends) as base_url:
        settings = AwsSettings(region="us-east-1", dns_suffix="amazonaws.com", endpoint_url=base_url)
        client = AwsJsonClient(settings, service="x", target_prefix="x", json_version="1.0", env=ENV)
        with contextlib.closing(client), pytest.raises(AwsCallError, match="TimeoutError") as caught:
            client.call("GetItem", {}, ends_at=time.monotonic() + 0.1)
    assert caught.value.is_passing


def test_what_comes_late_is_no_answer() -> None:
    """Bytes that arrive after an answer are not taken for the answer to the next call."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    late = b'HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{"forged": "x"}'
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = AwsSettings(region="us-east-1", dns_suffix="amazonaws.com", endpoint_url=url)
        client = AwsJsonClient(settings, service="x", target_prefix="x", json_version="1.0", env=ENV)
        connections: list[socket.socket] = []

        def accept() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                connections.append(connection)
                connection.recv(65_536)
                connection.sendall(answer)

        server = threading.Thread(target=accept)
        server.start()
        assert client.call("GetItem", {}) == {}
        connections[0].sendall(late)
        assert client.call("GetItem", {}) == {}
        server.join()
        client.close()
        for connection in connections:
            connection.close()
