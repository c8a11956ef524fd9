"""Keeps result lines that are too large for a record in S3, and points to those that are too large for SQS."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_gateway.jobs.lines import KeptLine
from chat_gateway.jobs.sqs_limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chat_gateway.jobs.lines import Result

# 400 KB with the record's other attributes:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_RECORD_LINE_BYTES = 400_000


class LineTooLongError(Exception):
    """What lies in the place of a stored line is too long to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResults:
    """One bucket. Both methods raise botocore's errors."""

    s3: S3Client
    bucket: str

    def keep(self, result: Result) -> KeptLine:
        """The line to send, ready for the job's record: itself, one that points to S3, or where it lies in S3."""
        line = result.line()
        if len(line) <= MAX_RECORD_LINE_BYTES:
            return KeptLine(line=line)
        # Named by its content too: whoever answers the same job differently must not replace it.
        key = f"results/{result.id}-{hashlib.sha256(line.encode()).hexdigest()[:16]}.json"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=line.encode(), ContentType="application/json")
        if len(line) > MAX_MESSAGE_BYTES:
            return KeptLine(line=result.line_pointing_to(f"s3://{self.bucket}/{key}"))
        return KeptLine(s3_key=key)

    def line(self, kept: KeptLine) -> str:
        """The line to send. Raises LineTooLongError where the object is longer than `keep` makes any that is sent."""
        if kept.line is not None:
            return kept.line
        answer = self.s3.get_object(Bucket=self.bucket, Key=kept.s3_key or "")
        line = answer["Body"].read(MAX_MESSAGE_BYTES + 1)
        if len(line) > MAX_MESSAGE_BYTES:
            raise LineTooLongError
        return line.decode()
