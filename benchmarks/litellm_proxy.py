"""Starts LiteLLM's proxy as documented: with a configuration file, a master key and one worker."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.contenders import LITELLM
from benchmarks.exchanges import HttpTarget

_MASTER_KEY = "sk-benchmark"
_PATIENCE_S = 120.0
_POLL_S = 0.2


@contextmanager
def running(environment: Path, upstream: str, where: Path) -> Iterator[HttpTarget]:
    """Runs the proxy during the block. It sends requests for all models to `upstream`.

    Raises RuntimeError if the proxy does not start.
    """
    address, log = _free_address(), where / "litellm.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(environment, address, _configuration(where, upstream)),
            env=_variables(where),
            cwd=where,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(address, process, log)
        target = HttpTarget(LITELLM, address, path="/v1/chat/completions", key=_MASTER_KEY, pid=process.pid)
        with closing(target):
            yield target
    finally:
        process.kill()
        process.wait()


def _free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def _command(environment: Path, address: str, configuration: Path) -> list[str]:
    host, port = address.split(":")
    program = str(environment / "bin" / "litellm")
    return [program, "--config", str(configuration), "--host", host, "--port", port, "--num_workers", "1"]


def _configuration(where: Path, upstream: str) -> Path:
    """The configuration file. It is JSON, which is also valid YAML."""
    model = {
        "model": "openai/*",
        "api_base": f"http://{upstream}/openai/v1",
        "api_key": "bedrock-api-key-benchmark",
    }
    document = {
        "model_list": [{"model_name": "*", "litellm_params": model}],
        "general_settings": {"master_key": _MASTER_KEY},
        "litellm_settings": {"telemetry": False},
    }
    path = where / "litellm.yaml"
    path.write_text(json.dumps(document))
    return path


def _variables(where: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(where),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # without this it downloads prices at its start
        "LITELLM_LOG": "ERROR",
    }


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{address}/health/liveliness", timeout=5).close()
        except (OSError, urllib.error.URLError):
            time.sleep(_POLL_S)
        else:
            return
    raise RuntimeError(f"LiteLLM's proxy did not start:\n{log.read_text()[-2000:]}")
