"""Sessions, forged forms, headers, limits: what holds for every page."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.runtime.errors import Busy, NotFound, TaskAlreadyClaimed
from engine.services.identity.people import disable_user, revoke_role
from engine.services.identity.sessions import IDLE_LIMIT
from engine.storage.actor import PLATFORM, SYSTEM
from engine.storage.columns import metadata
from engine.storage.tables import session
from tests.support.clock import ManualClock
from tests.web.visitor import PASSWORD, TOKEN, Visitor, register
from web.identity.routes import ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS, WINDOW
from web.policy import PUBLIC, RULES
from web.security import MAX_FIELD_BYTES, MAX_STRANGER_BYTES, local_target

WEB = Path(__file__).parents[2] / "web"


def count_sessions(engine: Engine) -> int:
    with engine.database.read() as connection:
        return connection.execute(select(func.count()).select_from(session)).scalar_one()


# --- sessions ---------------------------------------------------------------------------------------------------


def test_cookie_is_out_of_reach(visitor: Visitor, chen: str) -> None:
    cookie = visitor.sign_in("chen").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_cookie_keeps_to_tls(app: Flask, chen: str) -> None:
    response = Visitor(app, base_url="https://baton.test").sign_in("chen")
    assert "Secure" in response.headers["Set-Cookie"]
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_secret_from_before_signing_in_is_worth_nothing_after(app: Flask, visitor: Visitor, chen: str) -> None:
    visitor.get("/sign-in")
    planted = visitor.secret
    visitor.sign_in("chen")
    assert visitor.secret != planted
    other = Visitor(app)
    other.client.set_cookie("baton", planted or "", domain="baton.test")
    assert other.get("/role").headers["Location"] == "/sign-in?next=/role"


def test_role_change_changes_the_secret(app: Flask, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    before = visitor.secret
    visitor.act_as(chen, "individual")
    assert visitor.secret != before
    other = Visitor(app)
    other.client.set_cookie("baton", before or "", domain="baton.test")
    assert other.get("/menu").status_code == 303


def test_signing_out_ends_the_session_on_the_server(app: Flask, engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    secret = visitor.secret
    response = visitor.send("/sign-out", {}, page="/role")
    assert response.headers["Location"] == "/sign-in"
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert visitor.secret is None
    assert count_sessions(engine) == 0
    other = Visitor(app)
    other.client.set_cookie("baton", secret or "", domain="baton.test")
    assert other.get("/role").status_code == 303


def test_signing_in_again_leaves_one_session(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.get("/sign-in")
    visitor.sign_in("chen")
    fields = {"login": "chen", "password": PASSWORD}
    assert visitor.send("/sign-in", fields, page="/role").status_code == 303
    assert count_sessions(engine) == 1


def test_idle_person_is_asked_to_sign_in(visitor: Visitor, chen: str, clock: ManualClock) -> None:
    visitor.sign_in("chen")
    clock.at += IDLE_LIMIT
    assert visitor.get("/role").headers["Location"] == "/sign-in?next=/role"


def test_disabled_person_is_out_with_the_next_request(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    disable_user(engine, SYSTEM, chen)
    assert visitor.get("/role").status_code == 303


def test_lost_role_sends_back_to_the_choice(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer")
    assert visitor.get("/menu").status_code == 200
    revoke_role(engine, SYSTEM, chen, PLATFORM, "platform_reviewer")
    assert visitor.get("/menu").headers["Location"] == "/role?next=/menu"


def test_role_not_held_is_refused(visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(chen, "individual")
    response = visitor.act_as(PLATFORM, "auditor")
    assert response.status_code == 403
    assert "您没有这个角色" in response.text


def test_part_of_a_page_sends_the_whole_page_to_the_door(visitor: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://baton.test/orders?view=all"}
    response = visitor.get("/menu", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/sign-in?next=/orders?view%3Dall"


def test_refusal_of_a_part_takes_the_whole_page(visitor: Visitor) -> None:
    response = visitor.get("/nowhere", headers={"HX-Request": "true"})
    assert response.headers["HX-Retarget"] == "#main"


# --- the door ---------------------------------------------------------------------------------------------------


def _leave_out_tokens(page: str) -> str:
    """The page without its form token, which looks different each time."""
    found = TOKEN.search(page)
    assert found is not None
    return page.replace(found[1], "")


def test_refusals_tell_nothing_about_accounts(engine: Engine, visitor: Visitor, chen: str) -> None:
    closed = register(engine, "closed")
    disable_user(engine, SYSTEM, closed)
    pages = []
    for login, password in (("chen", "wrong password"), ("nobody", PASSWORD), ("closed", PASSWORD)):
        response = visitor.send("/sign-in", {"login": login, "password": password})
        assert response.status_code == 422
        pages.append(_leave_out_tokens(response.text).replace(f'value="{login}"', ""))
    assert pages[0] == pages[1] == pages[2]
    assert "账号或密码不对" in pages[0]


def test_account_is_closed_to_guessing(app: Flask, visitor: Visitor, chen: str, clock: ManualClock) -> None:
    for number in range(ATTEMPTS_PER_ACCOUNT):
        other = Visitor(app, address=f"10.0.1.{number}")
        assert other.sign_in("chen", "wrong password").status_code == 422
    clock.advance(minutes=5)
    response = visitor.sign_in("chen")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "600"
    assert "尝试次数太多" in response.text
    assert visitor.get("/role").status_code == 303
    clock.at += WINDOW - timedelta(minutes=5)
    assert visitor.sign_in("chen").status_code == 303


def test_address_is_closed_to_trying_many_accounts(app: Flask) -> None:
    here = Visitor(app, address="10.0.0.1")
    for number in range(ATTEMPTS_PER_ADDRESS):
        assert here.sign_in(f"somebody{number}", "wrong password").status_code == 422
    assert here.sign_in("somebody", "wrong password").status_code == 429
    assert Visitor(app, address="10.0.0.2").sign_in("somebody", "wrong password").status_code == 422


def test_many_people_behind_one_address_may_sign_in(app: Flask, chen: str) -> None:
    here = Visitor(app, address="10.0.0.1")
    for number in range(ATTEMPTS_PER_ADDRESS - 1):
        assert here.sign_in(f"somebody{number}", "wrong password").status_code == 422
    for _ in range(3):
        assert Visitor(app, address="10.0.0.1").sign_in("chen").status_code == 303
    assert here.sign_in("somebody", "wrong password").status_code == 422
    assert here.sign_in("somebody", "wrong password").status_code == 429


def test_success_starts_the_count_anew(visitor: Visitor, chen: str) -> None:
    for _ in range(ATTEMPTS_PER_ACCOUNT - 1):
        visitor.sign_in("chen", "wrong password")
    assert visitor.sign_in("chen").status_code == 303
    visitor.send("/sign-out", {}, page="/role")
    for _ in range(ATTEMPTS_PER_ACCOUNT - 1):
        assert visitor.sign_in("chen", "wrong password").status_code == 422


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/orders/7?view=all", "/orders/7?view=all"),
        ("http://localhost/orders/7", "/orders/7"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("\\/evil.example/", None),
        ("javascript:alert(1)", None),
        ("http:/evil.example", "/evil.example"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("/\t/evil.example", None),
        ("orders", None),
        ("", None),
        (None, None),
    ],
)
def test_nobody_is_sent_to_another_site(app: Flask, target: str | None, expected: str | None) -> None:
    with app.test_request_context("/", base_url="http://localhost"):
        assert local_target(target) == expected


def test_person_arrives_where_he_was_going(visitor: Visitor, engine: Engine) -> None:
    register(engine, "zhou")
    assert visitor.sign_in("zhou", target="/menu").headers["Location"] == "/menu"


# --- forged forms -----------------------------------------------------------------------------------------------


def list_forms(app: Flask) -> list[tuple[str, str]]:
    """Address and endpoint of everything that can be posted to."""
    rules = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ()) and not rule.arguments]
    return [(rule.rule, rule.endpoint) for rule in rules]


def test_every_form_needs_the_token_of_its_session(app: Flask, engine: Engine, visitor: Visitor, chen: str) -> None:
    forms = list_forms(app)
    assert ("/sign-out", "identity.sign_out") in forms
    stranger = Visitor(app)
    stolen = TOKEN.search(stranger.get("/sign-in").text)
    assert stolen is not None
    visitor.sign_in("chen")
    visitor.act_as(chen, "individual")
    for path, endpoint in forms:
        if RULES[endpoint].roles:
            continue  # answered 403 before the form is looked at
        if RULES[endpoint].is_for_workers:
            assert visitor.client.post(path, **visitor.options).status_code == 401, "no cookie opens it"
            continue
        if RULES[endpoint].is_signed:
            assert visitor.client.post(path, **visitor.options).status_code == 400, "no signature"
            continue
        for fields in (
            {},
            {"csrf_token": ""},
            {"csrf_token": "x" * 44},
            {"csrf_token": stolen[1]},
            {"csrf_token": "令"},
        ):
            response = visitor.client.post(path, data=fields, **visitor.options)
            assert response.status_code == 400, path
            assert "没有提交" in response.text
    assert count_sessions(engine) == 1


def test_form_of_another_browser_without_cookie_is_refused(visitor: Visitor, chen: str) -> None:
    response = visitor.client.post("/sign-in", data={"login": "chen", "password": PASSWORD}, **visitor.options)
    assert response.status_code == 400


def test_token_may_come_in_a_header(visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    found = TOKEN.search(visitor.get("/role").text)
    assert found is not None
    response = visitor.client.post("/sign-out", headers={"X-CSRF-Token": found[1]}, **visitor.options)
    assert response.status_code == 303


# --- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/static/baton.css", "/static/nothing.css"])
def test_every_answer_is_guarded(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_not_kept_by_browsers(visitor: Visitor) -> None:
    assert visitor.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert "max-age=31536000" in visitor.get("/static/baton.css").headers["Cache-Control"]


def test_templates_need_no_exception_from_the_content_policy() -> None:
    """No inline style, no inline script, no handler attribute, in any template of the product."""
    forbidden = re.compile(
        r"<style|<script(?![^>]*\bsrc=)|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
    )
    templates = list(WEB.rglob("*.html"))
    assert len(templates) >= 5
    found = [
        f"{path.relative_to(WEB)}:{number}: {line.strip()[:80]}"
        for path in templates
        if "node_modules" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


# --- failures ---------------------------------------------------------------------------------------------------


def test_failure_is_told_with_a_reference(app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise RuntimeError("a secret of the house")

    app.add_url_rule("/fail", "fail", fail)
    monkeypatch.setitem(RULES, "fail", PUBLIC)
    response = visitor.get("/fail")
    assert response.status_code == 500
    assert re.search(r"<code>E-[0-9A-F]{8}</code>", response.text)
    assert "secret of the house" not in response.text
    assert "没有任何改变" in response.text


def test_unreachable_database_asks_to_come_back(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    metadata.tables["session"].drop(engine.database.writer)
    response = visitor.get("/role")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "3"
    assert "数据库暂时连不上" in response.text


class NotEligible(EngineError):
    code = "not_eligible.own_order"


class NeverHeardOf(EngineError):
    pass


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (TaskAlreadyClaimed("1"), 409, "已有人认领了这项任务"),
        (NotFound("task", "1"), 404, "没有找到这一页"),
        (Busy("x"), 503, "现在太忙"),
        (NotEligible("x"), 403, "不能接自己发布的订单"),
        (NeverHeardOf("x"), 409, "情况已经变了"),
    ],
)
def test_refusals_of_the_engine_are_told_in_words(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, error: EngineError, status: int, words: str
) -> None:
    def refuse() -> str:
        raise error

    app.add_url_rule("/refuse", "refuse", refuse)
    monkeypatch.setitem(RULES, "refuse", PUBLIC)
    response = visitor.get("/refuse")
    assert response.status_code == status
    assert words in response.text


def test_absent_and_forbidden_look_the_same(app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def hide() -> str:
        raise NotFound("order", "7")

    app.add_url_rule("/hidden", "hidden", hide)
    monkeypatch.setitem(RULES, "hidden", PUBLIC)
    pages = [_leave_out_tokens(visitor.get(path).text).replace(path, "") for path in ("/hidden", "/absent")]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(("path", "status", "code"), [("/nowhere", 404, "not_found"), ("/menu", 401, "unauthorized")])
def test_programs_get_json(visitor: Visitor, path: str, status: int, code: str) -> None:
    response = visitor.get(path, headers={"Accept": "application/json", "Accept-Language": "en"})
    assert response.status_code == status
    assert response.json is not None
    assert response.json["error"]["code"] == code
    assert set(response.json["error"]) == {"code", "reference", "what", "kept", "next"}


def test_wrong_method_says_which_are_right(visitor: Visitor) -> None:
    response = visitor.get("/sign-out")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_stranger_sends_little(visitor: Visitor, content_type: str) -> None:
    visitor.get("/sign-in")
    body = b"login=" + b"x" * MAX_STRANGER_BYTES
    response = visitor.client.post("/sign-in", data=body, content_type=content_type, **visitor.options)
    assert response.status_code == 413
    assert "内容太大" in response.text


def test_only_uploads_may_be_large(visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    much = b"x" * MAX_FIELD_BYTES
    options = {**visitor.options, "content_type": "application/x-www-form-urlencoded"}
    assert visitor.client.post("/role", data=b"role=" + much, **options).status_code == 413
    options["content_type"] = "multipart/form-data; boundary=edge"
    part = b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n\r\n%s\r\n--edge--\r\n'
    assert visitor.client.post("/role", data=part % much, **options).status_code == 400  # read, but without a token
