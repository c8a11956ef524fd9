"""Evaluates a guardrail with ApplyGuardrail of the local AWS emulator."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailRef, Source
from local.bedrock_standin.refusals import server_error, validation_error

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ApplyGuardrailResponseTypeDef

_THREADS = 32
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 30


class EmulatorGuardrails:
    """Evaluates with ApplyGuardrail. Without an endpoint it answers 500. It never calls AWS itself."""

    def __init__(self, endpoint_url: str | None, region: str, access_key: str, secret_key: str) -> None:
        # boto3 blocks, and the default executor has only cpu + 4 threads, too few for hundreds of requests.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="guardrail")
        self._client: BedrockRuntimeClient | None = None
        if endpoint_url:
            self._client = boto3.client(
                "bedrock-runtime",
                endpoint_url=endpoint_url,
                region_name=region,
                aws_access_key_id=access_key,
                aws_secret_access_key=secret_key,
                config=Config(
                    max_pool_connections=_THREADS,
                    connect_timeout=_CONNECT_TIMEOUT_S,
                    read_timeout=_READ_TIMEOUT_S,
                    proxies={},
                ),
            )

    async def evaluate(self, guardrail: GuardrailRef, source: Source, texts: list[str]) -> Evaluation:
        """Evaluates the texts. Raises RefusalError: 400 for an unknown guardrail, 500 if the evaluation fails."""
        if self._client is None:
            raise server_error(
                "The stand-in was started without --aws-endpoint-url, so it cannot evaluate guardrails."
            )
        call = partial(self._call, self._client, guardrail, source, texts)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        """Releases the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _call(
        client: BedrockRuntimeClient, guardrail: GuardrailRef, source: Source, texts: list[str]
    ) -> Evaluation:
        started = time.perf_counter()
        try:
            answer = client.apply_guardrail(
                guardrailIdentifier=guardrail.id,  # the emulator's route does not accept an ARN
                guardrailVersion=guardrail.version,
                source=source,
                content=[{"text": {"text": text}} for text in texts],
            )
        except (ClientError, ParamValidationError) as error:
            if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise server_error("The emulator failed to evaluate the guardrail.") from error
            raise validation_error("The guardrail identifier or version provided does not exist.") from error
        except BotoCoreError as error:
            raise server_error("The emulator cannot be reached to evaluate the guardrail.") from error
        return read_evaluation(answer, texts, round((time.perf_counter() - started) * 1000))


def read_evaluation(answer: ApplyGuardrailResponseTypeDef, texts: list[str], latency_ms: int) -> Evaluation:
    """The evaluation in ApplyGuardrail's answer to `texts`. Raises RefusalError (500) if the number of texts is wrong.

    `action` is GUARDRAIL_INTERVENED both for blocking and for masking. The findings show the difference.
    """
    findings: dict[str, Any] = {}
    for assessment in answer["assessments"]:
        findings |= assessment
    intervened = answer["action"] == "GUARDRAIL_INTERVENED"
    blocked = intervened and _has_block(findings)
    outputs = [output["text"] for output in answer["outputs"]] if intervened else texts
    if len(outputs) != (1 if blocked else len(texts)):
        raise server_error("The guardrail's answer does not match what it was asked.")
    metrics = {
        "guardrailProcessingLatency": latency_ms,
        "usage": answer["usage"],
        "guardrailCoverage": answer.get("guardrailCoverage", {}),
    }
    return Evaluation(intervened, blocked, outputs, findings | {"invocationMetrics": metrics})


def _has_block(findings: object) -> bool:
    if isinstance(findings, dict):
        return findings.get("action") == "BLOCKED" or any(map(_has_block, findings.values()))
    return isinstance(findings, list) and any(map(_has_block, findings))
