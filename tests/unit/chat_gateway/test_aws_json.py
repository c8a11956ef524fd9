"""Calls of AWS over a real socket: signed, on one kept connection, tried again where that can help."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chat_gateway.aws_json import AwsCallError, AwsJsonClient
from chat_gateway.settings import AwsSettings

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


@pytest.fixture
def client(service: Service) -> Iterator[AwsJsonClient]:
    settings = AwsSettings(
        region="us-east-1", dns_suffix="amazonaws.com", endpoint_url=f"http://127.0.0.1:{service.server_port}"
    )
    with contextlib.closing(
        AwsJsonClient(
            settings, service="dynamodb", target_prefix="DynamoDB_20120810", json_version="1.0", env=ENV
        )
    ) as client:
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
    assert (client._host, client._encrypted) == ("secretsmanager.cn-north-1.amazonaws.com.cn", True)
