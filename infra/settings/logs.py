"""The settings of log groups."""

from __future__ import annotations

from typing import Annotated, Literal

from aws_cdk.aws_logs import RetentionDays
from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from infra.settings.table import Table

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_NAMES: dict[int | str, str] = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2192: "SIX_YEARS",
    2557: "SEVEN_YEARS",
    2922: "EIGHT_YEARS",
    3288: "NINE_YEARS",
    3653: "TEN_YEARS",
    "never": "INFINITE",
}


def _known(days: object) -> int | str:
    if not isinstance(days, int | str) or isinstance(days, bool) or days not in _NAMES:
        raise ValueError(f"must be one of {', '.join(map(str, _NAMES))}")
    return days


AccessLogField = Literal["source_ip", "user_agent", "domain_name", "vpc_endpoint_id", "waf_response_code"]


def _once(fields: list[AccessLogField]) -> list[AccessLogField]:
    if len(set(fields)) < len(fields):
        raise ValueError("names a field twice")
    return fields


class Logs(Table):
    """The settings of all log groups of the stack."""

    retention_in_days: Annotated[
        int | str, PlainValidator(_known), WithJsonSchema({"enum": list(_NAMES)})
    ] = 90
    """How many days logs are kept. "never" keeps them for ever."""

    access_log_fields: Annotated[list[AccessLogField], AfterValidator(_once)] = Field(default_factory=list)
    """More of the access log: source_ip, user_agent (personal data), domain_name, vpc_endpoint_id, waf_response_code."""

    @property
    def retention(self) -> RetentionDays:
        """The same value as the CDK's enum."""
        return RetentionDays[_NAMES[self.retention_in_days]]
