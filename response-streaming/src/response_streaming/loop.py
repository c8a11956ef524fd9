"""The loop of a Lambda runtime: loads the handler, then answers events one after the other."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from typing import Any

from response_streaming import failures
from response_streaming.context import LambdaContext
from response_streaming.elsewhere import Handler
from response_streaming.failures import FaultError
from response_streaming.payloads import decode_event
from response_streaming.reply import Reply
from response_streaming.runtime_api import Invocation, RefusedError, RuntimeApi, RuntimeApiError
from response_streaming.writer import AbandonedError

_INIT_FAILED = 1
# As in awslambdaric: https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py
_BEFORE_SNAPSHOT_FAILED, _AFTER_RESTORE_FAILED = 64, 65


def run() -> int:
    """Serves events until the Runtime API fails. Returns the exit status of the process.

    Reads the variables AWS_LAMBDA_RUNTIME_API and _HANDLER. Raises KeyError without them.
    """
    _write_whole_lines()
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = _load_or_report(api, os.environ["_HANDLER"])
        if handler is None:
            return _INIT_FAILED
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            status = _snapshot_and_restore(api)
            if status != 0:
                return status
        while True:
            serve_one(api, handler)
    except (RuntimeApiError, RefusedError) as error:
        failures.log("", f"the Runtime API failed: {error}")
        return 1


def serve_one(api: RuntimeApi, handler: Handler) -> None:
    """Waits for one event and answers it. Raises RuntimeApiError, and exceptions that end a process, such as SystemExit.

    Other failures are reported to Lambda, or logged as one line on stderr.
    """
    invocation = api.next_invocation()
    _set_trace_id(invocation.trace_id)
    try:
        _answer(api, handler, invocation)
    except AbandonedError as error:
        reason = type(error.__cause__).__name__
        failures.log(invocation.request_id, f"the Runtime API stopped reading the response: {reason}")
    except RefusedError as error:
        failures.log(invocation.request_id, f"the Runtime API refused the answer: {error}")


def load_handler(name: str) -> Handler:
    """The function that `module.function` (or `folder/module.function`) names.

    Raises FaultError with awslambdaric's error types, and exceptions from the module's import.
    """
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise FaultError("Runtime.MalformedHandlerName", f"Bad handler '{name}': it has no dot")
    module = _import(module_name)
    try:
        handler = getattr(module, function)
    except AttributeError:
        message = f"Handler '{function}' missing on module '{module_name}'"
        raise FaultError("Runtime.HandlerNotFound", message) from None
    if not callable(handler):
        message = f"Handler '{function}' on module '{module_name}' is not callable"
        raise FaultError("Runtime.HandlerNotFound", message)
    return handler  # type: ignore[no-any-return] # its type is unknown


def _import(name: str) -> Any:
    if name.partition(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {name} as a handler module"
        raise FaultError("Runtime.BuiltInModuleConflict", message)
    try:
        return importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{name}': {error}"
        raise FaultError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{name}': {error}"
        raise FaultError("Runtime.UserCodeSyntaxError", message) from error


def _answer(api: RuntimeApi, handler: Handler, invocation: Invocation) -> None:
    reply = Reply(api, invocation)
    try:
        event = decode_event(invocation.body, invocation.headers.get("content-type"))
        reply.give(handler(event, _context(invocation, reply)))
    except (AbandonedError, RefusedError, RuntimeApiError):
        raise
    except Exception as error:  # noqa: BLE001 - any exception of a handler fails this invocation only
        reply.fail(error)


def _context(invocation: Invocation, reply: Reply) -> LambdaContext:
    headers = invocation.headers
    return LambdaContext(
        request_id=invocation.request_id,
        deadline_ms=int(headers.get("lambda-runtime-deadline-ms", "0")),
        invoked_function_arn=headers.get("lambda-runtime-invoked-function-arn"),
        client_context=headers.get("lambda-runtime-client-context"),
        cognito_identity=headers.get("lambda-runtime-cognito-identity"),
        tenant_id=headers.get("lambda-runtime-aws-tenant-id"),
        stream_response=reply.stream,
    )


def _set_trace_id(trace_id: str | None) -> None:
    # The X-Ray SDK reads it: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    if trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id


def _load_or_report(api: RuntimeApi, name: str) -> Handler | None:
    # Nearly all that an import makes stays. Collections would take a tenth of the import's time, and later, in the middle of
    # a request, ten milliseconds to find nothing. Not by gc.disable(): a handler's module may call it to stay without them.
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    try:
        return load_handler(name)
    except BaseException as error:  # noqa: BLE001 - a module that calls sys.exit() has failed to load, too
        _log_with_message(error)
        api.post_init_error(failures.error_document(error))
        return None
    finally:
        gc.freeze()
        if gc.get_threshold()[0] == 0:  # else the module has set its own
            gc.set_threshold(*thresholds)


def _snapshot_and_restore(api: RuntimeApi) -> int:
    """Runs the snapshot hooks in awslambdaric's order. Returns the exit status, 0 to continue.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    try:
        _run_before_snapshot()
        api.restore_next()
    except BaseException as error:  # noqa: BLE001 - a hook's sys.exit() must be reported, too
        _log_with_message(error)
        api.post_init_error(failures.error_document(error), "Runtime.BeforeSnapshotError")
        return _BEFORE_SNAPSHOT_FAILED
    try:
        _run_after_restore()
    except BaseException as error:  # noqa: BLE001
        _log_with_message(error)
        api.post_restore_error(failures.error_document(error), "Runtime.AfterRestoreError")
        return _AFTER_RESTORE_FAILED
    return 0


def _run_before_snapshot() -> None:
    hooks = _hooks("get_before_snapshot")
    while hooks:  # the last one registered runs first
        function, args, kwargs = hooks.pop()
        function(*args, **kwargs)


def _run_after_restore() -> None:
    for function, args, kwargs in _hooks("get_after_restore"):
        function(*args, **kwargs)


def _hooks(getter: str) -> list[Any]:
    # Part of the managed runtimes. If it cannot be imported, no hook can have been registered.
    try:
        registry = importlib.import_module("snapshot_restore_py")
    except ImportError:
        return []
    hooks: list[Any] = getattr(registry, getter)()
    return hooks


def _log_with_message(error: BaseException) -> None:
    # There was no event yet, so the message cannot hold a caller's text.
    failures.log("", f"{failures.describe(error)}: {error}".replace("\n", " "))


def _write_whole_lines() -> None:
    # Each line becomes a log event. Lambda's framed log descriptor, which allows events of several lines, is not used:
    # nothing here writes such an event, and stdout and stderr reach the log without it.
    os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    for stream_ in (sys.stdout, sys.stderr):
        if isinstance(stream_, io.TextIOWrapper):
            stream_.reconfigure(line_buffering=True)
