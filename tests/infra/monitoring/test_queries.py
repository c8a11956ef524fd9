"""The saved queries, and the fields that they read."""

from __future__ import annotations

import re
from functools import cache

import pytest

from infra.monitoring import queries
from infra.monitoring.queries import Query, Source
from infra.monitoring.saved_queries import TYPE
from tests import documents
from tests.infra.conftest import synthesised
from tests.infra.monitoring.stacks import without

# Commands and functions of Logs Insights, and words in quotes are taken off.
WORDS = {
    *("fields", "filter", "stats", "sort", "limit", "by", "as", "and", "or", "in", "asc", "desc"),
    *("count", "sum", "avg", "max", "latest", "coalesce", "ispresent", "bin"),
}
# Logged by Powertools, and by the access log and CloudWatch themselves.
ELSEWHERE = {"message", "level", "service", "timestamp", "location"}


@cache
def _sources() -> str:
    """The code of the functions, and of the access log."""
    files = documents.names("lambda_src/**/*.py")
    return "\n".join(map(documents.text, [*files, "infra/api/rest_api.py"]))


def _fields(query: Query) -> set[str]:
    """The names in the query that are fields of a log line."""
    text = re.sub(r'"[^"]*"', "", query.text)
    made = set(re.findall(r"\bas (\w+)", text))
    names = set(re.findall(r"(?<![@\w])[A-Za-z_]\w*", re.sub(r"bin\(\w+\)", "", text)))
    return names - made - WORDS


@pytest.mark.parametrize("query", queries.SAVED, ids=lambda query: query.name)
def test_fields_are_logged(query: Query) -> None:
    """Every field of a query is one that the code logs."""
    for field in _fields(query) - ELSEWHERE:
        named = rf'(?:"{field}"|\b{field}=)'
        assert re.search(named, _sources()), field


@pytest.mark.parametrize("query", queries.SAVED, ids=lambda query: query.name)
def test_messages_are_logged(query: Query) -> None:
    """Every message that a query filters by is one that the code logs."""
    for line in query.lines:
        if line.startswith("filter message"):
            for message in re.findall(r'"([^"]+)"', line):
                assert f'"{message}"' in _sources()


def test_each_query_reads_some_fields() -> None:
    """The test of fields finds the fields of a query."""
    assert _fields(queries.SLOWEST) >= {"request_id", "latency_ms", "time_to_first_token_ms", "message"}
    assert _fields(queries.TOP_MODELS) >= {"target_model", "model", "cost_usd"}


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_they_are_saved(name: str) -> None:
    """Each environment on AWS has the saved queries, under the stack's name."""
    saved = synthesised(name).resources(TYPE).values()
    stack = f"bedrock-chat-gateway-{name}"
    assert {one["Name"] for one in saved} == {f"{stack}/{query.name}" for query in queries.SAVED}
    assert {one["QueryString"] for one in saved} == {query.text for query in queries.SAVED}


def test_one_request_is_found_everywhere() -> None:
    """The query of one request reads the access log and the logs of four functions."""
    (query,) = (
        one for one in synthesised("prod").resources(TYPE).values() if one["Name"].endswith("one request id")
    )
    assert len(query["LogGroupNames"]) == 5
    assert queries.ONE_REQUEST.source is Source.EVERYTHING
    assert 'request_id = "REQUEST_ID"' in query["QueryString"]


def test_errors_of_every_call_are_found() -> None:
    """The query of errors reads the logs of all functions that answer callers, and of the worker."""
    (query,) = (
        one for one in synthesised("prod").resources(TYPE).values() if one["Name"].endswith("errors by code")
    )
    assert len(query["LogGroupNames"]) == 3
    assert '"resource"' in query["QueryString"]


def test_platforms_without_saved_queries() -> None:
    """A platform that does not know the type gets none."""
    assert not without(TYPE).resources(TYPE)
    assert not synthesised("local").resources(TYPE)
