"""The packages of the authorizer, the prover and the hook before traffic, started in an empty runtime as on Lambda."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra.functions import function_packages
from tests.hostile_upstream.functions import empty_runtime
from tests.hostile_upstream.surroundings import ATTACK, CANARY
from tests.log_checks import hunt, schema_check
from tests.runtime_api import RuntimeApiServer, RuntimeProcess, awslambdaric_runtime

_PATIENCE_S, _LOOKS_AT_START = 30.0, 100
_HANDLERS = Path(__file__).parent / "handlers"
_SECRET_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bedrock-api-key-a1b2c3"
# What Python says where a module, or a name in one, is missing.
_IS_MISSING = re.compile(r"ImportError|ModuleNotFoundError|No module named|cannot import name")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A package as infra builds it, and the handler to run in it."""

    name: str
    module: str
    requirements: str
    handler: str


AUTHORIZER = Bundle(
    "authorizer",
    "chat_gateway.clients.authorizer",
    requirements="authorizer",
    handler="chat_gateway.clients.authorizer.handle",
)
PROVER = Bundle(
    "prover",
    "guardrail_proof.prover",
    requirements="upstream",
    handler="hurried_prover.handle",
)
BEFORE_TRAFFIC = Bundle(
    "before-traffic",
    "guardrail_proof.before_traffic",
    requirements="upstream",
    handler="hurried_before_traffic.handle",
)


@cache
def _package(bundle: Bundle) -> Path:
    return function_packages.build(
        bundle.name,
        bundle.module,
        requirements=bundle.requirements,
        for_this_machine=True,
    ).folder


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one event: the answer, and everything that was written to the log meanwhile."""

    answer: str
    log: str

    def unlike_the_schema(self) -> list[str]:
        """What the schema of log lines does not allow of the lines in JSON, and the personal data in them."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [wrong for line in lines for wrong in (*schema_check.wrong(line), *hunt.found_in(line))]

    def missing(self) -> list[str]:
        """The lines that report something missing from the package."""
        lines = [*self.answer.splitlines(), *self.log.splitlines()]
        return [line for line in lines if _IS_MISSING.search(line)]


class RunningBundle:
    """A started process that waits for events."""

    def __init__(self, api: RuntimeApiServer, process: RuntimeProcess) -> None:
        self._api, self._process = api, process

    def tried(self, event: object) -> Tried:
        """Sends the event to the process. Raises AssertionError if there is no answer."""
        seen = self._written()
        self._api.forget()
        answer = self._api.invoke(event, remaining_s=600).answer(_PATIENCE_S)
        self._api.wait_for("GET /invocation/next", _PATIENCE_S)
        log = [now[len(before) :] for now, before in zip(self._written(), seen, strict=True)]
        return Tried(answer.body.decode(), "".join(log))

    def _written(self) -> tuple[str, str]:
        return self._process.stdout, self._process.stderr


@contextlib.contextmanager
def running(bundle: Bundle, env: Mapping[str, str]) -> Iterator[RunningBundle]:
    """Runs the bundle with these variables while the block runs. Raises AssertionError with its log if it dies."""
    root, runtime = _package(bundle), empty_runtime()
    path = f"{root}:{runtime.folder}:{_HANDLERS}"
    with (
        RuntimeApiServer() as api,
        awslambdaric_runtime(
            api,
            task_root=root,
            handler=bundle.handler,
            env={**env, "PYTHONPATH": path},
            python=str(runtime.python),
        ) as process,
    ):
        if not _starts(api):
            raise AssertionError(process.stdout + process.stderr)
        yield RunningBundle(api, process)


def _starts(api: RuntimeApiServer) -> bool:
    """Whether the bundle asks for an event, instead of reporting that it cannot start."""
    for _ in range(_LOOKS_AT_START):
        with contextlib.suppress(AssertionError):
            api.wait_for("GET /invocation/next", _PATIENCE_S / _LOOKS_AT_START)
            return True
        if "POST /init/error" in api.lines():
            break
    return False


def authorizer_variables(address: str) -> dict[str, str]:
    """The variables that infra and Lambda set for the authorizer."""
    return {**_aws_variables(address), "DNS_SUFFIX": "amazonaws.com", "CLIENTS_TABLE": "clients"}


def prover_variables(address: str) -> dict[str, str]:
    """The variables that infra and Lambda set for the prover."""
    return {
        **_aws_variables(address),
        "STACK_ID": "arn:aws:cloudformation:eu-central-1:123456789012:stack/gateway/1",
        "PROVEN": "0",
        "BASE_URL": f"http://{address}/gateway/openai/v1",
        "CLIENTS_TABLE": "clients",
        "JOBS_QUEUE_URL": f"http://{address}/123456789012/jobs",
        "JOB_RECORDS_TABLE": "records",
        "PROOF_MODEL": "openai.gpt-oss-20b-1:0",
        "PROOF_CANARY": CANARY,
        "PROOF_ATTACK": ATTACK,
        "PROOF_TAGGING": "user_turns",
        "BEDROCK_BASE_URL": f"http://{address}/bedrock/openai/v1",
        "BEDROCK_API_KEY_SECRET_ARN": _SECRET_ARN,
    }


def before_traffic_variables(address: str) -> dict[str, str]:
    """The variables that infra and Lambda set for the hook before traffic."""
    functions = "arn:aws:lambda:eu-central-1:123456789012:function"
    return {
        **_aws_variables(address),
        "STACK_ID": "arn:aws:cloudformation:eu-central-1:123456789012:stack/gateway/1",
        "CHAT_VERSION": f"{functions}:gateway-api:7",
        "WORKER_VERSION": f"{functions}:gateway-worker:5",
        "PROOF_MODEL": "openai.gpt-oss-20b-1:0",
        "PROOF_CANARY": CANARY,
        "PROOF_TAGGING": "off",
        "PROOF_CONVERSE_MODEL": "amazon.nova-lite-v1:0",
    }


def _aws_variables(address: str) -> dict[str, str]:
    return {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "POWERTOOLS_SERVICE_NAME": "tested",
    }
