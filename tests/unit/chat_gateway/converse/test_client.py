"""A request to a Converse model: one paid call, checked before and after, with answers as on the native route."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from chat_gateway.bedrock.client import StreamedAnswer
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry
from chat_gateway.completions.retry import Attempts
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.converse import apply_guardrail
from chat_gateway.core.errors import GatewayError, UpstreamConnectionError, UpstreamProtocolError
from chat_gateway.guardrail.outcome import INTERVENED, MASKED, NONE, GuardrailOutcome
from chat_gateway.guardrail.settings import Tagging
from tests.unit.chat_gateway.bedrock_calls import client_for, once
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key
from tests.unit.chat_gateway.converse_bedrock import (
    BLOCK_MESSAGE,
    GUARDRAIL,
    INPUT,
    LLAMA,
    OUTPUT,
    TOOL,
    Check,
    FakeBedrock,
    blocked,
    blocks,
    masked,
    passed,
    said,
    streamed,
    verdict,
    whole,
    with_result,
)
from tests.unit.chat_gateway.converse_events import (
    BLOCKED_WORDS,
    METADATA,
    START,
    STOP,
    USAGE,
    arguments,
    call,
    exception,
    metadata,
    stop,
    thought,
    tool_use,
    words,
)

SECRET_CALL = tool_use(name="look_up", input={"a": "SECRET"})


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_guardrail, "_WAITS_S", (0, 0))


def patient() -> Attempts:
    return Attempts(policy=retry.FOR_CALLERS, deadline=float("inf"), sleep=lambda _: None)


def refuse(status: int, message: str = "no", name: str | None = None) -> httpx.Response:
    headers = {} if name is None else {"x-amzn-errortype": name}
    return httpx.Response(status, json={"message": message}, headers=headers)


def relayed(answer: StreamedAnswer) -> tuple[str, GuardrailOutcome, str]:
    """The text of a stream, its outcome, and all that the caller gets."""
    stream = ChatStream(answer.chunks, StreamRules(shows_trace=False), bedrock_request_id=None)
    raw = b"".join(stream.relay()).decode()
    answer.finish()
    answer.close()
    events = [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for one in events for choice in one["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas), stream.guardrail_outcome, raw


def test_plain_request_is_one_call() -> None:
    """Text alone needs no other check, whole or streamed."""
    bedrock = FakeBedrock()
    answer = bedrock.create(said())
    assert answer.document["choices"][0]["message"]["content"] == "Paris"
    assert bedrock.paths == ["/model/amazon.nova-lite-v1%3A0/converse"]
    bedrock.generate = lambda: streamed(START, words("Paris"), STOP, METADATA)
    assert relayed(bedrock.stream(said()))[0] == "Paris"
    assert bedrock.paths[1:] == ["/model/amazon.nova-lite-v1%3A0/converse-stream"]


BAD_REQUESTS = [
    pytest.param(with_result("SECRET"), id="a result"),
    pytest.param(with_result(r"\u0053ECRET"), id="a result with an escape"),
    pytest.param(with_result("r", arguments='{"a": "SECRET"}'), id="arguments"),
    pytest.param(with_result("r", arguments=r'{"a": "\u0053ECRET"}'), id="arguments with an escape"),
    pytest.param(with_result("r", arguments=r'{"a": "\\u0053ECRET"}'), id="arguments with an escape twice"),
    pytest.param(with_result("r", arguments='{"SECRET": 1}'), id="an argument's name"),
    pytest.param(said(tools=[{"type": "function", "function": {"name": "SECRET"}}]), id="a name"),
    pytest.param(
        said(tools=[{"type": "function", "function": {"name": "f", "description": "SECRET"}}]),
        id="a description",
    ),
    pytest.param(
        said(
            tools=[
                {
                    "type": "function",
                    "function": {"name": "f", "parameters": {"type": "object", "properties": {"SECRET": {}}}},
                }
            ]
        ),
        id="a schema",
    ),
    pytest.param(
        said(
            model="anthropic.claude-sonnet-4-5-20250929-v1:0",
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": "f",
                    "schema": {"type": "object", "properties": {}, "description": "SECRET"},
                },
            },
        ),
        id="an answer's schema",
    ),
]


@pytest.mark.parametrize("tagging", [Tagging.OFF, Tagging.ALL_TEXT])
@pytest.mark.parametrize("document", BAD_REQUESTS)
@pytest.mark.parametrize("streams", [False, True])
def test_what_converse_leaves_out_is_checked(
    document: dict[str, Any], tagging: Tagging, streams: bool
) -> None:
    """A block costs no generation, and looks like one of the native route."""
    bedrock, guardrail = FakeBedrock(check=blocks("SECRET", INPUT)), GUARDRAIL._replace(tagging=tagging)
    if streams:
        text, outcome, raw = relayed(bedrock.stream(document, guardrail))
        assert '"finish_reason": "content_filter"' in raw
    else:
        answer = bedrock.create(document, guardrail)
        (choice,), outcome = answer.document["choices"], answer.guardrail_outcome
        text = choice["message"]["content"]
        assert choice["finish_reason"] == "content_filter"
        assert answer.document["usage"]["total_tokens"] == 0
    assert (text, outcome.action, dict(outcome.counts)) == (BLOCK_MESSAGE, INTERVENED, {"wordPolicy": 1})
    assert outcome.findings == (
        {"source": "input", "policy": "wordPolicy", "action": "BLOCKED", "check": "ApplyGuardrail"},
    )
    assert outcome.acted_by_apply_guardrail == {"wordPolicy"}
    assert bedrock.generations == []


@pytest.mark.parametrize("document", BAD_REQUESTS)
def test_the_check_is_what_blocks(document: dict[str, Any]) -> None:
    """Without the check the model is asked, so the test above can fail."""
    bedrock = FakeBedrock(check=blocks("SECRET", INPUT))
    bedrock.create(document, GUARDRAIL._replace(tagging=Tagging.USER_TURNS))
    assert len(bedrock.generations) == 1


def test_masked_result_goes_up_masked() -> None:
    """The model never sees what the guardrail masks, and the outcome says so."""
    bedrock = FakeBedrock(check=masked)
    document = with_result('SECRET and "SECRET"', arguments='{"a": "SECRET"}')
    before = json.dumps(document)
    answer = bedrock.create(document)
    _, asked, results = bedrock.generations[0]["messages"]
    assert asked["content"][0]["toolUse"]["input"] == {"a": "{WORD}"}
    assert results["content"][0]["toolResult"]["content"] == [{"text": '{WORD} and "{WORD}"'}]
    assert answer.guardrail_outcome.action == MASKED
    assert json.dumps(document) == before


def test_masked_result_with_escapes_goes_up_masked() -> None:
    bedrock = FakeBedrock(check=masked)
    bedrock.create(with_result(r'{"n": "Jos\u00e9", "k": "SECRET"}'))
    assert (
        r"Jos\u00e9"
        in bedrock.generations[0]["messages"][2]["content"][0]["toolResult"]["content"][0]["text"]
    )
    assert "SECRET" not in json.dumps(bedrock.generations)


def test_a_definition_cannot_be_masked() -> None:
    """A mask that has no place is a block."""
    bedrock = FakeBedrock(check=masked)
    tools = [{"type": "function", "function": {"name": "f", "description": "SECRET"}}]
    assert bedrock.create(said(tools=tools)).document["choices"][0]["finish_reason"] == "content_filter"
    assert bedrock.generations == []


@pytest.mark.parametrize(
    "content",
    [
        [SECRET_CALL],
        [{"text": "a"}, SECRET_CALL],
        [{"reasoningContent": {"reasoningText": {"text": "SECRET"}}}, {"text": "a"}],
    ],
)
def test_blocked_answer(content: list[dict[str, Any]]) -> None:
    """Arguments and reasoning are checked before they are released, and one answer is paid for."""
    bedrock = FakeBedrock(whole(*content), blocks("SECRET", OUTPUT))
    answer = bedrock.create(said(tools=[TOOL]), attempts=patient())
    (choice,) = answer.document["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", BLOCK_MESSAGE)
    assert "SECRET" not in answer.text
    assert answer.guardrail_outcome.action == INTERVENED
    assert answer.document["usage"]["total_tokens"] == USAGE["totalTokens"]
    assert len(bedrock.generations) == 1


def test_masked_answer() -> None:
    """Masked arguments that are still an object go out masked."""
    bedrock = FakeBedrock(whole(SECRET_CALL, stopReason="tool_use"), masked)
    answer = bedrock.create(said(tools=[TOOL]))
    (choice,) = answer.document["choices"]
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"a":"{WORD}"}'
    assert (choice["finish_reason"], answer.guardrail_outcome.action) == ("tool_calls", MASKED)


def test_which_check_found_it() -> None:
    """Converse's own finding and that of our check are told apart."""
    trace = {"guardrail": {"inputAssessment": {"gr": {"topicPolicy": {"topics": [{"action": "NONE"}]}}}}}
    bedrock = FakeBedrock(whole(SECRET_CALL, trace=trace), blocks("SECRET", OUTPUT))
    outcome = bedrock.create(said(tools=[TOOL])).guardrail_outcome
    found = [(finding["policy"], finding.get("check")) for finding in outcome.findings]
    assert found == [("topicPolicy", None), ("wordPolicy", "ApplyGuardrail")]
    assert outcome.acted_by_apply_guardrail == {"wordPolicy"}


