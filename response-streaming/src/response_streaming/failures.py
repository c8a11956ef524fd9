"""Describes failures for Lambda and for the log."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Any

_OWN_FOLDER = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - avoids importing pathlib
_MOST_PLACES = 20


class FaultError(Exception):
    """A failure with one of Lambda's error types, such as Runtime.MarshalError. Lambda gets it without a stack trace."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def error_type(error: BaseException) -> str:
    """The error type for Lambda: the class's name, or that of a FaultError."""
    return error.error_type if isinstance(error, FaultError) else type(error).__name__


def error_document(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """The error that Lambda returns to the function's invoker, with the same fields as awslambdaric's.

    https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py
    """
    return {
        "errorMessage": _message(error),
        "errorType": error_type(error),
        "requestId": request_id,
        "stackTrace": [] if isinstance(error, FaultError) else _stack_trace(error),
    }


def log(request_id: str, text: str) -> None:
    """Writes one line to stderr, which becomes one log event."""
    sys.stderr.write(f"[ERROR] {request_id or 'init'} {text}\n".replace("\r", " "))
    sys.stderr.flush()


def describe(error: BaseException) -> str:
    """The classes and code locations of an error and its causes, in one line.

    The messages are left out: a library's message may quote the caller's text or a key.
    """
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < _MOST_PLACES:
        parts.append(" < ".join([error_type(cause), *_places(cause.__traceback__)]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return ", caused by ".join(parts)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an exception whose message fails must still be reported
        return ""


def _places(frames: TracebackType | None) -> list[str]:
    """`file:line function`, the innermost first."""
    frames = _after_ours(frames)
    places = []
    while frames is not None:
        code = frames.tb_frame.f_code
        places.append(f"{code.co_filename}:{frames.tb_lineno} {code.co_qualname}")
        frames = frames.tb_next
    return places[: -_MOST_PLACES - 1 : -1]


def _stack_trace(error: BaseException) -> list[str]:
    import traceback  # only a failure needs it

    return traceback.format_list(traceback.extract_tb(_after_ours(error.__traceback__)))


def _after_ours(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        frames = frames.tb_next
    return frames
