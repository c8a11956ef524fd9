"""All timeouts of an environment, derived from the timeout of an HTTP answer and the timeout of a job."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.table import Table, require

# A regional endpoint closes a connection after this time without data. A buffered answer sends no data before its end:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
_MAX_SILENCE_S = 300
# A model may pause in the middle of its answer while it reasons.
_MAX_PAUSE_S = 120
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_FUNCTION_TIMEOUT_S = 900


class Timeouts(Table):
    """Timeouts in seconds."""

    api_s: Annotated[int, Field(ge=5, le=900)] = 900
    """API Gateway's timeout for an HTTP answer."""
    job_s: Annotated[int, Field(ge=2)] = 300
    """The timeout for Bedrock's answer to a job."""
    connect_s: Annotated[int, Field(ge=1)] = 3
    """The timeout for a connection to Bedrock."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        require(self.connect_s < self.answer_s, "connect_s", f"must be below {self.answer_s}")
        rule = f"makes the worker's timeout longer than Lambda's limit of {_MAX_FUNCTION_TIMEOUT_S} s"
        require(self.worker_function_s <= _MAX_FUNCTION_TIMEOUT_S, "job_s", rule)
        return self

    @property
    def chat_function_s(self) -> int:
        """The chat function's timeout. It ends before API Gateway's, so that the caller sees the gateway's own error."""
        return self.api_s - 1

    @property
    def stream_s(self) -> int:
        """The timeout of a whole stream. The function then has time to end the stream properly and to log."""
        return self.chat_function_s - 2

    @property
    def answer_s(self) -> int:
        """The timeout of an answer that does not stream. It ends before API Gateway closes the silent connection."""
        return min(self.stream_s, _MAX_SILENCE_S - 10)

    @property
    def job_ending_s(self) -> int:
        """The time allowed for storing and sending a job's answer."""
        return max(2, self.job_s // 10)

    @staticmethod
    def first_byte_s(total_s: int) -> int:
        """The timeout for the answer's status: all of `total_s`, because models reason before they answer."""
        return total_s

    @staticmethod
    def between_bytes_s(total_s: int) -> int:
        """The longest pause in an answer. After a longer pause, the answer counts as failed."""
        return max(5, min(total_s // 2, _MAX_PAUSE_S))

    @property
    def worker_function_s(self) -> int:
        """The worker's timeout: one job, and the time to deliver its result."""
        return self.job_s + self.job_ending_s
