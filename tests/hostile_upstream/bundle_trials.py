"""The trials of the authorizer, the prover and the hook before traffic: their successes, and each of their errors."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.hostile_upstream.bundles import (
    AUTHORIZER,
    BEFORE_TRAFFIC,
    PROVER,
    Bundle,
    authorizer_variables,
    before_traffic_variables,
    prover_variables,
)
from tests.hostile_upstream.honest import chunk, error, event, head, to_json
from tests.hostile_upstream.script import Close, Reset, Script, Step
from tests.hostile_upstream.surroundings import (
    BEDROCK,
    CHAT,
    INVOKE,
    INVOKE_STREAMED,
    invocation,
    job_line,
    ok,
    record,
    stack,
    streamed,
    whole,
)

_ARN = "arn:aws:execute-api:eu-central-1:123456789012:api/prod/GET/v1/models"
_KEY = "bcg-" + "k" * 43
_KEYED = {"authorizationToken": f"Bearer {_KEY}", "methodArn": _ARN}
# Addresses: of the surroundings, of nobody, and of a server that speaks no protocol.
_HERE, _NOBODY, _NO_PROTOCOL = "{here}", "{nobody}", "{no_protocol}"
_Scripts = Mapping[str, Sequence[Script]]


@dataclass(frozen=True)
class Setting:
    """A bundle with its variables; `{here}` and similar names stand for addresses."""

    name: str
    bundle: Bundle
    variables: Mapping[str, str]


@dataclass(frozen=True)
class BundleTrial:
    """One event; the answer or the log has each text in `says`."""

    name: str
    setting: Setting
    says: tuple[str, ...]
    scripts: _Scripts = field(default_factory=dict)
    event: Any = None

    @property
    def process(self) -> str:
        """The name of the process that trials with this setting share."""
        return f"{self.setting.bundle.name}-{self.setting.name}"

    @property
    def id(self) -> str:
        """An ID that no other trial has."""
        return f"{self.process}-{self.name}"


def _without(variables: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name not in names}


def _script(*steps: Step) -> Script:
    return Script(steps)


def _refusal(code: str, status: int = 400) -> Script:
    """A refusal in the form of AWS's JSON protocols."""
    return _script(error(status, to_json({"__type": f"com.amazonaws#{code}", "message": "no"})))


def _item(item: Any) -> tuple[Script, ...]:
    return (_script(ok(to_json({"Item": item}))),)


_AUTHORIZER = authorizer_variables(_HERE)
_KNOWING = Setting("usual", AUTHORIZER, _AUTHORIZER)
_EITHER = ""  # a denial is as right as an error
_ALLOWS, _DENIES, _FAILS = '"Effect": "Allow"', '"Effect": "Deny"', "AwsCallError"


def _authorizing(name: str, says: str, *scripts: Script, event: Any = _KEYED) -> BundleTrial:
    return BundleTrial(name, _KNOWING, (says,), {"GetItem": scripts} if scripts else {}, event)


def _set_up(name: str, variables: Mapping[str, str], *says: str) -> BundleTrial:
    """An authorizer with its own process."""
    return BundleTrial("starts", Setting(name, AUTHORIZER, variables), says, event=_KEYED)


