"""Makes checks: chains at the same time, and the checks of a chain one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.doctor import aws_failures, findings
from gateway_cli.doctor.deployment import Deployment
from gateway_cli.doctor.findings import Finding, Result, Status


class Check(NamedTuple):
    """A check of the environment. `run` may raise botocore's errors: the check could not be made then."""

    name: str
    run: Callable[[Deployment], Result]


# A check is made only if the one before it found nothing wrong.
Chain = Sequence[Check]


def findings_of(chains: Sequence[Chain], deployment: Deployment) -> Iterator[Finding]:
    """The findings, in the order of the checks."""
    with ThreadPoolExecutor(len(chains)) as threads:
        for found in threads.map(lambda chain: _made(chain, deployment), chains):
            yield from found


def _made(chain: Chain, deployment: Deployment) -> list[Finding]:
    found: list[Finding] = []
    cause: Finding | None = None
    for check in chain:
        result = _result(check, deployment) if cause is None else findings.skipped_after(cause)
        finding = Finding(check.name, *result)
        found.append(finding)
        if cause is None and finding.status not in (Status.OK, Status.NOTE):
            cause = finding
    return found


def _result(check: Check, deployment: Deployment) -> Result:
    try:
        return check.run(deployment)
    except (ClientError, BotoCoreError) as error:
        return aws_failures.unchecked(error, deployment.env)
