"""Starts the gateway on this machine: a local AWS, a stand-in for Bedrock, and the deployed stack."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from gateway_cli import bedrock_key, clients, stack_outputs
from local.aws import backups, deployment, emulator, environment, guardrail, guardrail_policy, sessions
from local.aws.guardrail import Guardrail
from local.aws.guardrail_policy import GuardrailPolicy
from local.machine import lock, ports, tools
from local.machine.paths import StateFolder
from local.machine.ports import LOOPBACK
from local.machine.processes import Process
from local.stack import kept, stack_file, standin_process
from local.stack.kept import Kept
from local.stack.local_stack import LocalStack
from local.stack.standin_process import Standin

CLIENT_ID = "local"

Step = Callable[[str], AbstractContextManager[None]]
Say = Callable[[str], None]


def unannounced(_: str) -> AbstractContextManager[None]:
    """A step without output."""
    return nullcontext()


def unsaid(_: str) -> None:
    """Drops the line."""


@contextmanager
def deployed(
    generator: str = "model",
    *,
    policy: GuardrailPolicy = guardrail_policy.LOCAL,
    state: StateFolder | None = None,
    step: Step = unannounced,
    say: Say = unsaid,
    emulator_program: Sequence[str | Path] = emulator.PROGRAM,
    app: str | None = None,
) -> Iterator[LocalStack]:
    """Runs the stack during the block. `generator` is echo, model or the base URL of an OpenAI-compatible server.

    The stack has the ports and the client key of the last stack in the state folder. `step` is a context manager around
    each step; it gets the step's title. `say` gets a line if a port had to change. `app` is the command of another CDK app
    than that of cdk.json. Raises LocalError after stopping everything that was started.
    """
    state = state or StateFolder()
    with ExitStack() as started:
        started.enter_context(lock.exclusive(state))
        tools.check()
        standin_process.check(generator)
        last = kept.read(state.kept_file)
        chosen = ports.choose(kept=last.ports, say=say)
        parts = _Parts(state=state, step=step, started=started, ports=chosen)
        parts.start(generator, policy, emulator_program, app)
        stack = parts.connect(last.client_key, policy)
        kept.write(state.kept_file, Kept(ports=chosen, client_key=stack.api_key))
        started.enter_context(stack_file.written(state.stack_file, stack))
        yield stack


class _Parts:
    """Starts the stack's parts. `started` stops them."""

    def __init__(self, *, state: StateFolder, step: Step, started: ExitStack, ports: ports.Ports) -> None:
        self._state, self._step, self._started, self._ports = state, step, started, ports
        self._endpoint_url = f"http://{LOOPBACK}:{ports.aws}"
        self._session = sessions.session(self._endpoint_url)
        self._bedrock_api_key = f"bedrock-api-key-{secrets.token_urlsafe(32)}"
        self._emulator: Process
        self._standin: Standin
        self._guardrail: Guardrail

    def start(
        self,
        generator: str,
        policy: GuardrailPolicy,
        emulator_program: Sequence[str | Path],
        app: str | None,
    ) -> None:
        """Starts and deploys everything. The stand-in loads its model at the same time."""
        with self._step("Start a local AWS"):
            self._emulator = self._started.enter_context(
                emulator.running(self._state, self._ports.aws, emulator_program)
            )
        self._standin = self._started.enter_context(self._starting_standin(generator))
        with self._step("Create a guardrail"):
            self._guardrail = guardrail.create(self._session, policy)
        with self._step("Bootstrap and synthesise (cdk)"):
            deployment.prepare(
                self._state,
                endpoint_url=self._endpoint_url,
                upstream_url=self._upstream_url,
                guardrail=self._guardrail,
                app=app,
            )
        with self._step("Deploy (cdk)"):
            deployment.deploy(self._state, endpoint_url=self._endpoint_url)
        with self._step("Wait for the Bedrock stand-in"):
            self._standin.wait()

    def connect(self, client_key: str | None, policy: GuardrailPolicy) -> LocalStack:
        """Stores the Bedrock API key and creates a client. The client gets a new key if `client_key` is None."""
        with self._step("Store the Bedrock API key and create a client"):
            outputs = stack_outputs.read(self._session, deployment.ENVIRONMENT_NAME)
            bedrock_key.put(self._session, outputs.bedrock_api_key_secret(), self._bedrock_api_key)
            api_key = clients.create(self._session, outputs, CLIENT_ID, key=client_key)
            durable = (outputs.clients_table, outputs.usage_table, outputs.resources_table)
            backups.enable(self._session, durable)
        return self._stack(outputs, api_key, policy)

    def _stack(
        self, outputs: stack_outputs.StackOutputs, api_key: str, policy: GuardrailPolicy
    ) -> LocalStack:
        return LocalStack(
            base_url=outputs.base_url,
            api_key=api_key,
            jobs_queue_url=outputs.jobs_queue_url,
            results_queue_url=outputs.results_queue_url,
            dead_letter_queue_url=outputs.dead_letter_queue_url,
            aws_endpoint_url=self._endpoint_url,
            guardrail_identifier=self._guardrail.identifier,
            upstream_url=self._upstream_url,
            guardrail_version=self._guardrail.version,
            guardrail_policy=policy,
            region=environment.REGION,
            rest_api_id=outputs.rest_api_id,
            key_header=outputs.key_header,
            stage_name=outputs.stage_name,
            chat_log_group=outputs.chat_log_group,
            worker_log_group=outputs.worker_log_group,
            secret_arn=outputs.bedrock_api_key_secret(),
            clients_table=outputs.clients_table,
            bedrock_api_key=self._bedrock_api_key,
            standin_url=self._standin.url,
            state=self._state,
            processes=(self._emulator, self._standin.process),
        )

    @property
    def _upstream_url(self) -> str:
        return f"{self._standin.url}/openai/v1"

    def _starting_standin(self, generator: str) -> AbstractContextManager[Standin]:
        return standin_process.started(
            self._state,
            port=self._ports.upstream,
            api_key=self._bedrock_api_key,
            aws_endpoint_url=self._endpoint_url,
            generator=generator,
        )
