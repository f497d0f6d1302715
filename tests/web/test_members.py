"""The pages of members, of an invitation, and of the platform's people, as one sees them without scripts."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.services.identity.people import grant_role, list_memberships, register_organisation
from engine.storage.actor import PLATFORM, SYSTEM
from engine.storage.tables import party
from tests.web.visitor import PASSWORD, Visitor, register

LINK = re.compile(r"http://baton\.test(/join/[^<\s]+)")
TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Office:
    """Zhou administers a company for which Chen operates; Sun administers another; Qin operates the platform."""

    def __init__(self, app: Flask, engine: Engine) -> None:
        self.app, self.engine = app, engine
        self.firm, self.rival = (
            register_organisation(engine, SYSTEM, name_zh=zh, name_en=en)
            for zh, en in (("杭州晨星", "Morningstar"), ("苏州匠心", "Craftwork"))
        )
        self.ids = {name: register(engine, name) for name in ("zhou", "chen", "sun", "qin")}
        for login, party_id, role in (
            ("zhou", self.firm, "enterprise_admin"),
            ("chen", self.firm, "enterprise_operator"),
            ("sun", self.rival, "enterprise_admin"),
            ("qin", PLATFORM, "platform_operator"),
        ):
            grant_role(engine, SYSTEM, self.ids[login], party_id, role)

    def visit(self, login: str, party_id: str, role: str) -> Visitor:
        visitor = Visitor(self.app)
        visitor.sign_in(login)
        visitor.act_as(party_id, role)
        return visitor

    def invite(self, login: str, roles: str = "enterprise_operator") -> str:
        """Zhou invites somebody; gives the link's path."""
        zhou = self.visit("zhou", self.firm, "enterprise_admin")
        token = TOKEN.findall(zhou.get("/members/invite").text)[0]
        fields = {"token": token, "name": "林悦", "login": login, "roles": roles, "limit_fen": "50.00"}
        for _ in range(2):  # a second press of the button makes no second invitation
            assert zhou.send("/members/invite", fields, page="/members/invite").status_code == 303
        (link,) = LINK.findall(zhou.get("/members").text)
        return str(link)


@pytest.fixture
def office(app: Flask, engine: Engine) -> Office:
    return Office(app, engine)


def test_who_is_invited_opens_an_account_and_goes_to_work(office: Office) -> None:
    link, lin = office.invite("lin"), Visitor(office.app)
    assert "杭州晨星邀请您加入" in lin.get(link).text
    assert lin.send(link, {"name": "林悦", "password": "short"}, page=link).status_code == 422
    assert lin.send(link, {"name": "林悦", "password": PASSWORD}, page=link).status_code == 303
    menu = lin.get("/menu").text
    assert "企业经办人" in menu
    assert 'href="/members"' not in menu
    assert lin.get("/members").status_code == 403
    assert "已经失效" in Visitor(office.app).get(link).text
    assert Visitor(office.app).get(f"{link}x").status_code == 404
    page = office.visit("zhou", office.firm, "enterprise_admin").get("/members").text
    assert ("单笔可支出 ¥50.00" in page, LINK.findall(page)) == (True, [])


def test_who_has_an_account_accepts_with_it_and_nobody_else_does(office: Office) -> None:
    register(office.engine, "lin")
    link, lin = office.invite("lin", "enterprise_acceptor"), Visitor(office.app)
    assert "登录后就能接受邀请" in lin.get(link).text
    assert lin.send(link, {"name": "x", "password": PASSWORD}, page="/sign-in").status_code == 200, "no second account"
    sun = office.visit("sun", office.rival, "enterprise_admin")
    assert "您现在以 sun 登录" in sun.send(link, {}, page="/role").text
    lin.sign_in("lin")
    assert lin.send(link, {}, page=link).status_code == 303
    assert "验收人" in lin.get("/menu").text


def test_only_the_administrator_of_the_company_opens_and_changes_a_member(office: Office) -> None:
    chen_id = office.ids["chen"]
    zhou = office.visit("zhou", office.firm, "enterprise_admin")
    chen = office.visit("chen", office.firm, "enterprise_operator")
    sun = office.visit("sun", office.rival, "enterprise_admin")
    page, change = f"/members/{chen_id}", f"/members/{chen_id}/change"
    for visitor, status in ((chen, 403), (sun, 404)):
        assert visitor.get(page).status_code == status
        assert visitor.send(change, {"do": "disable"}, page="/role").status_code == status
    zhou_id = office.ids["zhou"]
    refused = zhou.send(f"/members/{zhou_id}/change", {"do": "remove"}, page=f"/members/{zhou_id}")
    assert (refused.status_code, "这是最后一位管理员" in refused.text) == (409, True)
    assert zhou.send(change, {"do": "shrink"}, page=page).status_code == 400
    assert zhou.send(page, {"roles": "enterprise_finance", "limit_fen": "-1"}, page=page).status_code == 422
    assert zhou.send(page, {"roles": "enterprise_finance"}, page=page).status_code == 303
    assert chen.get("/menu").headers["Location"].startswith("/sign-in"), "his session ended with the role"
    assert 'name="may_accept_own" checked' not in re.sub(r"\s+", " ", _save_rules(zhou))
    assert "不允许" in zhou.get("/members").text


def _save_rules(zhou: Visitor) -> str:
    """The enterprise forbids to accept one's own tasks, and limits everybody."""
    assert zhou.send("/members/rules", {"limit_fen": "300"}, page="/members/rules").status_code == 303
    return zhou.get("/members/rules").text


def test_operators_give_roles_and_suspend_with_a_reason(office: Office) -> None:
    qin, chen_id = office.visit("qin", PLATFORM, "platform_operator"), office.ids["chen"]
    page = f"/people/{chen_id}"
    assert "chen" in qin.get("/people?q=CHEN").text
    assert "chen" not in qin.get("/people?staff=on").text
    fields = {"roles": "platform_reviewer", "skills": "content"}
    assert qin.send(f"{page}/roles", fields, page=page).status_code == 422, "no reason"
    assert qin.send(f"{page}/roles", fields | {"reason": "新同事"}, page=page).status_code == 303
    with office.engine.database.read() as connection:
        held = {one.role: one.skills for one in list_memberships(connection, chen_id)}
    assert held["platform_reviewer"] == frozenset({"content"})
    own = f"/people/{office.ids['qin']}"
    assert qin.send(f"{own}/roles", {"roles": "auditor", "reason": "x"}, page=own).status_code == 409, "the last one"
    assert qin.send(f"{page}/standing", {"do": "suspend", "cause": "多次爽约"}, page=page).status_code == 303
    with office.engine.database.read() as connection:
        assert connection.execute(select(party.c.is_suspended).where(party.c.id == chen_id)).scalar_one() == 1
    assert "已暂停" in qin.get(page).text
    stranger = office.visit("chen", office.firm, "enterprise_operator")
    for path in ("/people", page):
        assert stranger.get(path).status_code == 403
