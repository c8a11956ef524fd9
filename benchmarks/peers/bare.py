"""The smallest Lambda function that relays a chat completion, without libraries, checks or secrets."""

import base64
import http.client
import os

_connection = http.client.HTTPConnection(os.environ["UPSTREAM_ADDRESS"])
_headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['UPSTREAM_KEY']}"}


def handle(event, context):
    _connection.request("POST", os.environ["UPSTREAM_PATH"], base64.b64decode(event["body"]), _headers)
    response = _connection.getresponse()
    return {
        "statusCode": response.status,
        "headers": {"content-type": response.headers["content-type"]},
        "body": response.read().decode(),
    }
