"""The usage settings that the chat function and the jobs worker share."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb

from chat_gateway.client_policies.settings import UsageSettings
from infra.settings.environment import Environment


def usage_settings(environment: Environment, usage: dynamodb.ITable) -> UsageSettings:
    """The settings of a function that counts and records what clients use."""
    return UsageSettings(
        usage_table=usage.table_name,
        usage_kept_days=environment.clients.usage_kept_days,
        when_counters_fail=environment.clients.when_counters_fail,
        guardrail_nano_usd_per_text_unit=environment.prices.guardrail_nano_usd_per_text_unit(
            environment.guardrail
        ),
        model_prices=environment.prices.models_text,
    )
