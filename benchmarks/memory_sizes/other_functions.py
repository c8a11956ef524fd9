"""The gateway's functions of which only the peak memory is measured, with the variables of a deployment."""

from __future__ import annotations

from pathlib import Path

from benchmarks import packages
from benchmarks.functions import Function
from resource_items import batch_lines, table

JWT_AUTHORIZER, RESOURCES, BATCH_STEPS = (
    "our authorizer for tokens",
    "our resources function",
    "our batch steps",
)
PROVER, BEFORE_TRAFFIC, KEY_ROTATION = "our proof", "our proof before traffic", "our key rotation"


def all_of(where: Path, upstream: str) -> dict[str, Function]:
    """The functions, by name. Their AWS is `upstream` (host:port)."""
    found = (
        _function(where, upstream, JWT_AUTHORIZER, "jwt_clients.authorizer", "jwt", _TOKENS),
        _function(where, upstream, RESOURCES, "openai_resources.handler", "resources", _STORES),
        _function(where, upstream, BATCH_STEPS, "batch_steps.handler", "upstream", {**_STORES, **_STEPS}),
        _function(where, upstream, PROVER, "guardrail_proof.prover", "upstream", {}),
        _function(where, upstream, BEFORE_TRAFFIC, "guardrail_proof.before_traffic", "upstream", {}),
        _function(where, upstream, KEY_ROTATION, "key_rotation.handler", "upstream", {}),
    )
    return {function.name: function for function in found}


def _function(
    where: Path, upstream: str, name: str, module: str, requirements: str, variables: dict[str, str]
) -> Function:
    package = packages.ours(where / "others", module, module, requirements=requirements)
    env = {
        "DNS_SUFFIX": "amazonaws.com",
        "AWS_ENDPOINT_URL": f"http://{upstream}",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "CLIENTS_TABLE": "clients",
        **variables,
    }
    return Function(name=name, package=package, handler=f"{module}.handle", env=env)


_TOKENS = {
    "JWT_ISSUER": "https://issuer.example",
    "JWT_AUDIENCE": "gateway",
    "JWT_JWKS_URL": "https://issuer.example/keys",
    "JWT_CLIENT_CLAIM": "sub",
    "JWT_AUDIENCE_CLAIM": "aud",
}
_STORES = {
    table.TABLE_VARIABLE: "resources",
    table.BUCKET_VARIABLE: "files",
    batch_lines.STEPS_QUEUE_VARIABLE: "http://queues.example/steps",
}
_STEPS = {
    "JOB_RECORDS_TABLE": "records",
    "RESULTS_BUCKET": "results",
    "JOBS_QUEUE_URL": "http://queues.example/jobs",
    "BATCH_MAX_LINES": "50000",
    "BATCH_MAX_INPUT_BYTES": str(200 * 1024 * 1024),
    "MAX_REQUEST_BYTES": str(4 * 1024 * 1024),
    "JOBS_REQUESTS_PER_MINUTE": "600",
    "BATCH_STEP_MAX_ATTEMPTS": "100",
}
