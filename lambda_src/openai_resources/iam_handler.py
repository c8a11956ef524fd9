"""The resources function of an environment whose callers sign their requests."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from chat_gateway.http_api import settings as http_settings
from chat_gateway.http_api import signed_requests
from openai_resources.handler import ResourcesFunction, startup
from watchdog_timer import watched

read = signed_requests.from_env().read
handle = watched(ResourcesFunction(startup, Logger(), cors=http_settings.cors(), read=read).handle)
