"""What all unit tests have in common: hypothesis' profile, none of the shell's AWS settings, and a look at every log line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import hypothesis_profile, quick_http, shell_variables
from tests.log_checks.recorder import Recorder
from tests.unit import quick_aws

assert hypothesis_profile  # loaded by being imported
assert shell_variables
quick_start_of_http = quick_http.quick_start_of_http
quick_start_of_aws = quick_aws.quick_start_of_aws


@pytest.fixture(scope="session")
def log_recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    recorder.start()
    yield recorder
    recorder.stop()


@pytest.fixture(autouse=True)
def _lines_match_the_schema(log_recorder: Recorder) -> Iterator[None]:
    """Every log line of every test matches docs/logs.schema.json, and holds no key, personal data or prompt."""
    yield
    assert log_recorder.taken() == []
