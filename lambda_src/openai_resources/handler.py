"""The entry point: answers API Gateway's REST proxy events for OpenAI's resources beside chat completions."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from chat_gateway.core.errors import GatewayError, UnknownPathError
from chat_gateway.core.startup import Startup
from chat_gateway.http_api import http_request, request_ids, routes
from chat_gateway.http_api import settings as http_settings
from chat_gateway.service.request_log import RequestLog
from client_keys import item as client_item
from openai_resources import paths
from openai_resources.call import Call
from openai_resources.models.model_list import ModelList
from openai_resources.models.routes import MODELS, ModelRoutes
from openai_resources.settings import ModelsSettings, StorageSettings
from openai_resources.storage import Storage
from watchdog_timer import named, watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.client_policies.policies import ClientPolicies
    from chat_gateway.http_api.cors import Cors
    from chat_gateway.http_api.http_request import HttpRequest

_JSON = "application/json"
Answer = dict[str, Any]


class ResourcesState(NamedTuple):
    """The state that requests need, built from the settings."""

    models: ModelList
    storage: Storage

    @classmethod
    def from_env(cls) -> ResourcesState:
        """Builds the state. Raises ConfigurationError that names the wrong variable."""
        return cls(
            models=ModelList.of(ModelsSettings.from_env()), storage=Storage(StorageSettings.from_env())
        )


class ResourcesFunction:
    """Answers requests, one at a time, and keeps its state between them. `clock` is in seconds."""

    def __init__(
        self,
        startup: Startup[ResourcesState],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.monotonic,
        policies: ClientPolicies | None = None,
        cors: Cors | None = None,
        read: Callable[[object], HttpRequest] = http_request.read,
    ) -> None:
        self._startup, self._logger, self._clock = startup, logger, clock
        self._read = read
        self._policies = policies  # None until a client needs them
        self._cors = cors  # None if no page in a browser may read answers
        self._is_cold = True
        self._app = APIGatewayRestResolver(debug=False)  # debugging would print the request
        self._app.exception_handler(Exception)(self._failed)  # else Powertools logs the exception's text
        self._app.not_found(self._unknown_path)
        self._app.use([self._checked])
        ModelRoutes(lambda: startup.state.models, self._call).add_to(self._app)
        self._has_all_routes = False

    def handle(self, event: object, context: LambdaContext) -> Answer:
        """The answer to any event. Bugs and wrong settings are answered with 500 `internal_error`."""
        started = self._clock()
        request = self._read(event)
        log = RequestLog(self._logger, secret_arn=None)
        headers = request_ids.logged(
            request, log, lambda_request_id=context.aws_request_id, is_cold=self._is_cold
        )
        self._is_cold = False
        if self._cors is not None:
            headers |= self._cors.headers(request.headers)
        log.add(**routes.described(request.method, request.path))
        path, query = paths.below_version(event), paths.query(event)
        call = Call(request, path, query, log, self._client_policies, _generation(event))
        answer = named(f"request {log.fields['request_id']}", self._answer, call, context)
        answer["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
        log.add(status=answer["statusCode"], latency_ms=round((self._clock() - started) * 1000))
        log.write("resource", failed=answer["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR)
        return answer

    def _answer(self, call: Call, context: LambdaContext) -> Answer:
        self._app.context["call"] = call
        try:
            if not call.path.startswith(MODELS):
                self._add_all_routes()
            return self._app.resolve(_event(call), context)
        except Exception as fault:  # noqa: BLE001 - else the caller would get API Gateway's own error
            error = call.log.add_fault(fault)
            headers = {"Content-Type": [_JSON]}
            return {"statusCode": int(error.status), "multiValueHeaders": headers, "body": error.body()}

    def _add_all_routes(self) -> None:
        if self._has_all_routes:
            return
        from openai_resources.batches.routes import BatchRoutes  # a list of models need not wait for these
        from openai_resources.files.routes import FileRoutes
        from openai_resources.uploads.routes import UploadRoutes

        for routes_of in (FileRoutes, BatchRoutes, UploadRoutes):
            routes_of(lambda: self._startup.state.storage, self._call).add_to(self._app)
        self._has_all_routes = True

    def _call(self) -> Call:
        call: Call = self._app.context["call"]
        return call

    def _client_policies(self) -> ClientPolicies:
        if self._policies is None:
            from chat_gateway.client_policies.policies import ClientPolicies  # for clients with limits

            self._policies = ClientPolicies.from_env()
        return self._policies

    def _checked(self, app: APIGatewayRestResolver, next_: Callable[..., Response[str]]) -> Response[str]:
        """Powertools' middleware of every route: refuses a malformed event."""
        self._call().request.check()
        return next_(app)

    def _unknown_path(self, _: Exception) -> Response[str]:
        request = self._call().request
        if isinstance(request.fault, GatewayError):
            return self._failed(request.fault)  # who is refused learns nothing of the paths
        return self._failed(UnknownPathError(f"There is no {routes.said(request.method, request.path)}."))

    def _failed(self, failure: Exception) -> Response[str]:
        """The answer with the error in OpenAI's shape."""
        log = self._call().log
        if isinstance(failure, GatewayError):
            error = failure
            log.add_error(error)
        else:
            error = log.add_fault(failure)
        return Response(int(error.status), _JSON, error.body(), headers=error.headers())


def _generation(event: object) -> str:
    """The generation of the client, from the authorizer's context; empty if it has none."""
    match event:
        case {"requestContext": {"authorizer": {client_item.GENERATION: str(generation)}}}:
            return generation
        case _:
            return ""


def _event(call: Call) -> dict[str, Any]:
    """The event as Powertools' resolver needs it."""
    return {
        "httpMethod": call.request.method,
        "path": call.path,
        "multiValueHeaders": dict(call.request.headers),
        "requestContext": {},
    }


startup = Startup(ResourcesState.from_env)
handle = watched(ResourcesFunction(startup, Logger(), cors=http_settings.cors()).handle)
