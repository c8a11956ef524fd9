"""Turns on the tables' point-in-time recovery, which the template sets and the emulator leaves out."""

from __future__ import annotations

from collections.abc import Iterable

import boto3


def enable(session: boto3.Session, tables: Iterable[str | None]) -> None:
    """Turns recovery on for each table that is not None."""
    dynamodb = session.client("dynamodb")
    for table in tables:
        if table is not None:
            dynamodb.update_continuous_backups(
                TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
