"""The settings of metrics, alarms, the dashboard and traces."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.settings.jobs import KEPT_S
from infra.settings.table import Table, matching, require

# https://docs.aws.amazon.com/sns/latest/dg/sns-create-topic.html
_TOPIC_ARN = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
_EMAIL = r"[^\s@]{1,64}@[^\s@]{1,255}"


class Monitoring(Table):
    """What CloudWatch shows of an environment. docs/operations.md says what each alarm means."""

    metrics: bool = False
    """Count requests, errors, latency and tokens as CloudWatch metrics, in the log lines of requests and jobs."""
    alarms: bool = False
    """Create alarms and the topic that they notify. Needs `metrics`."""
    dashboard: bool = False
    """Create a dashboard. Needs `metrics`."""
    tracing: bool = False
    """Trace requests with X-Ray."""
    alarm_emails: list[Annotated[str, AfterValidator(matching(_EMAIL, "must be an e-mail address"))]] = Field(
        default_factory=list
    )
    """Addresses that the alarms' topic writes to. Each address must confirm its subscription."""
    alarm_topic_arn: (
        Annotated[str, AfterValidator(matching(_TOPIC_ARN, "must be the ARN of an SNS topic"))] | None
    ) = None
    """A topic of your own that the alarms notify, in place of the stack's. It must let CloudWatch publish."""
    lambda_concurrency_quota: Annotated[int, Field(ge=1)] = 1000
    """The account's quota of concurrent Lambda executions in this region. `cdk synth` compares other settings with it."""
    max_server_error_percent: Annotated[int, Field(ge=1, le=100)] = 5
    """The alarms `server-errors` and `failed-answers` go off if a larger part of the requests fails."""
    max_p99_latency_s: Annotated[int, Field(ge=1, le=900)] = 180
    """The alarm `slow-answers` goes off if the slowest hundredth of the answers, streams included, takes longer."""
    max_job_age_s: Annotated[int, Field(ge=60, le=KEPT_S)] = 21_600
    """The alarm `old-jobs` goes off, and `doctor` names a problem, if a job has been in the queue for longer."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        require(self.metrics or not self.alarms, "alarms", "needs metrics = true")
        require(self.metrics or not self.dashboard, "dashboard", "needs metrics = true")
        both = bool(self.alarm_emails) and self.alarm_topic_arn is not None
        require(
            not both,
            "alarm_emails",
            "cannot be set with alarm_topic_arn: subscribe the addresses to that topic",
        )
        return self
