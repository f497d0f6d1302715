"""The gate every request passes: session, policy, forged forms, headers."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Request, Response, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from engine.runtime.engine import Engine
from engine.services.identity.sessions import TOTAL_LIMIT, Session, find_session, touch_session
from engine.storage.actor import Actor, Origin
from web.api.door import WorkerDoor
from web.compression import compress_page
from web.policy import Verdict, is_for_workers, is_signed, judge

SESSION_COOKIE = "baton"
CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"
TOKEN_BYTES = 32
MAX_USER_AGENT = 300
MAX_STRANGER_BYTES = 64 * 1024
MAX_FIELD_BYTES = 3 * 1024 * 1024  # the largest definition, in base64
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
EDITOR_POLICY = _POLICY.format(styles=" 'unsafe-inline'")
"""The content security policy of the pages with an editor, whose libraries place things by style attributes."""
HEADERS = {
    "Content-Security-Policy": _POLICY.format(styles=""),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()",
}
OF_PAGES = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language, Accept-Encoding"}
_OF_FILES = [(name, name.lower(), value) for name, value in HEADERS.items()]
_OF_PAGES = [*_OF_FILES, *((name, name.lower(), value) for name, value in OF_PAGES.items())]
TRANSPORT_SECURITY = "max-age=31536000; includeSubDomains"


class FormOutOfDate(HTTPException):
    """The form did not carry this session's token: sent from elsewhere, or from before the last sign-in."""

    code = 400
    description = "Expected the token of this session, but the form carried another or none"


def load_session(engine: Engine) -> None:
    """Finds who is signed in, before anything else of the request."""
    g.session = None
    is_outside = is_for_workers(request.endpoint) or is_signed(request.endpoint)
    g.secret = None if is_outside else request.cookies.get(SESSION_COOKIE)
    if g.secret is None or request.endpoint == "static":
        return
    with engine.database.read() as connection:
        g.session = find_session(connection, g.secret, engine.clock())
    if g.session is not None:
        touch_session(engine, g.session)


def pass_gate(engine: Engine, workers: WorkerDoor) -> BaseResponse | None:
    """Stops a request that the policy does not allow, or whose form was not made by this session."""
    if request.endpoint is None:  # no such address or method: Flask answers that
        return None
    if is_for_workers(request.endpoint):
        g.worker = workers.admit(request)
        request.max_content_length = MAX_FIELD_BYTES
        return None  # no cookie was read, so nobody's browser can be made to send this
    if g.session is None:
        request.max_content_length = MAX_STRANGER_BYTES
    elif request.mimetype != "multipart/form-data":  # only that is read bit by bit; anything else is held in memory
        request.max_content_length = MAX_FIELD_BYTES
    refusal = _enforce_policy(request.endpoint)
    if refusal is None and request.method not in SAFE_METHODS and not is_signed(request.endpoint):
        _check_form_token(engine)
    return refusal


def finish_response(response: Response) -> Response:
    """Adds the cookie of a browser that is new here, and compresses a page."""
    if g.get("has_new_secret"):
        set_session_cookie(response, g.secret)
    compress_page(request, response)
    return response


def complete_headers(environ: Mapping[str, str], headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of an answer with those that every answer carries, as far as it has none of its own."""
    own = {name.lower() for name, _ in headers}
    wanted = _OF_FILES if environ["PATH_INFO"].startswith("/static/") else _OF_PAGES
    headers += [(name, value) for name, key, value in wanted if key not in own]
    if environ["wsgi.url_scheme"] == "https":
        headers.append(("Strict-Transport-Security", TRANSPORT_SECURITY))
    return headers


def current_session() -> Session:
    """The session of the present request. Answers 401 where nobody is signed in."""
    found: Session | None = g.session
    if found is None:
        raise Unauthorized
    return found


def current_actor() -> Actor:
    """Who acts in the present request, and as what. Answers 401 where nobody does."""
    session = current_session()
    if session.actor is None:
        raise Unauthorized
    if g.get("actor_of") is not session:
        origin = Origin(request.remote_addr or "", request.user_agent.string[:MAX_USER_AGENT])
        g.actor_of, g.actor = session, replace(session.actor, origin=origin)
    actor: Actor = g.actor
    return actor


def form_token(engine: Engine) -> str:
    """The token of this browser's forms: bound to the secret in its cookie, so nothing is stored.

    A browser without a cookie gets one with its first form; signing in replaces it. It looks different on each page,
    so that how well a page is compressed tells nothing of it.
    """
    if g.secret is None:
        g.secret, g.has_new_secret = secrets.token_urlsafe(32), True
    if "form_token" not in g:
        mask = secrets.token_bytes(TOKEN_BYTES)
        g.form_token = urlsafe_b64encode(mask + _mix(mask, _derive_token(engine, g.secret))).decode()
    token: str = g.form_token
    return token


def answered_token() -> str:
    """The key of the form that the present page answers; empty where it answers none, or one that was too large."""
    if request.method in SAFE_METHODS:
        return ""
    try:
        return request.form.get("token", "")
    except HTTPException:
        return ""


def set_session_cookie(response: BaseResponse, secret: str) -> None:
    """Hands the browser a secret: unreadable to scripts, not sent from other sites, over TLS only if this came so."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=TOTAL_LIMIT,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def clear_session_cookie(response: BaseResponse) -> None:
    """Takes the secret back and asks the browser to forget the pages it kept."""
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
    response.headers["Clear-Site-Data"] = '"cache"'


def local_target(target: str | None) -> str | None:
    """An address within this site as path and query, whatever was asked for; none for anything else."""
    parts = urlsplit(target or "")
    is_here = parts.netloc in ("", request.host) and parts.scheme in ("", "http", "https")
    if not is_here or not parts.path.startswith("/") or parts.path.startswith(("//", "/\\")):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def wants_json(asking: Request) -> bool:
    """Whether the sender takes JSON and no page."""
    accepted = asking.accept_mimetypes
    return accepted["application/json"] > 0 and accepted["text/html"] == 0


def is_partial(asking: Request) -> bool:
    """Whether htmx asks for a part of the page that is open."""
    return "HX-Request" in asking.headers


def _enforce_policy(endpoint: str) -> BaseResponse | None:
    verdict = judge(endpoint, g.session)
    if verdict is Verdict.ALLOWED:
        return None
    if verdict in (Verdict.NO_RULE, Verdict.WRONG_ROLE):
        raise Forbidden
    if wants_json(request):
        raise Unauthorized
    door = "identity.sign_in" if verdict is Verdict.SIGN_IN else "identity.role"
    if is_partial(request):
        page = local_target(request.headers.get("HX-Current-URL"))
        return Response(status=401, headers={"HX-Redirect": url_for(door, next=page)})
    page = request.full_path.rstrip("?") if request.method == "GET" else local_target(request.referrer)
    return redirect(url_for(door, next=page), 303)


def _check_form_token(engine: Engine) -> None:
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    try:
        masked = urlsafe_b64decode(given)
    except ValueError:
        raise FormOutOfDate from None
    token = _mix(masked[:TOKEN_BYTES], masked[TOKEN_BYTES:])
    if g.secret is None or not hmac.compare_digest(token, _derive_token(engine, g.secret)):
        raise FormOutOfDate


def _derive_token(engine: Engine, secret: str) -> bytes:
    return hmac.digest(engine.keys.session, b"form:" + secret.encode(), hashlib.sha256)


def _mix(mask: bytes, token: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, token, strict=False))
