"""LiteLLM's proxy, started as documented: with a configuration file, a master key and one worker.

It calls Bedrock's chat completions, as the gateway does: the prefix `bedrock/chat_completions/` of a model chooses this route,
https://docs.litellm.ai/docs/providers/bedrock.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from benchmarks.aws_answers import KEY
from benchmarks.contenders import LITELLM
from benchmarks.server_peers import ServerPeer, free_address
from benchmarks.stage import Stage

_MASTER_KEY = "sk-benchmark"
_ASKS = "/openai/v1/chat/completions"


def peer(environment: Path, stage: Stage) -> ServerPeer:
    """The proxy in this virtual environment. It sends requests for all models to the stage's upstream."""
    address = free_address()
    return ServerPeer(
        name=LITELLM,
        command=_command(environment, address, _configuration(stage)),
        env=_variables(stage.folder),
        address=address,
        path="/v1/chat/completions",
        key=_MASTER_KEY,
        asks=(_ASKS, _ASKS),
    )


def _command(environment: Path, address: str, configuration: Path) -> list[str]:
    host, port = address.split(":")
    program = str(environment / "bin" / "litellm")
    return [program, "--config", str(configuration), "--host", host, "--port", port, "--num_workers", "1"]


def _configuration(stage: Stage) -> Path:
    """The configuration file. It is JSON, which is also valid YAML."""
    model = {
        "model": "bedrock/chat_completions/*",
        "aws_bedrock_runtime_endpoint": f"http://{stage.upstream}",
        "aws_region_name": "eu-central-1",
    }
    document = {
        "model_list": [{"model_name": "*", "litellm_params": model}],
        "general_settings": {"master_key": _MASTER_KEY},
        "litellm_settings": {"telemetry": False},
    }
    path = stage.folder / "litellm.yaml"
    path.write_text(json.dumps(document))
    return path


def _variables(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # without this it downloads prices at its start
        "LITELLM_LOG": "ERROR",
        "AWS_BEARER_TOKEN_BEDROCK": KEY,
    }
