"""The ids of an HTTP request, in its log line and on its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_gateway.http_api.http_request import HttpRequest
    from chat_gateway.service.request_log import RequestLog


def logged(request: HttpRequest, log: RequestLog, *, lambda_request_id: str, is_cold: bool) -> dict[str, str]:
    """Adds all ids to `log`, before anything can fail. Returns the headers that every answer has."""
    request_id = request.request_id or lambda_request_id
    log.add(
        request_id=request_id,
        api_request_id=request.api_request_id,
        client=request.client,
        sdk_retry_count=request.sdk_retry_count,
        lambda_request_id=lambda_request_id,
        cold_start=is_cold,
        trace_id=request.trace_id,
    )
    return {"x-request-id": request_id, **_clients_own(request, log)}


def _clients_own(request: HttpRequest, log: RequestLog) -> dict[str, str]:
    """Logs the caller's own id, and returns it as a header. An id that OpenAI would not accept is ignored."""
    if not request.sends_client_request_id:
        return {}
    request_id = request.client_request_id
    if request_id is None:
        log.add(client_request_id="(ignored)")
        return {}
    log.add_client_request_id(request_id)
    return {"x-client-request-id": request_id}
