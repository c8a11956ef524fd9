"""Stores large result lines in S3: too large for a job record, or too large for SQS."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_gateway.jobs.lines import KeptLine
from chat_gateway.jobs.sqs_limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chat_gateway.jobs.lines import Result

# An item may have 400 KB, with its other attributes:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_RECORD_LINE_BYTES = 400_000


class LineTooLongError(Exception):
    """The S3 object is too long to be a stored line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResults:
    """The bucket for results. Methods raise botocore's errors."""

    s3: S3Client
    bucket: str

    def keep(self, result: Result) -> KeptLine:
        """Stores a large line in S3. Returns what the job record keeps: the line, a line that points to S3, or the S3 key."""
        line = result.line()
        if len(line) <= MAX_RECORD_LINE_BYTES:
            return KeptLine(line=line)
        key = self.put(result.id, line)
        if len(line) > MAX_MESSAGE_BYTES:
            return KeptLine(line=result.line_pointing_to(f"s3://{self.bucket}/{key}"))
        return KeptLine(s3_key=key)

    def put(self, id_: str, line: str) -> str:
        """Stores the line of the result `id_` in S3, and returns the object's key."""
        # The name has the content's hash, so that another answer to the same job does not replace it.
        key = f"results/{id_}-{hashlib.sha256(line.encode()).hexdigest()[:16]}.json"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=line.encode(), ContentType="application/json")
        return key

    def line(self, kept: KeptLine) -> str:
        """The line to send. Raises LineTooLongError if the S3 object is too long for a message."""
        if kept.line is not None:
            return kept.line
        answer = self.s3.get_object(Bucket=self.bucket, Key=kept.s3_key or "")
        line = answer["Body"].read(MAX_MESSAGE_BYTES + 1)
        if len(line) > MAX_MESSAGE_BYTES:
            raise LineTooLongError
        return line.decode()
