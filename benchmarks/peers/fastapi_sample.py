"""The usual serverless sample: FastAPI behind Mangum. It parses the body with pydantic and calls Bedrock with httpx."""

import os
from typing import Any

import boto3
import httpx
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from mangum import Mangum
from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    model_config = ConfigDict(extra="allow")
    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    model_config = ConfigDict(extra="allow")
    model: str
    messages: list[Message]
    stream: bool = False


app = FastAPI()
client = httpx.AsyncClient(base_url=os.environ["BEDROCK_BASE_URL"], timeout=290)
_key: str | None = None


def api_key() -> str:
    global _key
    if _key is None:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["API_KEY_SECRET_ARN"])
        _key = secret["SecretString"]
    return _key


@app.post("/openai/v1/chat/completions")
async def chat(request: ChatRequest, key: str = Depends(api_key)) -> Any:
    upstream = client.build_request(
        "POST",
        "/chat/completions",
        json=request.model_dump(exclude_unset=True),
        headers={"authorization": f"Bearer {key}"},
    )
    response = await client.send(upstream, stream=request.stream)
    if request.stream:
        return StreamingResponse(response.aiter_raw(), media_type="text/event-stream")
    return JSONResponse(response.json(), status_code=response.status_code)


handle = Mangum(app, lifespan="off")
