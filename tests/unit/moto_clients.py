"""Clients of AWS for moto."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def dynamodb() -> DynamoDBClient:
    """A client of DynamoDB, made once, since that takes longer than a test."""
    return boto3.Session("testing", "testing", region_name="us-east-1").client("dynamodb")
