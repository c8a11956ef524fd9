"""Every timeout of an environment, derived from two: an HTTP answer's and a job's."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.table import Table, require

# How long a regional endpoint's connection may be silent; an answer that does not stream is:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
_MAX_SILENCE_S = 300
# A model that reasons in the middle of its answer is silent for a while.
_MAX_PAUSE_S = 120
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_FUNCTION_TIMEOUT_S = 900


class Timeouts(Table):
    """In seconds."""

    api_s: Annotated[int, Field(ge=5, le=900)] = 900
    """An HTTP answer, until API Gateway gives up."""
    job_s: Annotated[int, Field(ge=2)] = 300
    """Bedrock's answer to a job."""
    connect_s: Annotated[int, Field(ge=1)] = 3
    """A connection to Bedrock."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        require(self.connect_s < self.answer_s, "connect_s", f"must be below {self.answer_s}")
        rule = f"leaves the worker over Lambda's {_MAX_FUNCTION_TIMEOUT_S} s"
        require(self.worker_function_s <= _MAX_FUNCTION_TIMEOUT_S, "job_s", rule)
        return self

    @property
    def chat_function_s(self) -> int:
        """Ends before API Gateway gives up, so that the caller sees our error, not its."""
        return self.api_s - 1

    @property
    def stream_s(self) -> int:
        """A whole stream; leaves the function time to end it properly and to log."""
        return self.chat_function_s - 2

    @property
    def answer_s(self) -> int:
        """An answer that does not stream: API Gateway gives up on a connection that is silent for too long."""
        return min(self.stream_s, _MAX_SILENCE_S - 10)

    @property
    def job_ending_s(self) -> int:
        """What a job's answer may take to be stored and sent."""
        return max(2, self.job_s // 10)

    @staticmethod
    def first_byte_s(total_s: int) -> int:
        """From sending to the answer's status: all of the time, since models think before they answer."""
        return total_s

    @staticmethod
    def between_bytes_s(total_s: int) -> int:
        """An answer that has begun and then pauses for so long will not end."""
        return max(5, min(total_s // 2, _MAX_PAUSE_S))

    @property
    def worker_function_s(self) -> int:
        """A job, and the time to deliver its result."""
        return self.job_s + self.job_ending_s
