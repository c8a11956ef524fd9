"""The chat function of an environment whose callers sign their requests."""

from __future__ import annotations

from chat_gateway.http_api import settings as http_settings
from chat_gateway.http_api import signed_requests
from chat_gateway.http_api.handler import ChatFunction, entry_point, metrics, startup
from chat_gateway.service import request_log

handle = entry_point(
    ChatFunction(
        startup,
        request_log.logger(metrics),
        metrics=metrics,
        cors=http_settings.cors(),
        read=signed_requests.from_env().read,
    )
)
