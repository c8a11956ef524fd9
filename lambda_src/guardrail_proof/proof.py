"""Runs all probes against a deployed gateway, with a temporary client."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from guardrail_proof import as_jobs, at_bedrock, over_http, probes
from guardrail_proof.as_jobs import Jobs
from guardrail_proof.at_bedrock import Bedrock
from guardrail_proof.over_http import Endpoint
from guardrail_proof.probes import Probe, Prompt
from guardrail_proof.temporary_client import temporary_client

if TYPE_CHECKING:
    import boto3

    from guardrail_proof.settings import Gateway

CLIENT_ID = "prove"
# A tags probe has one attempt: the gateway has answered four times by then.
_TAGS_TIMEOUT_S, _MOST_TAGS_PROBES = 30, 2
# So have the probes of Converse, which run at once.
_CONVERSE_TIMEOUT_S = 20
# The longest time for `prove`, without its own AWS calls.
WITHIN_S = (
    over_http.WITHIN_S
    + _MOST_TAGS_PROBES * _TAGS_TIMEOUT_S
    + _CONVERSE_TIMEOUT_S
    + as_jobs.WITHIN_S
    + at_bedrock.WITHIN_S
)
# The largest assumed difference between this clock and the authorizer's.
_CLOCKS_DIFFER_S = 60


def prove(gateway: Gateway, session: boto3.Session) -> Iterator[Probe]:
    """Six probes, up to two of tags, up to six of Converse, and one of Bedrock itself, each as soon as its result is known.

    Raises botocore's errors if AWS refuses a call.
    """
    of_tags = probes.of_tags(gateway.canary, tagging=gateway.tagging, attack=gateway.attack)
    lifetime_s = over_http.WITHIN_S + len(of_tags) * _TAGS_TIMEOUT_S + _CONVERSE_TIMEOUT_S + _CLOCKS_DIFFER_S
    dynamodb = session.client("dynamodb")
    with temporary_client(dynamodb, gateway.clients_table, CLIENT_ID, lifetime_s=lifetime_s) as api_key:
        endpoint = Endpoint(
            base_url=gateway.base_url, api_key=api_key, model=gateway.model, canary=gateway.canary
        )
        yield from over_http.over_http(endpoint)
        yield from over_http.ask(replace(endpoint, attempts=1, timeout_s=_TAGS_TIMEOUT_S), of_tags)
        yield from _of_converse(gateway, endpoint)
    jobs = Jobs(
        queue_url=gateway.jobs_queue_url,
        records_table=gateway.job_records_table,
        model=gateway.model,
        canary=gateway.canary,
    )
    yield from as_jobs.as_jobs(jobs, session)
    if gateway.bedrock_base_url is not None:
        bedrock = Bedrock(
            base_url=gateway.bedrock_base_url, model=gateway.model, secret_arn=gateway.secret_arn
        )
        yield at_bedrock.unknown_guardrail(bedrock, session)


def _of_converse(gateway: Gateway, endpoint: Endpoint) -> Iterator[Probe]:
    if gateway.converse_model is None:
        yield Probe("Converse", None, not_shown="no model of that route is set: proof.converse_model")
        return
    asking = replace(endpoint, model=gateway.converse_model, attempts=1, timeout_s=_CONVERSE_TIMEOUT_S)
    prompts = probes.of_converse(gateway.canary, tagging=gateway.tagging)
    asked = [(prompt, streams) for streams in (False, True) for prompt in prompts]

    def ask(one: tuple[Prompt, bool]) -> list[Probe]:
        prompt, streams = one
        return list(over_http.ask(asking, [prompt], streams=streams, route=", by Converse"))

    with ThreadPoolExecutor(len(asked)) as threads:
        for found in threads.map(ask, asked):
            yield from found
