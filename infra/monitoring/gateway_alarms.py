"""All alarms of a stack."""

from __future__ import annotations

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.monitoring import bedrock_alarms, function_alarms, job_alarms, request_alarms
from infra.monitoring.alarm_topic import AlarmTopic
from infra.monitoring.log_metrics import LogMetrics
from infra.monitoring.metrics import Metrics
from infra.monitoring.monitored import AUTHORIZER, CHAT, WORKER, Monitored
from infra.monitoring.runbook_alarms import RunbookAlarms

DOWN = "gateway-down"
# A new version that sets off one of these must not get more requests.
_STOPPING = (
    request_alarms.SERVER_ERRORS,
    request_alarms.MOST_FAIL,
    request_alarms.FAILED_ANSWERS,
    bedrock_alarms.CREDENTIALS,
    bedrock_alarms.GUARDRAIL,
    *(function_alarms.alarm_name(function) for function in (CHAT, AUTHORIZER, WORKER)),
)


class GatewayAlarms(Construct):
    """The alarms, and the topic that they notify."""

    def __init__(self, scope: Construct, id_: str, *, monitored: Monitored) -> None:
        super().__init__(scope, id_)
        environment = monitored.environment
        self.topic = AlarmTopic(self, "Topic", environment=environment)
        LogMetrics(self, "LogMetrics", metrics=Metrics(monitored), log_groups=monitored.log_groups)
        self._alarms = RunbookAlarms(self, "Alarms", platform=environment.platform, topic=self.topic.topic)
        for concern in (request_alarms, bedrock_alarms, job_alarms, function_alarms):
            concern.add(self._alarms, monitored)
        self._alarms.add_any_of(
            DOWN,
            "The gateway is down: most requests fail at the gateway or at Bedrock.",
            (request_alarms.MOST_FAIL, bedrock_alarms.REFUSES),
        )

    @property
    def by_name(self) -> dict[str, cloudwatch.IAlarm]:
        """The alarms by the ends of their names."""
        return self._alarms.by_name

    @property
    def stopping(self) -> list[cloudwatch.IAlarm]:
        """The alarms that stop a gradual deployment."""
        return [self.by_name[name] for name in _STOPPING if name in self.by_name]
