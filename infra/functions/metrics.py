"""The setting of the functions whose log lines carry metrics."""

from __future__ import annotations

from chat_gateway.service.settings import MetricsSettings
from infra.settings.environment import Environment


def metrics_settings(environment: Environment) -> MetricsSettings:
    """The name of the environment, if it has metrics."""
    return MetricsSettings(environment.name if environment.monitoring.metrics else None)
