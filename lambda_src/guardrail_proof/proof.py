"""Runs all probes against a deployed gateway, as a temporary client, or with a client's JWT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from guardrail_proof import as_jobs, by_name, in_each_region, over_http, probes
from guardrail_proof.as_jobs import Jobs
from guardrail_proof.over_http import Endpoint
from guardrail_proof.probes import Probe, Prompt
from guardrail_proof.settings import IAM, JWT
from guardrail_proof.temporary_client import temporary_client, temporary_role

if TYPE_CHECKING:
    import boto3

    from guardrail_proof.settings import Gateway

CLIENT_ID = "prove"
# A tags probe has one attempt: the gateway has answered four times by then.
_TAGS_TIMEOUT_S, _MOST_TAGS_PROBES = 30, 2
# So have the probes of Converse, which run at once.
_CONVERSE_TIMEOUT_S = 20
# The longest time for `prove`, without its own AWS calls. While the jobs are answered, names and regions are tried.
WITHIN_S = (
    over_http.WITHIN_S
    + _MOST_TAGS_PROBES * _TAGS_TIMEOUT_S
    + _CONVERSE_TIMEOUT_S
    + max(as_jobs.WITHIN_S, by_name.WITHIN_S + in_each_region.WITHIN_S)
)
# The largest assumed difference between this clock and the authorizer's.
_CLOCKS_DIFFER_S = 60


def prove(
    gateway: Gateway, session: boto3.Session, *, signs_as_function: bool = False, token: str | None = None
) -> Iterator[Probe]:
    """All probes, each as soon as its result is known: over HTTP, of tags, of Converse, of names, of Bedrock, and as jobs.

    `signs_as_function`: without an API key, the session's credentials may ask Bedrock for what the gateway's functions
    may. `token`: a client's JWT, if callers send these. Raises botocore's errors if AWS refuses a call,
    NoCredentialsToSignError, and NoPrincipalError for a session of the root user.
    """
    jobs = Jobs(
        queue_url=gateway.jobs_queue_url,
        records_table=gateway.job_records_table,
        model=gateway.model,
        canary=gateway.canary,
    )
    with _endpoint(gateway, session, token) as endpoint:
        yield from over_http.over_http(endpoint)
        yield from over_http.ask(replace(endpoint, attempts=1, timeout_s=_TAGS_TIMEOUT_S), _of_tags(gateway))
        yield from _of_converse(gateway, endpoint)
        sent = as_jobs.send(jobs, session)
        if gateway.plan is not None:
            yield from by_name.by_name(gateway.plan, endpoint)
    yield from in_each_region.in_each_region(gateway, session, signs_as_function=signs_as_function)
    yield from as_jobs.results(sent, jobs, session)


@contextmanager
def _endpoint(gateway: Gateway, session: boto3.Session, token: str | None = None) -> Iterator[Endpoint]:
    """The gateway as a client of its kind may ask it during the block."""
    asking = Endpoint(
        base_url=gateway.base_url,
        api_key=token or "",
        key_header=gateway.key_header,
        model=gateway.model,
        canary=gateway.canary,
    )
    dynamodb, lifetime_s = session.client("dynamodb"), _lifetime_s(gateway)
    if gateway.client_auth == JWT:
        yield asking
    elif gateway.client_auth == IAM:
        from guardrail_proof import signature  # for callers that sign

        role, auth = signature.signer(session), signature.SignedRequests(session)
        with temporary_role(dynamodb, gateway.clients_table, CLIENT_ID, role, lifetime_s=lifetime_s):
            yield replace(asking, auth=auth)
    else:
        with temporary_client(dynamodb, gateway.clients_table, CLIENT_ID, lifetime_s=lifetime_s) as api_key:
            yield replace(asking, api_key=api_key)


def _lifetime_s(gateway: Gateway) -> float:
    tags_s = len(_of_tags(gateway)) * _TAGS_TIMEOUT_S
    names_s = 0 if gateway.plan is None else by_name.WITHIN_S
    return over_http.WITHIN_S + tags_s + _CONVERSE_TIMEOUT_S + names_s + _CLOCKS_DIFFER_S


def _of_tags(gateway: Gateway) -> list[Prompt]:
    return probes.of_tags(gateway.canary, tagging=gateway.tagging, attack=gateway.attack)


def _of_converse(gateway: Gateway, endpoint: Endpoint) -> Iterator[Probe]:
    if gateway.converse_model is None:
        yield Probe("Converse", None, not_shown="no model of that route is set: proof.converse_model")
        return
    asking = replace(endpoint, model=gateway.converse_model, attempts=1, timeout_s=_CONVERSE_TIMEOUT_S)
    prompts = probes.of_converse(gateway.canary, tagging=gateway.tagging)
    yield from over_http.ask_at_once([(asking, ", by Converse")], prompts, most=2 * len(prompts))
