"""Which client a job belongs to: the one that its message names, if the environment trusts the message's sender."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chat_gateway.client_policies import limits
from chat_gateway.core.errors import ClientPolicyError
from client_keys.policy import CLIENT_ID

if TYPE_CHECKING:
    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.jobs.lines import Job, JobMessage
    from chat_gateway.jobs.settings import WorkerSettings
    from client_keys.policy import Policy


# Stands for a name that no client can have: whatever was named stays out of logs and results.
_NOT_AN_ID = "(not a client id)"


def identified(message: JobMessage, settings: WorkerSettings) -> JobMessage:
    """The message with its client: the named one if the sender is listed, else the environment's default, which may be none."""
    if message.batch_line is not None:  # a line belongs to its batch's client
        return message
    named = message.named_client
    if named is None or message.sender not in settings.senders:
        return replace(message, client=settings.default_client)
    return replace(message, client=named if CLIENT_ID.fullmatch(named) else _NOT_AN_ID, names_client=True)


def limited(job: Job, client_id: str, policies: ClientPolicies) -> tuple[Job, Policy]:
    """The job as its client's policy lets it be, and that policy.

    Raises GatewayError if the client may not send it, and AwsCallError if the clients table cannot be read.
    """
    record = policies.of_client(client_id) if CLIENT_ID.fullmatch(client_id) else None
    if record is None:
        raise ClientPolicyError("There is no such client.", code="unknown_client")
    if not record.is_active:
        raise ClientPolicyError("The client is suspended or has expired.", code="client_not_active")
    if not record.policy.may_send_jobs:
        raise ClientPolicyError("This client may not send jobs.", code="jobs_not_allowed")
    return replace(job, request=limits.limited(job.request, record.policy)), record.policy