@pytest.mark.parametrize("check", [masked, blocks("SECRET", OUTPUT)])
@pytest.mark.parametrize("streams", [False, True])
def test_a_name_that_the_model_made_up(check: Check, streams: bool) -> None:
    """It is no tool of the request, so it is checked; masking it is a block."""
    bedrock = FakeBedrock(whole(tool_use(name="SECRET")), check)
    if streams:
        events = [START, call(0, "a", "SECRET"), arguments(0, "{}"), stop("tool_use"), metadata()]
        bedrock.generate = lambda: streamed(*events)
        _, outcome, raw = relayed(bedrock.stream(said(tools=[TOOL])))
    else:
        answer = bedrock.create(said(tools=[TOOL]))
        outcome, raw = answer.guardrail_outcome, answer.text
    assert ("SECRET" in raw, outcome.action) == (False, INTERVENED)


def test_converses_own_block() -> None:
    """Its answer is only its message, and is not checked again."""
    bedrock = FakeBedrock(whole({"text": BLOCKED_WORDS}, SECRET_CALL, stopReason="guardrail_intervened"))
    answer = bedrock.create(said())
    assert answer.document["choices"][0]["message"]["content"] == BLOCKED_WORDS
    assert ("SECRET" in answer.text, bedrock.checked) == (False, [])


