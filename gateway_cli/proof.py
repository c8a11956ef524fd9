"""The proof that a deployed environment's guardrail blocks."""

from __future__ import annotations

from collections.abc import Generator

import boto3

from client_keys.principal import NoPrincipalError
from gateway_cli.stack_outputs import StackOutputs
from guardrail_proof import proof
from guardrail_proof.plan import Plan
from guardrail_proof.probes import Probe, failure
from guardrail_proof.settings import CANARY_WORD, JWT, MODEL, Gateway
from guardrail_proof.signature import NoCredentialsToSignError

__all__ = [
    "CANARY_WORD",
    "MODEL",
    "NoCredentialsToSignError",
    "NoPrincipalError",
    "Probe",
    "failure",
    "prove",
]


class UnreadablePlanError(Exception):
    """The stack says what to prove of its model names, in a form that this version does not know."""


class NoTokenError(Exception):
    """Callers send JWTs, and the proof has none."""

    def __init__(self) -> None:
        super().__init__(
            "The callers of this environment send JWTs, which the gateway does not issue. Set CLIENT_TOKEN to a token of a "
            "client that may use the proof's models."
        )


def prove(
    session: boto3.Session,
    outputs: StackOutputs,
    *,
    canary: str = CANARY_WORD,
    model: str | None = None,
    base_url: str | None = None,
    attack: str | None = None,
    converse_model: str | None = None,
    token: str | None = None,
) -> Generator[Probe, None, None]:
    """Yields each probe as soon as its outcome is known. Raises UnreadablePlanError, NoTokenError, and botocore's errors.

    The proof creates a temporary client. Close the generator to delete this client. If callers sign their requests, the
    client is the role or user behind `session`. If they send JWTs, the proof creates none and sends `token`.

    `base_url` replaces the stack's base URL. `attack` is a prompt that the prompt-attack filter must block. `model` and
    `converse_model` replace the stack's models.
    """
    gateway = Gateway(
        base_url=(base_url or outputs.base_url).rstrip("/"),
        clients_table=outputs.clients_table,
        jobs_queue_url=outputs.jobs_queue_url,
        job_records_table=outputs.job_records_table,
        model=model or outputs.proof_model or MODEL,
        canary=canary,
        tagging=outputs.tagging,
        attack=attack,
        converse_model=converse_model or outputs.proof_converse_model,
        bedrock_base_url=outputs.bedrock_base_url,
        secret_arn=outputs.secret_arn,
        plan=_plan(outputs.proof_plan),
        key_header=outputs.key_header,
        client_auth=outputs.client_auth,
        role_arn=outputs.bedrock_role_arn,
        role_external_id=outputs.bedrock_role_external_id,
    )
    yield from proof.prove(gateway, session, token=_token(outputs, token))


def _token(outputs: StackOutputs, token: str | None) -> str | None:
    """The token for an environment whose callers send JWTs; None for others."""
    if outputs.client_auth != JWT:
        return None
    if not token:
        raise NoTokenError
    return token


def _plan(text: str | None) -> Plan | None:
    try:
        return None if text is None else Plan.from_text(text)
    except ValueError:
        raise UnreadablePlanError(
            "This version cannot read the stack's output ProofPlan. Deploy the stack again, or use the version that deployed it."
        ) from None
