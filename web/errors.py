"""What people read when something is refused or fails: what happened, what was kept, what to do."""

import secrets
from collections.abc import Mapping
from functools import partial

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, TooManyRequests, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from web.api.problems import is_api, make_problem
from web.preferences import load_preferences
from web.security import FormOutOfDate, is_partial, wants_json
from web.texts import catalogue, text

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "too_many_requests",
    500: "internal",
    503: "busy",
}
STATUS = {
    "not_found": 404,
    "forbidden": 403,
    "role_not_held": 403,
    "invitation_not_yours": 403,
    "member_invalid": 422,
    "session_ended": 403,
    "not_eligible": 403,
    "courier_refused": 422,
    "form_rejected": 422,
    "comment_invalid": 422,
    "message_unfit": 422,
    "definition_invalid": 422,
    "fix_invalid": 422,
    "plan_invalid": 422,
    "request_unfit": 422,
    "draft_too_large": 413,
    "busy": 503,
    "sandbox_busy": 503,
}
"""The HTTP status of a refusal by its code; every other refusal of the engine is a conflict."""
RETRY_AFTER_SECONDS = 3


def init_errors(app: Flask, engine: Engine) -> None:
    """Answers every refusal and every failure in words."""
    app.register_error_handler(HTTPException, partial(_answer_http, engine))
    app.register_error_handler(EngineError, partial(_answer_refusal, engine))
    for unreachable in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(unreachable, partial(_answer_unreachable, app, engine))
    app.register_error_handler(Exception, partial(_answer_failure, app, engine))


def _answer_http(engine: Engine, error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    code = "form_out_of_date" if isinstance(error, FormOutOfDate) else CODES.get(error.code, "internal")
    response = _render(engine, error.code, code, {}, detail=error.description)
    if isinstance(error, Unauthorized) and error.www_authenticate:
        response.headers["WWW-Authenticate"] = ", ".join(one.to_header() for one in error.www_authenticate)
    if isinstance(error, TooManyRequests) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _answer_refusal(engine: Engine, error: EngineError) -> BaseResponse:
    """A code may go into detail behind a point (`not_eligible.own_order`); the detail has a text of its own or none."""
    family = error.code.partition(".")[0]
    status = STATUS.get(family, 409)
    known = [code for code in (error.code, family) if f"error.{code}" in catalogue()]
    return _render(engine, status, known[0] if known else CODES[status], error.facts, detail=str(error))


def _answer_unreachable(app: Flask, engine: Engine, error: Exception) -> BaseResponse:
    app.logger.warning("database unreachable", exc_info=error)
    return _render(engine, 503, "unreachable", {})


def _answer_failure(app: Flask, engine: Engine, error: Exception) -> BaseResponse:
    reference = f"E-{secrets.token_hex(4).upper()}"
    app.logger.error("%s %s %s", reference, request.method, request.path, exc_info=error)
    return _render(engine, 500, "internal", {}, reference)


def _render(
    engine: Engine,
    status: int,
    code: str,
    facts: Mapping[str, object],
    reference: str | None = None,
    detail: str | None = None,
) -> BaseResponse:
    if "language" not in g:  # it failed before the preferences were read
        g.setdefault("session", None)
        load_preferences(engine)
    family = code.partition(".")[0]
    words = {
        "what": text(f"error.{code}", **facts),
        "kept": text(f"error.{family}.kept", **facts),
        "next": text(f"error.{family}.next", **facts),
    }
    response: Response
    if is_api(request):
        field = facts.get("field")
        response = make_problem(status, code, words["what"], detail or reference, str(field) if field else None)
    elif wants_json(request):
        response = jsonify(error={"code": code, "reference": reference, **words})
    else:
        response = make_response(render_template("error.html", status=status, code=code, reference=reference, **words))
        if is_partial(request):  # the part that was asked for has no place for this: it takes the whole page
            response.headers.update({"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"})
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