@pytest.mark.parametrize("check", [lambda *_: refuse(503), lambda *_: verdict("?"), lambda *_: refuse(403)])
@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_that_cannot_be_checked(check: Any, streams: bool) -> None:
    """Nothing of it is released, and it is paid for once."""
    bedrock = FakeBedrock(check=check)
    bedrock.generate = whole(SECRET_CALL)
    if streams:
        bedrock.generate = lambda: streamed(START, call(0, "a"), arguments(0, '"SECRET"'), STOP, METADATA)
        answer, out = bedrock.stream(said(), attempts=patient()), list[bytes]()
        with pytest.raises(GatewayError):
            out.extend(answer.chunks)
        assert b"tool_calls" not in b"".join(out)
    else:
        with pytest.raises(GatewayError) as caught:
            bedrock.create(said(), attempts=patient())
        assert not retry.is_retryable(caught.value)
    assert len(bedrock.generations) == 1


def test_a_blocked_stream() -> None:
    """Text goes out at once; of the rest only the guardrail's message."""
    events = [START, words("One"), thought("SECRET", 1), stop(), metadata()]
    bedrock = FakeBedrock(lambda: streamed(*events), blocks("SECRET", OUTPUT))
    chunks = bedrock.stream(said()).chunks
    assert [b"role" in next(chunks), b"One" in next(chunks), len(bedrock.checked)] == [True, True, 0]
    text, outcome, raw = relayed(bedrock.stream(said()))
    assert (text, outcome.action, "SECRET" in raw) == (f"One{BLOCK_MESSAGE}", INTERVENED, False)


def test_a_replayed_stream() -> None:
    """A family that cannot stream tools answers a stream from one call of Converse."""
    bedrock = FakeBedrock(whole({"text": "a"}, tool_use()))
    text, outcome, raw = relayed(bedrock.stream(said(model=LLAMA, tools=[TOOL])))
    assert (text, outcome.action, "tool_calls" in raw) == ("a", NONE, True)
    assert [path.rpartition("/")[2] for path in bedrock.paths] == ["apply", "converse", "apply"]


