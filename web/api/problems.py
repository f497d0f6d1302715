"""Refusals as programs read them: problem details for HTTP (RFC 9457), with the field that is to blame."""

import orjson
from flask import Request, Response

PREFIX = "/api/"
PROBLEM_TYPE = "application/problem+json"


def is_api(request: Request) -> bool:
    """Whether a program asks, and no page."""
    return request.path.startswith(PREFIX)


def make_problem(status: int, code: str, title: str, detail: str | None, field: str | None) -> Response:
    """`title` is for people, in the language asked for; `detail` and `field` are for who wrote the program."""
    described = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    content = described | ({"field": field} if field else {})
    return Response(orjson.dumps(content), status, mimetype=PROBLEM_TYPE)
