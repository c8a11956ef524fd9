"""The measured functions: the gateway's and the ones to compare with, with the environment variables of a deployment."""

from __future__ import annotations

from pathlib import Path

from benchmarks import aws_answers, packages
from benchmarks.functions import Function
from benchmarks.packages import Package

BARE, BARE_STREAMING, OURS = "bare", "bare streaming", "ours"
AUTHORIZER, BOTO3_AUTHORIZER = "our authorizer", "boto3 authorizer"
FASTAPI, LITELLM, PORTKEY = "FastAPI sample", "LiteLLM proxy", "Portkey gateway"
DIRECT, WORKER = "upstream directly", "our worker"

_CHAT, _AUTHORIZER = "chat_gateway.http_api.handler", "chat_gateway.clients.authorizer"
_WORKER = "chat_gateway.jobs.worker"
_CHAT_PATH = "/openai/v1/chat/completions"
_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:bedrock-api-key-a1b2c3"  # noqa: S105

# The identifier and the version.
GUARDRAIL = ("gr12345", "1")
_USAGE = {
    "RECORD_USAGE": "false",
    "USAGE_TABLE": "usage",
    "USAGE_KEPT_DAYS": "400",
    "WHEN_COUNTERS_FAIL": "refuse",
}


def quick(where: Path, upstream: str) -> list[Function]:
    """Our chat function and the bare handlers."""
    return [
        _function(BARE, packages.peer(where, "bare"), "bare.handle", _bare(upstream)),
        _function(
            BARE_STREAMING,
            packages.peer(where, "bare_streaming", streams=True),
            "bare_streaming.handle",
            _bare(upstream),
            streams=True,
        ),
        _function(
            OURS,
            packages.ours(where, "api", _CHAT, requirements="upstream", streams=True),
            f"{_CHAT}.handle",
            chat_variables(upstream),
            streams=True,
        ),
    ]


def authorizers(where: Path, upstream: str) -> list[Function]:
    """Our authorizer and the usual boto3 authorizer."""
    env = {**_aws(upstream), "CLIENTS_TABLE": "clients"}
    return [
        _function(
            AUTHORIZER,
            packages.ours(where, "authorizer", _AUTHORIZER, requirements="authorizer"),
            f"{_AUTHORIZER}.handle",
            env,
        ),
        _function(BOTO3_AUTHORIZER, packages.peer(where, "boto3_authorizer"), "boto3_authorizer.handle", env),
    ]


def fastapi_sample(where: Path, upstream: str, dependencies: Path) -> Function:
    """The sample with FastAPI behind Mangum."""
    package = packages.peer(where, "fastapi_sample", dependencies=dependencies)
    env = {
        **_aws(upstream),
        "BEDROCK_BASE_URL": f"http://{upstream}/openai/v1",
        "API_KEY_SECRET_ARN": _SECRET,
    }
    return _function(FASTAPI, package, "fastapi_sample.handle", env)


def worker(where: Path, upstream: str, *, width: int) -> Function:
    """The jobs worker."""
    package = packages.ours(where / str(width), "worker", _WORKER, requirements="upstream")
    return _function(WORKER, package, f"{_WORKER}.handle", worker_variables(upstream, width))


def _function(
    name: str, package: Package, handler: str, env: dict[str, str], *, streams: bool = False
) -> Function:
    return Function(name=name, package=package, handler=handler, env=env, streams=streams)


def _bare(upstream: str) -> dict[str, str]:
    return {"UPSTREAM_ADDRESS": upstream, "UPSTREAM_PATH": _CHAT_PATH, "UPSTREAM_KEY": aws_answers.KEY}


def _aws(upstream: str) -> dict[str, str]:
    return {
        "DNS_SUFFIX": "amazonaws.com",
        "AWS_ENDPOINT_URL": f"http://{upstream}",
        "POWERTOOLS_SERVICE_NAME": "bench",
    }


def _upstream(upstream: str) -> dict[str, str]:
    """The variables that infra.bedrock.upstream sets, with an enforced guardrail."""
    return {
        **_aws(upstream),
        "BEDROCK_BASE_URL": f"http://{upstream}/openai/v1",
        "BEDROCK_API_KEY_SECRET_ARN": _SECRET,
        "SECRET_MAX_AGE_S": "300",
        "UPSTREAM_AUTH": "api_key",
        "UPSTREAM_CONNECT_TIMEOUT_S": "5",
        "UPSTREAM_FIRST_BYTE_TIMEOUT_S": "290",
        "UPSTREAM_BETWEEN_BYTES_TIMEOUT_S": "120",
        "UPSTREAM_TOTAL_TIMEOUT_S": "290",
        "MAX_REQUEST_BYTES": str(4 * 1024 * 1024),
        "SEPARATE_REASONING": "true",
        "MAX_RESPONSE_BYTES": str(4 * 1024 * 1024),
        "GUARDRAIL_IDENTIFIER": GUARDRAIL[0],
        "GUARDRAIL_VERSION": GUARDRAIL[1],
        "GUARDRAIL_OVERRIDE": "denied",
        "GUARDRAIL_TAGGING": "off",
    }


def chat_variables(upstream: str) -> dict[str, str]:
    """The variables that infra.api.chat_function sets."""
    return {
        **_upstream(upstream),
        **_USAGE,
        "CLIENTS_TABLE": "clients",
        "STREAM_TIMEOUT_S": "897",
        "COUNT_STREAM_TOKENS": "true",
        "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
        "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    }


def worker_variables(upstream: str, width: int) -> dict[str, str]:
    """The variables that infra.jobs.worker sets."""
    queues = f"http://{upstream}/123456789012"
    return {
        **_upstream(upstream),
        **_USAGE,
        "CLIENTS_TABLE": "clients",
        "WORKER_WIDTH": str(width),
        "JOBS_QUEUE_URL": f"{queues}/jobs",
        "RESULTS_QUEUE_URL": f"{queues}/results",
        "DEAD_LETTER_QUEUE_URL": f"{queues}/dead-letters",
        "RESULTS_BUCKET": "results",
        "JOB_RECORDS_TABLE": "records",
        "JOB_RECORD_KEPT_S": "432000",
        "JOB_LEAST_TIME_S": "1",
        "JOB_ENDING_S": "5",
        "JOB_GIVE_UP_AFTER_S": "302400",
        "JOB_MAX_ATTEMPTS": "5",
        "JOB_MAX_RECEIVES": "1000",
        "JOB_RETRY_DELAY_S": "15",
        "JOB_MAX_RETRY_DELAY_S": "900",
    }