@pytest.mark.parametrize(
    ("status", "name", "generations"),
    [
        (400, "ValidationException", 1),
        (403, "AccessDeniedException", 1),
        (404, "ResourceNotFoundException", 1),
        (408, "ModelTimeoutException", 3),
        (424, "ModelErrorException", 3),
        (429, "ThrottlingException", 3),
        (429, "ModelNotReadyException", 3),
        (500, "InternalServerException", 3),
        (503, "ServiceUnavailableException", 3),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_retries(status: int, name: str, generations: int, streams: bool) -> None:
    """The same errors as on the native route repeat the call."""
    bedrock = FakeBedrock(lambda: refuse(status, name=name))
    ask = bedrock.stream if streams else bedrock.create
    with pytest.raises(GatewayError):
        ask(said(), attempts=patient())
    assert len(bedrock.generations) == generations


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (404, 1), (429, 3), (503, 3)])
def test_retries_of_the_first_check(status: int, tries: int) -> None:
    """Before the answer, a passing failure of the check is tried again, and the model is not asked."""
    bedrock = FakeBedrock(check=lambda *_: refuse(status))
    with pytest.raises(GatewayError):
        bedrock.create(with_result("r"), attempts=patient())
    assert (len(bedrock.checked), bedrock.generations) == (tries, [])


def test_a_lost_answer_is_paid_twice_at_most() -> None:
    def lost() -> httpx.Response:
        raise httpx.ReadError("lost")

    bedrock = FakeBedrock(lost)
    with pytest.raises(UpstreamConnectionError):
        bedrock.create(said(), attempts=patient())
    assert len(bedrock.generations) == 2


EXPIRED = {"Message": "Bearer Token has expired"}
UNNAMED = {"__type": "com.amazon#UnrecognizedClientException", "message": "The security token is invalid."}


@pytest.mark.parametrize("refusal", [EXPIRED, UNNAMED])
@pytest.mark.parametrize("refused_at", ["apply", "converse"])
def test_a_changed_key(refused_at: str, refusal: dict[str, str]) -> None:
    """A key that was replaced is read again once, whichever call is refused first."""
    secrets = FakeSecrets("ABSK-old")
    key = api_key(secrets)
    key.get()
    secrets.text = "ABSK-new"
    bedrock = FakeBedrock()

    def only_new(request: httpx.Request) -> httpx.Response:
        is_old = request.headers["authorization"] == "Bearer ABSK-old"
        if is_old and request.url.path.endswith(refused_at):
            return httpx.Response(403, json=refusal)
        return bedrock(request)

    gateway = bedrock.gateway(key=key)
    gateway = replace(gateway, bedrock=client_for(only_new))
    prepared = gateway.prepared(chat_request.from_document(with_result("r")), caller_headers={})
    assert gateway.create(prepared, once()).document["choices"]
    assert (secrets.reads, len(bedrock.generations)) == (2, 1)


