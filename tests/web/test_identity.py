"""The pages in front of all others, in both languages and without scripts."""

import re

from flask import Flask

from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.identity.people import STREAM, revoke_role
from engine.storage.actor import PLATFORM, SYSTEM
from tests.web.visitor import Visitor, register

ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}


def test_stranger_is_led_to_the_door(visitor: Visitor) -> None:
    assert visitor.get("/").headers["Location"] == "/sign-in?next=/"
    page = visitor.get("/sign-in").text
    assert '<html lang="zh-CN"' in page
    assert "登录后选择以哪个身份办事" in page


def test_person_with_several_roles_is_asked(visitor: Visitor, chen: str) -> None:
    assert visitor.sign_in("chen").headers["Location"].startswith("/role")
    page = visitor.get("/role").text
    assert "陈思远\N{FULLWIDTH COMMA}以哪个身份办事" in page
    cards = re.findall(r'name="role" value="([^"]+)"', page)
    assert [card.split("/")[1] for card in cards] == ["platform_reviewer", "enterprise_operator", "individual"]
    assert "企业用户 · 杭州晨星科技有限公司" in page


def test_role_page_in_english(visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    page = visitor.get("/role", headers=ENGLISH).text
    for words in ("Chen Siyuan, which role", "Enterprise user · Hangzhou Morningstar", "Platform reviewer"):
        assert words in page


def test_person_with_one_role_goes_straight_on(engine: Engine, visitor: Visitor) -> None:
    register(engine, "zhou")
    assert visitor.sign_in("zhou").headers["Location"] == "/"
    assert "自由职业者" in visitor.get("/menu").text


def test_switching_needs_no_new_sign_in_and_is_recorded(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(chen, "individual")
    assert visitor.act_as(PLATFORM, "platform_reviewer").status_code == 303
    assert "平台审核员" in visitor.get("/menu").text
    assert "当前角色" in visitor.get("/role").text
    with engine.database.read() as connection:
        kinds = [(row.kind, row.acting_role) for row in read_stream(connection, STREAM) if row.actor_id == chen]
    assert kinds == [("sign_in", "none"), ("choose_role", "none"), ("choose_role", "individual")]


def test_role_may_be_kept_on_the_device(app: Flask, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer", keep="on")
    visitor.send("/sign-out", {}, page="/role")
    assert visitor.sign_in("chen").headers["Location"] == "/"
    assert "平台审核员" in visitor.get("/menu").text
    elsewhere = Visitor(app)
    assert elsewhere.sign_in("chen").headers["Location"] == "/role"


def test_kept_role_that_was_lost_is_asked_again(engine: Engine, visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer", keep="on")
    visitor.send("/sign-out", {}, page="/role")
    revoke_role(engine, SYSTEM, chen, PLATFORM, "platform_reviewer")
    assert visitor.sign_in("chen").headers["Location"] == "/role"


def test_kept_role_can_be_forgotten(visitor: Visitor, chen: str) -> None:
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer", keep="on")
    visitor.act_as(chen, "individual")
    visitor.send("/sign-out", {}, page="/role")
    assert visitor.sign_in("chen").headers["Location"] == "/role"


def test_person_without_any_role_is_told_whom_to_ask(engine: Engine, visitor: Visitor) -> None:
    user_id = register(engine, "zhou")
    revoke_role(engine, SYSTEM, user_id, user_id, "individual")
    assert visitor.sign_in("zhou").headers["Location"] == "/role"
    assert "您还没有任何角色" in visitor.get("/role").text


def test_language_follows_account_then_cookie_then_browser(app: Flask, engine: Engine, chen: str) -> None:
    visitor = Visitor(app)
    assert '<html lang="en"' in visitor.get("/sign-in", headers=ENGLISH).text
    assert '<html lang="zh-CN"' in visitor.get("/sign-in", headers={"Accept-Language": "fr"}).text
    visitor.send("/preferences", {"language": "en"})
    assert '<html lang="en"' in visitor.get("/sign-in", headers={"Accept-Language": "zh-CN"}).text
    visitor.sign_in("chen")
    visitor.send("/preferences", {"language": "zh"}, page="/role")
    visitor.client.set_cookie("language", "en", domain="baton.test")
    assert '<html lang="zh-CN"' in visitor.get("/role").text
    elsewhere = Visitor(app)
    elsewhere.sign_in("chen")
    assert '<html lang="zh-CN"' in elsewhere.get("/role", headers=ENGLISH).text


def test_preferences_lead_back_to_the_page(visitor: Visitor) -> None:
    response = visitor.send("/preferences", {"theme": "dark", "next": "/sign-in?next=/menu"})
    assert response.headers["Location"] == "/sign-in?next=/menu"
    assert 'data-theme="dark"' in visitor.get("/sign-in").text
    visitor.send("/preferences", {"theme": "auto"})
    assert "data-theme" not in visitor.get("/sign-in").text


def test_unknown_preferences_change_nothing(visitor: Visitor) -> None:
    visitor.send("/preferences", {"theme": "neon", "language": "xx"})
    visitor.client.set_cookie("theme", '"><script>', domain="baton.test")
    visitor.client.set_cookie("zone", "../../etc/passwd", domain="baton.test")
    page = visitor.get("/sign-in").text
    assert "data-theme" not in page
    assert 'data-zone="Asia/Shanghai"' in page


def test_zone_of_the_browser_counts(visitor: Visitor) -> None:
    visitor.client.set_cookie("zone", "America/New_York", domain="baton.test")
    assert 'data-zone="America/New_York"' in visitor.get("/sign-in").text


def test_what_was_typed_is_shown_as_text(visitor: Visitor) -> None:
    page = visitor.sign_in('"><script>alert(1)</script>', "wrong password").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
