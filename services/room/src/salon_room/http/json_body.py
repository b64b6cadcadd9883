"""The JSON object that is a request's body, and its fields. What cannot be read raises RequestMalformed."""

import json
from typing import Any

from salon_contracts.errors import RequestMalformed
from starlette.requests import ClientDisconnect, Request


async def read_object(request: Request, max_bytes: int) -> dict[str, Any]:
    """Whatever type it says it has. No more than `max_bytes` and one chunk are kept of it."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise RequestMalformed(problem=f"the body is longer than {max_bytes} bytes")
    except ClientDisconnect:
        raise RequestMalformed(problem="the body has no end") from None  # nobody hears it
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestMalformed(problem="the body is not JSON") from None
    if not isinstance(document, dict):
        raise RequestMalformed(problem="the body is not a JSON object")
    return document


def text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise RequestMalformed(problem=f"{name} is not a text")
    return value


def number(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RequestMalformed(problem=f"{name} is not a number")
    return value