@pytest.mark.parametrize(
    ("status", "refusal", "code"),
    [
        (
            403,
            {"Message": "User: x is not authorized to perform: bedrock:InvokeModel on y"},
            "upstream_access_denied",
        ),
        (
            403,
            {"Message": "x is not authorized to perform: bedrock:ApplyGuardrail on y"},
            "upstream_access_denied",
        ),
        (403, {"Message": "some wording of tomorrow"}, "upstream_access_denied"),
        (403, EXPIRED, "upstream_credentials_invalid"),
        (
            403,
            {**UNNAMED, "message": "The security token included in the request is invalid."},
            "upstream_credentials_invalid",
        ),
        (401, {"Message": "You don't have access to the model"}, "upstream_credentials_invalid"),
    ],
)
def test_denied_access_is_not_bad_credentials(status: int, refusal: dict[str, str], code: str) -> None:
    """A refusal has the code that it has on the native route."""
    bedrock = FakeBedrock(lambda: httpx.Response(status, json=refusal))
    with pytest.raises(GatewayError) as caught:
        bedrock.create(said())
    assert (caught.value.code, len(bedrock.generations)) == (code, 1)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("validationException", 400), ("throttlingException", 429), ("modelStreamErrorException", 502)],
)
def test_an_exception_in_a_stream(kind: str, status: int) -> None:
    """As the first event it has a status and nothing before it; later, what came before it is passed on."""
    bedrock = FakeBedrock(lambda: streamed(exception(kind)))
    with pytest.raises(GatewayError) as caught:
        next(bedrock.stream(said()).chunks)
    assert caught.value.status == status
    bedrock.generate = lambda: streamed(START, words("a"), exception(kind))
    out: list[bytes] = []
    with pytest.raises(GatewayError):
        out.extend(bedrock.stream(said()).chunks)
    assert b'"a"' in b"".join(out)
    assert b"DONE" not in b"".join(out)


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([b"no events, but more than twelve bytes"], UpstreamProtocolError),
        ([b"\0\0"], UpstreamProtocolError),
        ([], UpstreamConnectionError),
    ],
)
def test_a_broken_stream(pieces: list[bytes], error: type[GatewayError]) -> None:
    """A malformed frame, a cut frame and an empty body are errors."""
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    bedrock = FakeBedrock(lambda: httpx.Response(200, content=iter(pieces), headers=headers))
    with pytest.raises(error):
        list(bedrock.stream(said()).chunks)


@pytest.mark.parametrize("events", [[START], [START, words("a")], [START, call(0, "a"), arguments(0, "{}")]])
def test_a_stream_cut_off(events: list[Any]) -> None:
    """A stream that ends before its answer releases nothing that was held."""
    bedrock = FakeBedrock(lambda: streamed(*events))
    out: list[bytes] = []
    with pytest.raises(UpstreamConnectionError):
        out.extend(bedrock.stream(said()).chunks)
    assert b"tool_calls" not in b"".join(out)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"Output": {}}', b'{"output": {"message": {}}}'])
def test_no_answer(content: bytes) -> None:
    bedrock = FakeBedrock(lambda: httpx.Response(200, content=content))
    with pytest.raises(UpstreamProtocolError):
        bedrock.create(said())


def test_no_event_stream() -> None:
    """An answer of another type is an error, and its connection is given back."""
    body = _Closing([b"{}"])
    bedrock = FakeBedrock(
        lambda: httpx.Response(200, stream=body, headers={"content-type": "application/json"})
    )
    with pytest.raises(UpstreamProtocolError):
        bedrock.stream(said())
    assert body.is_closed


class _Closing(httpx.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces, self.is_closed = pieces, False

    def __iter__(self) -> Any:
        return iter(self.pieces)

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("reads", [0, 1, 99])
def test_close_frees_the_connection(reads: int) -> None:
    """A stream that was never read, in part, or to its end gives its connection back."""
    content = b"".join(streamed(START, words("a"), STOP, METADATA).iter_bytes())
    body = _Closing([content])
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    answer = FakeBedrock(lambda: httpx.Response(200, stream=body, headers=headers)).stream(said())
    for _ in range(reads):
        next(answer.chunks, None)
    if reads:
        answer.finish()
    assert not body.is_closed
    answer.close()
    assert body.is_closed


def test_whole_answers_free_the_connection() -> None:
    bodies: list[_Closing] = []

    def body(_: object = None, __: object = None) -> httpx.Response:
        content = passed().content if len(bodies) != 1 else whole(tool_use())().content
        bodies.append(_Closing([content]))
        return httpx.Response(200, stream=bodies[-1])

    FakeBedrock(body, body).create(with_result("r"))
    assert [one.is_closed for one in bodies] == [True] * 3


def test_without_a_guardrail_nothing_waits() -> None:
    """Without a guardrail, arguments are passed on as they come."""
    bedrock = FakeBedrock(lambda: streamed(START, call(0, "a"), arguments(0, "{}"), STOP, METADATA))
    chunks = list(bedrock.stream(with_result("r"), None).chunks)
    assert b'"tool_calls"' in chunks[1]
    assert bedrock.checked == []


def test_a_blocked_request_names_no_model_call() -> None:
    """The request id is the check's."""
    assert FakeBedrock(check=blocked).create(with_result("r")).bedrock_request_id == "guardrail-id"
