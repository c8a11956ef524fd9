"""Log lines as the functions write them."""

from __future__ import annotations

from typing import Any

GUARDRAIL = "gr1:2"


def completion(request_id: str, **fields: Any) -> dict[str, Any]:
    """The chat function's line of an answered request."""
    return {
        "level": "INFO",
        "message": "chat completion",
        "request_id": request_id,
        "status": 200,
        "latency_ms": 412,
        "model": "openai.gpt-oss-20b-1:0",
        "guardrail": GUARDRAIL,
        "client": "team",
        "lambda_request_id": f"lambda-of-{request_id}",
        "upstream_attempts": 1,
        **fields,
    }


def job(request_id: str, **fields: Any) -> dict[str, Any]:
    """The worker's line of an attempt."""
    return {
        "level": "INFO",
        "message": "job",
        "request_id": request_id,
        "attempts": 1,
        "receives": 1,
        "latency_ms": 90,
        "status": 200,
        "lambda_request_id": "lambda-of-worker",
        **fields,
    }


def step(batch: str, **fields: Any) -> dict[str, Any]:
    """A step's line."""
    return {
        "level": "INFO",
        "message": "batch step",
        "batch": batch,
        "latency_ms": 30,
        "status_before": "validating",
        "batch_status": "in_progress",
        "lines": 3,
        "sent_lines": 0,
        **fields,
    }
