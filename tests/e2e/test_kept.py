"""A later stack in the same state folder has the same base URL and key."""

from __future__ import annotations

from urllib.parse import urlsplit

from local.stack import kept
from local.stack.local_stack import LocalStack


def test_the_next_run_is_called_as_this_one(stack: LocalStack) -> None:
    """Ports and key are kept, and no other part of the base URL changes."""
    found = kept.read(stack.state.kept_file)
    assert found.client_key == stack.api_key
    assert found.ports is not None
    assert found.ports.aws == urlsplit(stack.aws_endpoint_url).port
    assert found.ports.upstream == urlsplit(stack.standin_url).port
    path = "/restapis/gateway/local/_user_request_/openai/v1"
    assert stack.base_url == f"{stack.aws_endpoint_url}{path}"
