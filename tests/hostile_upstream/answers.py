"""Reads the caller's answer: a completion or an error, for each way of asking."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.e2e.streaming_runtime import DELIMITER
from tests.hostile_upstream.trials import Seen
from tests.hostile_upstream.way import Way

_LINE_END = re.compile(r"\r\n|\r|\n")


class UnreadableError(Exception):
    """The answer is neither a completion nor an error in OpenAI's shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One answer as its caller reads it.

    `words` is the completion's content, None if there is none. `error` is the object in OpenAI's shape, None for a
    completion. `status` is None for an error after a stream's head. `prelude` is a streaming response's status and
    headers as bytes. `tells` is everything else that leaves the function: trailers, attributes of dead letters.
    `is_buried`: True for a dead letter, False for a job that is to be delivered again, None in all other cases.
    """

    words: str | None
    error: dict[str, Any] | None
    status: int | None
    body: str
    prelude: bytes = b""
    headers: dict[str, str]
    tells: str = ""
    is_buried: bool | None = None


def read(seen: Seen, way: Way) -> Got:
    """Raises UnreadableError."""
    answer = seen.exchange.answer
    if answer is None:
        raise UnreadableError("there was no answer")
    if not answer.is_whole:
        raise UnreadableError("the answer was cut off")
    if way is Way.JOB:
        return _job(seen, answer.body)
    return _chat(answer.body, str(answer.trailers))


def _chat(answer: bytes, trailers: str) -> Got:
    prelude, delimiter, content = answer.partition(DELIMITER)
    if not delimiter:
        raise UnreadableError(f"no prelude but {answer[:200]!r}")
    head, body = _object(prelude.decode()), content.decode("utf-8", "replace")
    got = {"body": body, "prelude": prelude, "headers": head["headers"], "tells": trailers}
    is_stream = head["headers"].get("content-type", "").startswith("text/event-stream")
    if is_stream and head["statusCode"] == 200:
        return _stream(body, got)
    if head["statusCode"] == 200:
        return Got(words=_words(_object(body)), error=None, status=200, **got)
    return Got(words=None, error=_error(_object(body)), status=head["statusCode"], **got)


def _stream(body: str, got: dict[str, Any]) -> Got:
    data = [
        line[5:].strip() for line in _LINE_END.split(body.removeprefix("\ufeff")) if line.startswith("data:")
    ]
    if not data:
        raise UnreadableError("a stream without events")
    if data[-1] == "[DONE]":
        return Got(words="".join(map(_delta, data[:-1])), error=None, status=200, **got)
    last = _object(data[-1])
    if "error" not in last:
        raise UnreadableError(f"the stream ends with {data[-1][:200]!r}")
    return Got(words=None, error=_error(last), status=None, **got)


def _delta(data: str) -> str:
    """The words of an event. An event from upstream may have any shape."""
    try:
        return str(json.loads(data)["choices"][0]["delta"]["content"])
    except (ValueError, LookupError, TypeError):
        return ""


def _job(seen: Seen, answer: bytes) -> Got:
    failures = _object(answer.decode()).get("batchItemFailures")
    sent = [call.parameters for call in seen.calls if call.operation == "SendMessageBatch"]
    letters = [entry for call in sent if "dead-letters" in call["QueueUrl"] for entry in call["Entries"]]
    lines = [
        entry["MessageBody"] for call in sent if "results" in call["QueueUrl"] for entry in call["Entries"]
    ]
    if len(lines) + len(letters) + len(failures or []) != 1:
        raise UnreadableError(f"{len(lines)} results, {len(letters)} dead letters and {failures} to repeat")
    if lines:
        stored = [call.parameters["Body"] for call in seen.calls if call.operation == "PutObject"]
        return _result(stored[-1] if "result_location" in _object(lines[0]) and stored else lines[0])
    tells = json.dumps([letter["MessageAttributes"] for letter in letters])
    return Got(words=None, error={}, status=None, body="", headers={}, tells=tells, is_buried=bool(letters))


def _result(line: str) -> Got:
    """The line of a job's result."""
    result = _object(line)
    response = result["response"] or {}
    status, body = response.get("status_code"), response.get("body")
    if result["error"] is not None:
        by_itself = {"error": {"type": "of a line", "param": None, **result["error"]}}
        error = _error(by_itself if body is None else body)
        return Got(words=None, error=error, status=status, body=line, headers={})
    if not isinstance(body, dict):
        raise UnreadableError("a result without a body")
    return Got(words=_words(body), error=None, status=status, body=line, headers={})


def _words(document: dict[str, Any]) -> str | None:
    """The content of the completion's first choice, None if the choice has none."""
    if not isinstance(document.get("choices"), list):
        raise UnreadableError("a completion without choices")
    try:
        content = document["choices"][0]["message"]["content"]
    except (LookupError, TypeError):
        return None
    return content if isinstance(content, str) else None


def _error(document: dict[str, Any]) -> dict[str, Any]:
    error = document.get("error")
    if not isinstance(error, dict) or not {"message", "type", "param", "code"} <= error.keys():
        raise UnreadableError(f"no error in OpenAI's shape: {str(document)[:200]}")
    if not all(isinstance(error[name], str) and error[name] for name in ("message", "type")):
        raise UnreadableError(f"an error without words: {str(error)[:200]}")
    if not isinstance(error["code"], str | None):
        raise UnreadableError(f"an error's code that is no text: {str(error)[:200]}")
    return error


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError(f"no JSON: {text[:200]!r}") from None
    if not isinstance(document, dict):
        raise UnreadableError(f"no JSON object: {text[:200]!r}")
    return document
