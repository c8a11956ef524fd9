"""The servers that the benchmark compares with: how they are asked, and the path that they call at the upstream."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from benchmarks import events, litellm_proxy, portkey_gateway, server_peers, upstream
from benchmarks.exchanges import HttpTarget
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.server_peers import ServerPeer
from benchmarks.shapes import STREAM, WHOLE
from benchmarks.stage import Stage
from tests import documents

BODY = events.chat_body(WHOLE, 1000)
PORTKEY = "benchmarks/peers/portkey"


@pytest.fixture
def stage(address: str, tmp_path: Path) -> Stage:
    return Stage(tmp_path, address, ManagedRuntime(tmp_path, tmp_path))


def a_peer(*command: str) -> ServerPeer:
    return ServerPeer(
        name="a server",
        command=command,
        env={"PATH": os.environ["PATH"]},
        address=server_peers.free_address(),
        path="/v1/chat/completions",
        key="k",
        asks=("/model/m/converse", "/model/m/converse-stream"),
    )


def test_the_upstream_keeps_its_paths(address: str) -> None:
    """The upstream tells each path once that Bedrock was asked for, and no path of AWS's services."""
    upstream.asked_paths(address)
    target = HttpTarget("upstream", address, path="/openai/v1/chat/completions", key="none")
    target.ask(BODY)
    target.ask(events.chat_body(STREAM, 1000))
    target.close()
    assert upstream.asked_paths(address) == ["/openai/v1/chat/completions"] * 2
    assert upstream.asked_paths(address) == []


def test_a_wrong_path_is_an_error() -> None:
    """A server that calls another path of Bedrock than expected is not measured."""
    peer = a_peer("true")
    server_peers.require_paths(peer, list(peer.asks))
    with pytest.raises(RuntimeError, match=r"a server called \['/model/m/converse'\] of the upstream, not"):
        server_peers.require_paths(peer, peer.asks[:1])


def test_a_server_that_ends_is_an_error(stage: Stage) -> None:
    """The error of a server that does not start has the server's own words."""
    peer = a_peer("sh", "-c", "echo no such option >&2; exit 3")
    with (
        pytest.raises(RuntimeError, match=r"a server did not start:\nno such option"),
        server_peers.running(peer, stage),
    ):
        pass


def test_litellm_calls_chat_completions(stage: Stage) -> None:
    """LiteLLM's models have the prefix of its route to Bedrock's chat completions, and the upstream as their endpoint."""
    peer = litellm_proxy.peer(Path("/venv"), stage)
    document = json.loads((stage.folder / "litellm.yaml").read_text())
    (model,) = document["model_list"]
    assert model["litellm_params"]["model"] == "bedrock/chat_completions/*"
    assert model["litellm_params"]["aws_bedrock_runtime_endpoint"] == f"http://{stage.upstream}"
    assert set(peer.asks) == {"/openai/v1/chat/completions"}


def test_portkey_calls_converse(stage: Stage) -> None:
    """Portkey's gateway listens on the loopback address, and calls Converse at the upstream."""
    peer = portkey_gateway.peer(Path("/packages"), Path("/node"), stage)
    assert peer.command[1] == "--import"
    assert Path(peer.command[2]).name == "loopback.mjs"
    assert Path(peer.command[2]).exists()
    assert peer.command[-1] == f"--port={peer.address.split(':')[1]}"
    assert peer.headers["x-portkey-custom-host"] == f"http://{stage.upstream}"
    assert [path.rpartition("/")[2] for path in peer.asks] == ["converse", "converse-stream"]


def test_headers_are_sent() -> None:
    """A server gets the headers of its peer, and a new connection after it has closed an idle one."""
    heads = list[bytes]()

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                data = b""
                while not data.endswith(BODY):
                    data += connection.recv(1 << 16)
                heads.append(data)
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"choices"}')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        target = HttpTarget("server", address, path="/v1", key="k", headers={"x-provider": "bedrock"})
        target.ask(BODY)
        deadline_s = time.monotonic() + 10
        while not target.is_closed:
            assert time.monotonic() < deadline_s
        target.ask(BODY)
        target.close()
        thread.join(10)
    assert len(heads) == 2
    assert all(b"\r\nx-provider: bedrock\r\n" in head for head in heads)


def test_portkeys_lock_has_hashes() -> None:
    """Portkey's lock has a hash of each package and no registry's address; its updates are automatic."""
    packages = json.loads(documents.text(f"{PORTKEY}/package-lock.json"))["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not [name for name, package in installed.items() if "resolved" in package]
    assert f"/{PORTKEY}" in documents.text(".github/dependabot.yml")
    assert "npm ci --ignore-scripts" in documents.text("Makefile").partition("cd $(PORTKEY)")[2][:60]
