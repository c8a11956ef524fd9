"""The environments that can be deployed.

Edit `_dev`, `_staging` and `_prod` to make them yours; infra/environment_settings.py has all that can be set. An existing
guardrail can also be named at the command line, for that one deployment: `cdk deploy -c env=dev -c guardrail=abc123:1`.
So can the proof: `-c prove_on_deploy=true`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aws_cdk.aws_logs import RetentionDays

from infra import emulator
from infra.environment_settings import Data, Environment, InvalidEnvironmentError, check
from infra.guardrail_settings import ExistingGuardrail
from infra.job_settings import Jobs
from infra.proof_settings import Proof


def _dev() -> Environment:
    return Environment(name="dev", data=Data.DESTROYED, log_retention=RetentionDays.TWO_WEEKS)


def _staging() -> Environment:
    return Environment(name="staging", log_retention=RetentionDays.ONE_MONTH)


def _prod() -> Environment:
    return Environment(
        name="prod", requests_per_second=200, burst_requests=400, jobs=Jobs(requests_per_minute=1200)
    )


_ENVIRONMENTS: dict[str, Callable[[], Environment]] = {"dev": _dev, "staging": _staging, "prod": _prod}
NAMES = (*_ENVIRONMENTS, emulator.NAME)


def named(
    name: str | None,
    *,
    guardrail: str | None = None,
    upstream_url: str | None = None,
    aws_endpoint_url: str | None = None,
    prove_on_deploy: str | None = None,
) -> Environment:
    """The environment of that name, with what the command line gives in place of its own, if anything.

    Raises InvalidEnvironmentError.
    """
    if name not in NAMES:
        asked = "No environment is named" if name is None else f"There is no environment {name!r}"
        raise InvalidEnvironmentError(f"{asked}: choose one of {', '.join(NAMES)} with `-c env=NAME`.")
    enforced = None if guardrail is None else _parsed_guardrail(guardrail)
    if name == emulator.NAME:
        return emulator.environment(
            guardrail=enforced,
            upstream_url=upstream_url,
            aws_endpoint_url=aws_endpoint_url,
            prove_on_deploy=_proof(prove_on_deploy, None),
        )
    if upstream_url is not None:
        raise InvalidEnvironmentError("`-c upstream_url` replaces Bedrock and is for 'local' only.")
    check(name, [(aws_endpoint_url is None, "aws_endpoint_url is the emulator's and for 'local' only.")])
    own = _ENVIRONMENTS[name]()
    return replace(
        own,
        guardrail=enforced or own.guardrail,
        prove_on_deploy=_proof(prove_on_deploy, own.prove_on_deploy),
    )


def _parsed_guardrail(text: str) -> ExistingGuardrail:
    """The guardrail in `IDENTIFIER:VERSION`, where IDENTIFIER may be an ARN."""
    identifier, _, version = text.rpartition(":")
    if not identifier or not version:
        raise InvalidEnvironmentError(f"guardrail is {text!r}; write it as IDENTIFIER:VERSION.")
    return ExistingGuardrail(identifier=identifier, version=version)


def _proof(text: str | None, own: Proof | None) -> Proof | None:
    """The environment's own proof, unless the command line says false, or true where the environment has none."""
    if text not in (None, "true", "false"):
        raise InvalidEnvironmentError(f"prove_on_deploy is {text!r}; write true or false.")
    if text == "false":
        return None
    return own or (Proof() if text == "true" else None)