_TEAM = {"client_id": {"S": "team"}}
_AUTHORIZATIONS = (
    _authorizing("known", _ALLOWS),
    _authorizing("no-token", _DENIES, event={"methodArn": _ARN}),
    _authorizing("other-scheme", _DENIES, event={**_KEYED, "authorizationToken": f"Basic {_KEY}"}),
    _authorizing("no-arn", "KeyError", event={"authorizationToken": f"Bearer {_KEY}"}),
    _authorizing("unknown", _DENIES, _script(ok(b"{}"))),
    _authorizing("expires-later", _ALLOWS, *_item({**_TEAM, "expires_at": {"N": "9999999999"}})),
    _authorizing("expired", _DENIES, *_item({**_TEAM, "expires_at": {"N": "1"}})),
    _authorizing("malformed-expiry", _DENIES, *_item({**_TEAM, "expires_at": {"S": "soon"}})),
    _authorizing("malformed-client", _DENIES, *_item({"client_id": {"N": "7"}})),
    _authorizing("malformed-item", _EITHER, *_item(["team"])),
    _authorizing("throttled", _FAILS, _refusal("ProvisionedThroughputExceededException")),
    _authorizing("refused", _FAILS, _refusal("AccessDeniedException")),
    _authorizing("stumbles", _FAILS, _refusal("InternalServerError", 500)),
    _authorizing("no-json", _FAILS, _script(ok(b"<html>"))),
    _authorizing("no-http", _FAILS, _script(b"SSH-2.0-OpenSSH_9.6\r\n", Close())),
    _authorizing("no-head", _FAILS, _script(b"HTTP/1.1 200 OK\r\nfolded\r\n", Close())),
    _authorizing(
        "no-chunk", _FAILS, _script(head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked"), b"zz\r\n")
    ),
    _authorizing("cut-off", _FAILS, _script(head(b"HTTP/1.1 200 OK", b"Content-Length: 9"), Close())),
    _authorizing("closes", _FAILS, _script(Close())),
    _authorizing("resets", _FAILS, _script(Reset())),
    _set_up("unreachable", authorizer_variables(_NOBODY), _FAILS, "ConnectionRefusedError"),
    _set_up("no-tls", {**_AUTHORIZER, "AWS_ENDPOINT_URL": f"https://{_NO_PROTOCOL}"}, _FAILS, "SSLError"),
    _set_up("no-host", {**_AUTHORIZER, "AWS_ENDPOINT_URL": f"http://{'a' * 64}"}, _FAILS, "gaierror"),
    _set_up("without-table", _without(_AUTHORIZER, "CLIENTS_TABLE"), "ConfigurationError", "CLIENTS_TABLE"),
    _set_up("without-suffix", _without(_AUTHORIZER, "DNS_SUFFIX"), "ConfigurationError", "DNS_SUFFIX"),
    _set_up("without-credentials", _without(_AUTHORIZER, "AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID"),
)

_PROVER = prover_variables(_HERE)
_PROVING = Setting("usual", PROVER, _PROVER)
_SIGNING = Setting("signing", PROVER, _without(_PROVER, "BEDROCK_API_KEY_SECRET_ARN"))
_HOLDS, _DOES_NOT_HOLD = "null", "GuardrailNotProvenError"
_HANGS_UP = (
    _script(Close()),
    _script(Reset()),
    _script(head(b"HTTP/1.1 200 OK", b"Content-Length: 9"), Close()),
)
_GZIP = b"Content-Encoding: gzip"
_GARBAGE = (
    _script(ok(b"<html>")),
    _script(ok(b"\xff\xfe")),
    _script(whole("stop").replace(b"choices", b"changes")),
    _script(streamed(b"data: {\n\n" + event({"choices": 7}))),
    _script(streamed(event({"error": {"message": "no", "type": "server_error"}}))),
    _script(ok(b"no gzip", _GZIP)),
    _script(ok(gzip.compress(b"[" * 100_000), _GZIP)),
    _script(ok(b"no brotli", b"Content-Encoding: br, zstd, deflate")),
    _script(b"SSH-2.0-OpenSSH_9.6\r\n", Close()),
    _script(head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked"), b"zz\r\n", Close()),
    _script(head(b"HTTP/1.1 200 OK", b"Content-Type: text/plain; charset=nonsense"), b"hi", Close()),
)
_ERRORS = tuple(
    _script(error(status, b'{"error": {"message": "no", "type": "a", "code": "b"}}', *fields))
    for status, fields in [
        (401, ()),
        (500, (b"x-should-retry: false",)),
        (403, ()),
        (302, (b"Location: http://127.0.0.1:1/",)),
        (429, ()),
        (503, ()),
    ]
)
_TOO_LARGE = (_script(head(b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked"), chunk(b" " * 9_000_000)),)


def _proving(name: str, *says: str, **scripts: Sequence[Script]) -> BundleTrial:
    return BundleTrial(name, _PROVING, says, scripts)


def _signing(name: str, *says: str, **scripts: Sequence[Script]) -> BundleTrial:
    return BundleTrial(name, _SIGNING, says, scripts)


def _lacking(name: str, *says: str, **change: str | None) -> BundleTrial:
    """A prover with other variables; None removes a variable."""
    variables = {key: value for key, value in {**_PROVER, **change}.items() if value is not None}
    return BundleTrial("starts", Setting(name, PROVER, variables), says)


_PROOFS = (
    _proving("holds", _HOLDS, "the canary, as a job"),
    _proving("rolling-back", _HOLDS, "rolling back", DescribeStacks=[_script(stack("ROLLBACK_IN_PROGRESS"))]),
    _proving("no-stack", "ClientError", DescribeStacks=[_script(error(400, b"<ErrorResponse/>"))]),
    _proving("stack-no-xml", "ResponseParserError", DescribeStacks=[_script(ok(b"nonsense"))]),
    _proving("key-throttled", "ThrottlingException", PutItem=[_refusal("ThrottlingException")]),
    _proving("key-stays", "ClientError", DeleteItem=[_refusal("AccessDeniedException")]),
    _proving(
        "wrong-ends",
        _DOES_NOT_HOLD,
        "must be blocked",
        "must not be blocked",
        **{CHAT: [_script(whole("stop")), _script(whole("content_filter"))]},
        GetItem=[_script(record(job_line("stop"))), _script(record(job_line("content_filter")))],
    ),
    _proving(
        "garbage",
        _DOES_NOT_HOLD,
        "not a completion",
        "DecodingError",
        **{CHAT: _GARBAGE, BEDROCK: _GARBAGE},
        GetItem=[_script(record("nonsense"))],
    ),
    _proving("hangs-up", _DOES_NOT_HOLD, "RemoteProtocolError", **{CHAT: _HANGS_UP, BEDROCK: _HANGS_UP}),
    _proving("errors", _DOES_NOT_HOLD, "may not ask", **{CHAT: _ERRORS, BEDROCK: _ERRORS[2:3]}),
    _proving("too-large", _DOES_NOT_HOLD, "more than 8,388,608 bytes", **{CHAT: _TOO_LARGE}),
    _proving("ignored", _DOES_NOT_HOLD, "ignores guardrails", **{BEDROCK: [_script(whole("stop"))]}),
    _proving(
        "no-secret", "ResourceNotFoundException", GetSecretValue=[_refusal("ResourceNotFoundException")]
    ),
    _proving("no-key", "ValueError", GetSecretValue=[_script(ok(to_json({"SecretString": json.dumps({})})))]),
    _proving("no-jobs", "ClientError", SendMessage=[_refusal("AccessDeniedException")]),
    _proving("no-results", _DOES_NOT_HOLD, "no result within 120 s", GetItem=[_script(ok(b"{}"))]),
    _signing("holds", _HOLDS),
    _signing("refused", "may not ask", **{BEDROCK: _ERRORS[2:3]}),
    _lacking(
        "unreachable",
        _DOES_NOT_HOLD,
        "ConnectError",
        BASE_URL=f"http://{_NOBODY}",
        BEDROCK_BASE_URL=f"https://{_NO_PROTOCOL}",
    ),
    _lacking("aws-unreachable", "EndpointConnectionError", AWS_ENDPOINT_URL=f"http://{_NOBODY}"),
    _lacking("without-address", "BASE_URL", BASE_URL=None),
    _lacking("without-stack", "STACK_ID", STACK_ID=None),
)

_HOOK = before_traffic_variables(_HERE)
_TRYING = Setting("usual", BEFORE_TRAFFIC, _HOOK)
_DEPLOYMENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "an-id"}
_NOT_PROVEN, _NOT_TRIED = "guardrail not proven", "guardrail not tried"
_ANSWERED = invocation(
    json.dumps({"statusCode": 200, "body": json.dumps({"choices": [{"finish_reason": "stop"}]})}).encode()
)
_NO_STREAMS = (
    _script(ok(b"<html>")),
    _script(invocation(b"<html>")),
    _script(invocation(b'{"errorType": "Runtime.ImportModuleError"}')),
    _script(invocation(b'{"statusCode": 200, "body": "<html>"}')),
    _script(invocation(b"null")[:-7], Close()),
)


def _trying(name: str, *says: str, **scripts: Sequence[Script]) -> BundleTrial:
    return BundleTrial(name, _TRYING, says, scripts, _DEPLOYMENT)


def _hooked(name: str, variables: Mapping[str, str], *says: str) -> BundleTrial:
    """A hook with its own process."""
    return BundleTrial("starts", Setting(name, BEFORE_TRAFFIC, variables), says, event=_DEPLOYMENT)


_HOOKS = (
    _trying("holds", _HOLDS, "the worker, without jobs"),
    _trying("rolling-back", "rolling back", DescribeStacks=[_script(stack("UPDATE_ROLLBACK_IN_PROGRESS"))]),
    _trying("no-stack", _NOT_TRIED, DescribeStacks=[_script(error(400, b"<ErrorResponse/>"))]),
    _trying("answered", _NOT_PROVEN, "must be blocked", **{INVOKE_STREAMED: [_script(_ANSWERED)]}),
    _trying(
        "refused", _NOT_PROVEN, "AccessDenied", **{INVOKE_STREAMED: [_refusal("AccessDeniedException", 403)]}
    ),
    _trying("garbage", _NOT_PROVEN, "NotAnAnswerError", **{INVOKE_STREAMED: _NO_STREAMS}),
    _trying("hangs-up", _NOT_PROVEN, **{INVOKE_STREAMED: _HANGS_UP}),
    _trying("worker-refused", _NOT_PROVEN, **{INVOKE: [_refusal("ResourceNotFoundException", 404)]}),
    _trying("worker-garbage", _NOT_PROVEN, "not SQS's", **{INVOKE: [_script(ok(b"<html>"))]}),
    _trying("worker-hangs-up", _NOT_PROVEN, **{INVOKE: _HANGS_UP[:1]}),
    _trying(
        "no-report",
        "DeploymentDoesNotExistException",
        PutLifecycleEventHookExecutionStatus=[_refusal("DeploymentDoesNotExistException")],
    ),
    _hooked("without-version", _without(_HOOK, "CHAT_VERSION"), _NOT_TRIED, "KeyError"),
    _hooked("without-guardrail", _without(_HOOK, "PROOF_CANARY"), _HOLDS, "a harmless prompt, streamed"),
)

TRIALS = (*_AUTHORIZATIONS, *_PROOFS, *_HOOKS)
