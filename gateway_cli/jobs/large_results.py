"""Fetches results that were too large for the queue. Reads only from the stack's own bucket."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from gateway_cli.jobs import result_line
from gateway_cli.jobs.result_line import NotAResultError, ResultLine

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GONE = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


class UnusableLocationError(Exception):
    """A line points to another bucket, to a missing object, or to an object that is not its result."""


@dataclass(frozen=True, slots=True)
class LargeResults:
    """The bucket for large results of one stack."""

    s3: S3Client
    bucket: str

    def whole(self, line: ResultLine) -> ResultLine:
        """The line, or the line that it points to. Raises UnusableLocationError, and ClientError if S3 refuses."""
        if line.location is None:
            return line
        prefix = f"s3://{self.bucket}/"
        key = line.location.removeprefix(prefix)
        if not key or not line.location.startswith(prefix):
            raise UnusableLocationError("its result_location is not in the stack's own bucket")
        whole = self.at(key)
        if (whole.id, whole.custom_id, whole.location) != (line.id, line.custom_id, None):
            raise UnusableLocationError("its object in S3 is not the result of this job")
        return whole

    def at(self, key: str) -> ResultLine:
        """The line in the object `key`. Raises UnusableLocationError, and ClientError if S3 refuses."""
        try:
            with closing(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]) as body:
                raw = body.read(result_line.MAX_BYTES + 1)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise UnusableLocationError("its object in S3 no longer exists") from None
            raise
        if len(raw) > result_line.MAX_BYTES:
            raise UnusableLocationError("its object in S3 is larger than 64 MiB")
        try:
            return result_line.parse(raw)
        except NotAResultError as error:
            raise UnusableLocationError(f"its object in S3 is not a result: {error}") from None
