"""Portkey's gateway: one Node process without its console, with Bedrock as the provider of each request.

The headers of a request choose the provider, https://portkey.ai/docs/api-reference/inference-api/headers. For Bedrock, the
gateway knows Converse only: it translates requests and answers, as ours does for a model on the Converse route.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.aws_answers import KEY
from benchmarks.contenders import PORTKEY
from benchmarks.server_peers import ServerPeer, free_address
from benchmarks.shapes import STREAM, WHOLE
from benchmarks.stage import Stage

_START = Path("@portkey-ai") / "gateway" / "build" / "start-server.js"
_LOOPBACK = Path(__file__).parent / "peers" / "portkey" / "loopback.mjs"


def peer(packages: Path, node: Path, stage: Stage) -> ServerPeer:
    """The gateway in this folder of Node packages. It sends all requests to the stage's upstream."""
    address = free_address()
    return ServerPeer(
        name=PORTKEY,
        command=[str(node), "--import", str(_LOOPBACK), str(packages / _START), "--headless", _port(address)],
        env={"PATH": os.environ["PATH"], "HOME": str(stage.folder), "NODE_ENV": "production"},
        address=address,
        path="/v1/chat/completions",
        key=KEY,
        asks=(f"/model/{WHOLE.model}/converse", f"/model/{STREAM.model}/converse-stream"),
        headers={
            "x-portkey-provider": "bedrock",
            "x-portkey-aws-auth-type": "apiKey",
            "x-portkey-aws-region": "eu-central-1",
            "x-portkey-custom-host": f"http://{stage.upstream}",
        },
    )


def _port(address: str) -> str:
    return f"--port={address.split(':')[1]}"
