"""The smallest Lambda function that streams a chat completion: it sends each piece on as it comes."""

import base64
import http.client
import os

from response_streaming import StreamingResponse

_connection = http.client.HTTPConnection(os.environ["UPSTREAM_ADDRESS"])
_headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['UPSTREAM_KEY']}"}


def handle(event, context):
    _connection.request("POST", os.environ["UPSTREAM_PATH"], base64.b64decode(event["body"]), _headers)
    response = _connection.getresponse()
    return StreamingResponse(
        status_code=response.status,
        headers={"content-type": response.headers["content-type"]},
        body=iter(lambda: response.read1(65536), b""),
    )
