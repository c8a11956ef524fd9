"""Whether Bedrock answers for each model that the environment allows, with one token each (`--paid`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway_cli.doctor import bedrock_plan, findings, key_check, secret_check
from gateway_cli.doctor.findings import Finding, Result, Status
from guardrail_proof import bedrock_call, probes
from guardrail_proof.bedrock_call import Access, Answer, Bedrock
from guardrail_proof.plan import CONVERSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_cli.doctor.deployment import Deployment

NAME = "models"
_AT_ONCE = 16
_TIMEOUT_S = 20.0  # a large model may need seconds for its first token
# Some models refuse less: https://platform.openai.com/docs/api-reference/chat/create (max_completion_tokens)
_MAX_TOKENS = 16
# Of the chat function.
_MODELS, _NAMES = "UPSTREAM_MODELS", "MODEL_NAMES"
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Target(NamedTuple):
    """A model to ask. `region`: None for the gateway's own."""

    model: str
    region: str | None = None

    @property
    def shown(self) -> str:
        """How the model is named in a finding."""
        return self.model if self.region is None else f"{self.model} in {self.region}"


def check(deployment: Deployment) -> Result:
    """Whether each model answers. Raises botocore's errors."""
    key = secret_check.read_key(deployment)
    if key is None:
        return findings.unchecked(
            "could not be checked: the functions sign with their roles",
            f"Use make prove ENV={deployment.env}",
        )
    targets = _targets(deployment)
    access = Access(key=key, region=str(deployment.session.region_name))
    asked = [_bedrock(target, access, deployment) for target in targets]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        answers = list(threads.map(_answer, asked))
    return summed([judged(target, answer) for target, answer in zip(targets, answers, strict=True)])


def targets_of(variables: Mapping[str, str]) -> list[Target]:
    """The models in the chat function's variables, each once. Raises ValueError for a text of another version."""
    models = [Target(model) for model in variables.get(_MODELS, "").split(",") if model]
    return list(dict.fromkeys([*models, *_of_names(variables.get(_NAMES, "{}"))]))


def judged(target: Target, answer: Answer | None) -> Finding:
    """What the answer says of the model. Without an answer: the version cannot reach its region."""
    return Finding(target.shown, *_judged(answer))


def summed(found: list[Finding]) -> Result:
    """One result for all models: the worst, with each model that does not answer."""
    bad = [finding for finding in found if finding.status != Status.OK]
    if not bad:
        return findings.ok(f"all {len(found)} answer: {', '.join(finding.check for finding in found)}")
    worst = Status.PROBLEM if any(f.status == Status.PROBLEM for f in bad) else Status.UNCHECKED
    said = "; ".join(f"{finding.check}: {finding.says}" for finding in bad)
    advice = ". ".join(dict.fromkeys(finding.advice for finding in bad if finding.advice))
    return Result(worst, f"{len(bad)} of {len(found)} do not answer. {said}", advice or None)


def _targets(deployment: Deployment) -> list[Target]:
    function = deployment.client("lambda").get_function_configuration(
        FunctionName=f"{deployment.stack_name}-api"
    )
    try:
        found = targets_of(function.get("Environment", {}).get("Variables", {}))
    except ValueError:
        found = []
    outputs = deployment.outputs
    own = [Target(bedrock_plan.own_model(outputs)[1])]
    converse = [Target(outputs.proof_converse_model)] if outputs.proof_converse_model else []
    return found or [*own, *converse]


def _of_names(text: str) -> Iterator[Target]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("no model names")  # noqa: TRY004 - as for text that is no JSON
    rows: list[Any] = [row for rows in document.values() for row in rows]
    for row in rows:
        if not isinstance(row, list) or not row:
            raise ValueError("no model names")
        yield Target(str(row[0]), row[1] if len(row) > 1 else None)


def _bedrock(target: Target, access: Access, deployment: Deployment) -> Bedrock | None:
    """How to ask for the model; None if its region's endpoint is unknown."""
    outputs = deployment.outputs
    base_url, guardrail = outputs.bedrock_base_url, _own_guardrail(outputs.enforced_guardrail)
    if target.region is not None:
        plan = bedrock_plan.plan(outputs)
        regions = {} if plan is None else {region.name: region for region in plan.regions}
        if target.region not in regions:
            return None
        base_url, guardrail = regions[target.region].base_url, regions[target.region].guardrail
    if base_url is None:
        return None
    return Bedrock(
        base_url=base_url,
        model=target.model,
        access=access,
        region=target.region,
        guardrail=guardrail,
        max_tokens=_MAX_TOKENS,
        timeout_s=_TIMEOUT_S,
    )


def _own_guardrail(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    identifier, _, version = text.rpartition(":")
    return identifier, version


def _answer(bedrock: Bedrock | None) -> Answer | None:
    """Bedrock's answer by its chat completions or, if it does not know the model there, by Converse.

    A refusal costs nothing, so we need not know which of Bedrock's APIs serves the model.
    """
    if bedrock is None:
        return None
    answer = bedrock_call.ask(bedrock, probes.HARMLESS, bedrock.guardrail)
    if answer.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND):
        return answer
    other = bedrock_call.ask(replace(bedrock, route=CONVERSE), probes.HARMLESS, bedrock.guardrail)
    is_unknown_there = other.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
    return answer if is_unknown_there else other


def _judged(answer: Answer | None) -> Result:
    if answer is None:
        return findings.unchecked("its region's endpoint is unknown", "Deploy this version")
    if answer.status is None:
        return findings.unchecked(f"no answer ({answer.text})", "Try again")
    if answer.status == HTTPStatus.OK:
        return findings.ok("answers")
    if answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return findings.unchecked(f"Bedrock answered {answer.status}", "Try again")
    if answer.status == HTTPStatus.NOT_FOUND:
        return findings.problem(
            "Bedrock does not know the model", "Correct the model's id, or replace a model that was retired"
        )
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        reason = key_check.refusal(answer)
        says = f"Bedrock refuses the key ({reason})" if reason else "the key or the account may not use it"
        return findings.problem(
            says, "See the model's access in the Bedrock console, and the policy of the key's user"
        )
    return findings.problem(
        f"Bedrock answered {answer.status}", "Send the model a request through the gateway to see the error"
    )
