"""The operations under /_standin: counters, requests, key, guardrail headers, weather, holds. For loopback only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bedrock_standin.faults.weather import Forecast
from local.bedrock_standin.server.loopback import loopback_only
from local.bedrock_standin.streams.holds import MAX_RELEASED_AT_ONCE

if TYPE_CHECKING:
    from local.bedrock_standin.counters import Counters
    from local.bedrock_standin.credentials.api_keys import ApiKeys
    from local.bedrock_standin.faults.fault import FaultBook
    from local.bedrock_standin.faults.weather import Weather
    from local.bedrock_standin.guardrail.treatment import GuardrailTreatment
    from local.bedrock_standin.streams.holds import Holds


class _KeyChange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    api_key: str = Field(min_length=1)
    expired: list[str] = []


class _HeadersChange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ignored: bool = False
    denied: bool = False


class Control:
    """Handlers that read and change the stand-in's state."""

    def __init__(
        self,
        keys: ApiKeys,
        counters: Counters,
        faults: FaultBook,
        weather: Weather,
        holds: Holds,
        treatment: GuardrailTreatment,
    ) -> None:
        self._keys = keys
        self._counters = counters
        self._faults = faults
        self._weather = weather
        self._holds = holds
        self._treatment = treatment

    def routes(self) -> list[Route]:
        """The routes, relative to /_standin."""
        return [
            Route("/health", loopback_only(self._health), methods=["GET"]),
            Route("/counters", loopback_only(self._read_counters), methods=["GET"]),
            Route("/counters/reset", loopback_only(self._reset), methods=["POST"]),
            Route("/requests", loopback_only(self._read_requests), methods=["GET"]),
            Route("/api-key", loopback_only(self._replace_key), methods=["PUT"]),
            Route("/guardrail-headers", loopback_only(self._change_headers), methods=["PUT"]),
            Route("/weather", loopback_only(self._change_weather), methods=["PUT"]),
            Route("/holds/{id}", loopback_only(self._read_hold), methods=["GET"]),
            Route("/holds/{id}/release", loopback_only(self._release), methods=["POST"]),
        ]

    async def _health(self, _: Request) -> Response:
        # uvicorn listens only after the generator has started.
        return JSONResponse({"status": "ok"})

    async def _read_counters(self, _: Request) -> Response:
        return JSONResponse(self._counters.totals())

    async def _reset(self, _: Request) -> Response:
        self._counters.reset()
        self._faults.reset()
        self._holds.reset()
        return JSONResponse({"status": "ok"})

    async def _read_requests(self, _: Request) -> Response:
        return JSONResponse(self._counters.seen())

    async def _replace_key(self, request: Request) -> Response:
        try:
            change = _KeyChange.model_validate_json(await request.body())
        except ValidationError:
            return JSONResponse({"error": 'expected {"api_key": "…", "expired": ["…"]}'}, 400)
        self._keys.replace(change.api_key, change.expired)
        return JSONResponse({"status": "ok"})

    async def _change_headers(self, request: Request) -> Response:
        try:
            change = _HeadersChange.model_validate_json(await request.body())
        except ValidationError:
            return JSONResponse({"error": 'expected {"ignored": …, "denied": …}, each true or false'}, 400)
        self._treatment.ignored, self._treatment.denied = change.ignored, change.denied
        return JSONResponse({"status": "ok"})

    async def _change_weather(self, request: Request) -> Response:
        try:
            forecast = Forecast.model_validate_json(await request.body())
        except ValidationError:
            return JSONResponse(
                {"error": 'expected {"share": 0 to 1, "seed": …, "faults": [{…}], "model": "…"}'}, 400
            )
        self._weather.change(forecast)
        return JSONResponse({"status": "ok"})

    async def _read_hold(self, request: Request) -> Response:
        return JSONResponse(self._holds.state(request.path_params["id"]))

    async def _release(self, request: Request) -> Response:
        count = request.query_params.get("count", "1")
        if not re.fullmatch(r"[0-9]{1,7}", count) or not 1 <= int(count) <= MAX_RELEASED_AT_ONCE:
            return JSONResponse({"error": f"count must be from 1 to {MAX_RELEASED_AT_ONCE}"}, 400)
        self._holds.of(request.path_params["id"]).release(int(count))
        return JSONResponse({"status": "ok"})
