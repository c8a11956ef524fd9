"""Objects of the bucket for large results, in memory."""

from __future__ import annotations

import io
from typing import Any

from botocore.exceptions import ClientError


class FakeS3:
    """Objects of the bucket large-results."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses = False

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "large-results"
        if self.refuses or Key not in self.objects:
            code = "AccessDenied" if self.refuses else "NoSuchKey"
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}
