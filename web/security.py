"""The gate every request passes: session, policy, forged forms, headers."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Request, Response, redirect, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as BaseResponse

from engine.runtime.engine import Engine
from engine.services.identity.sessions import TOTAL_LIMIT, Session, find_session, touch_session
from engine.storage.actor import Actor, Origin
from engine.storage.digests import authenticate
from web.api.door import WorkerDoor
from web.compression import compress_page
from web.here import asked, kept
from web.policy import Verdict, is_for_workers, is_signed, judge

SESSION_COOKIE = "baton"
CSRF_FIELD, CSRF_HEADER = "csrf_token", "HTTP_X_CSRF_TOKEN"
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
    asking, here = asked(), kept()
    endpoint = asking.endpoint
    is_outside = is_for_workers(endpoint) or is_signed(endpoint)
    here.session, here.secret = None, None if is_outside else asking.cookies.get(SESSION_COOKIE)
    if here.secret is None or endpoint == "static":
        return
    with engine.database.read() as connection:
        here.session = find_session(connection, here.secret, engine.clock(), _describe_origin(asking))
    if here.session is not None:
        touch_session(engine, here.session)


def pass_gate(engine: Engine, workers: WorkerDoor) -> BaseResponse | None:
    """Stops a request that the policy does not allow, or whose form was not made by this session."""
    asking, here = asked(), kept()
    endpoint = asking.endpoint
    if endpoint is None:  # no such address or method: Flask answers that
        return None
    if is_for_workers(endpoint):
        here.worker = workers.admit(asking)
        asking.max_content_length = MAX_FIELD_BYTES
        return None  # no cookie was read, so nobody's browser can be made to send this
    if here.session is None:
        asking.max_content_length = MAX_STRANGER_BYTES
    elif asking.mimetype != "multipart/form-data":  # only that is read bit by bit; anything else is held in memory
        asking.max_content_length = MAX_FIELD_BYTES
    refusal = _enforce_policy(asking, endpoint, here.session)
    if refusal is None and asking.method not in SAFE_METHODS and not is_signed(endpoint):
        _check_form_token(engine, asking, here.secret)
    return refusal


def finish_response(response: Response) -> Response:
    """Adds the cookie of a browser that is new here, and compresses a page."""
    here = kept()
    if here.get("has_new_secret"):
        set_session_cookie(response, here.secret)
    compress_page(asked(), response)
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
    found: Session | None = kept().session
    if found is None:
        raise Unauthorized
    return found


def current_actor() -> Actor:
    """Who acts in the present request, and as what. Answers 401 where nobody does."""
    actor = current_session().actor
    if actor is None:
        raise Unauthorized
    return actor


def form_token(engine: Engine) -> str:
    """The token of this browser's forms: bound to the secret in its cookie, so nothing is stored.

    A browser without a cookie gets one with its first form; signing in replaces it. It looks different on each page,
    so that how well a page is compressed tells nothing of it.
    """
    here = kept()
    if here.secret is None:
        here.secret, here.has_new_secret = secrets.token_urlsafe(32), True
    if "form_token" not in here:
        mask = secrets.token_bytes(TOKEN_BYTES)
        here.form_token = urlsafe_b64encode(mask + _mix(mask, _derive_token(engine, here.secret))).decode()
    token: str = here.form_token
    return token


def form_field(engine: Engine) -> Markup:
    """What goes into every form that is posted: the token as a hidden field."""
    return Markup(f'<input type="hidden" name="{CSRF_FIELD}" value="{form_token(engine)}">')


def answered_token() -> str:
    """The key of the form that the present page answers; empty where it answers none, or one that was too large."""
    asking = asked()
    if asking.method in SAFE_METHODS:
        return ""
    try:
        return asking.form.get("token", "")
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
    if not target:
        return None
    parts = urlsplit(target)
    is_here = parts.netloc in ("", request.host) and parts.scheme in ("", "http", "https")
    if not is_here or not parts.path.startswith("/") or parts.path.startswith(("//", "/\\")):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def wants_json(asking: Request) -> bool:
    """Whether the sender takes JSON and no page."""
    return _is_for_json(asking.environ.get("HTTP_ACCEPT", ""))


@lru_cache(maxsize=200)
def _is_for_json(header: str) -> bool:
    """Browsers send few different ones."""
    accepted = parse_accept_header(header, MIMEAccept)
    return accepted["application/json"] > 0 and accepted["text/html"] == 0


def is_partial(asking: Request) -> bool:
    """Whether htmx asks for a part of the page that is open."""
    return "HTTP_HX_REQUEST" in asking.environ


def _describe_origin(asking: Request) -> Origin:
    return Origin(asking.remote_addr or "", asking.environ.get("HTTP_USER_AGENT", "")[:MAX_USER_AGENT])


def _enforce_policy(asking: Request, endpoint: str, session: Session | None) -> BaseResponse | None:
    verdict = judge(endpoint, session)
    if verdict is Verdict.ALLOWED:
        return None
    if verdict in (Verdict.NO_RULE, Verdict.WRONG_ROLE):
        raise Forbidden
    if wants_json(asking):
        raise Unauthorized
    door = "identity.sign_in" if verdict is Verdict.SIGN_IN else "identity.role"
    if is_partial(asking):
        page = local_target(asking.headers.get("HX-Current-URL"))
        return Response(status=401, headers={"HX-Redirect": url_for(door, next=page)})
    page = asking.full_path.rstrip("?") if asking.method == "GET" else local_target(asking.referrer)
    return redirect(url_for(door, next=page), 303)


def _check_form_token(engine: Engine, asking: Request, secret: str | None) -> None:
    given = asking.environ.get(CSRF_HEADER) or asking.form.get(CSRF_FIELD, "")
    try:
        masked = urlsafe_b64decode(given)
    except ValueError:
        raise FormOutOfDate from None
    mask, mixed = masked[:TOKEN_BYTES], masked[TOKEN_BYTES:]
    if secret is None or len(mixed) != len(mask):
        raise FormOutOfDate
    if not hmac.compare_digest(_mix(mask, mixed), _derive_token(engine, secret)):
        raise FormOutOfDate


def _derive_token(engine: Engine, secret: str) -> bytes:
    return authenticate(engine.keys.session, b"form:" + secret.encode())


def _mix(mask: bytes, token: bytes) -> bytes:
    return (int.from_bytes(mask) ^ int.from_bytes(token)).to_bytes(len(mask))
