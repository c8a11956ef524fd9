"""Whether the DynamoDB tables are there, active, and have backups where the stack sets them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from gateway_cli.doctor import aws_failures, findings, repairs
from gateway_cli.doctor.examination import Chain, Check
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment
    from gateway_cli.stack_outputs import StackOutputs

_RESTORE = "docs/operations.md#restore-the-clients-table"
_NOT_FOUND = {"ResourceNotFoundException", "TableNotFoundException"}


def chains(outputs: StackOutputs) -> Iterator[Chain]:
    """The checks of each table: that it is there, and its backups. Job records live some days, and have none."""
    tables = {
        "clients": outputs.clients_table,
        "usage": outputs.usage_table,
        "resources": outputs.resources_table,
    }
    for name, table in tables.items():
        if table is not None:
            yield (
                Check(f"table of {name}", partial(is_active, table)),
                Check(f"backups of {name}", partial(has_backups, table)),
            )
    yield (Check("table of job records", partial(is_active, outputs.job_records_table)),)


def is_active(table: str, deployment: Deployment) -> Result:
    """Whether the table can be used. Raises botocore's errors."""
    try:
        status = deployment.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"]
    except ClientError as error:
        if aws_failures.code(error) not in _NOT_FOUND:
            raise
        return findings.problem(
            f"there is no table {table}",
            f"Restore it from a backup under the same name ({_RESTORE}). Without a backup, let CloudFormation create an "
            f"empty one: {repairs.command(deployment.env)}",
        )
    # A table can be used while it is updated:
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    if status not in ("ACTIVE", "UPDATING"):
        return findings.problem(f"{table} is {status}", "Wait, or see the table in the DynamoDB console")
    return findings.ok(f"{table} is {status}")


def has_backups(table: str, deployment: Deployment) -> Result:
    """Whether the table has point-in-time recovery, as the stack sets it. Raises botocore's errors."""
    answer = deployment.client("dynamodb").describe_continuous_backups(TableName=table)
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        return findings.ok("point-in-time recovery is on")
    return findings.problem(
        "point-in-time recovery is off",
        f"Turn it on: aws dynamodb update-continuous-backups --table-name {table} "
        "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
    )
