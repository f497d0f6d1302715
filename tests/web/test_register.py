"""Registering, and founding an enterprise, without scripts."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.identity.people import list_memberships
from engine.services.onboarding.enterprise_tables import enterprise_certification
from engine.services.onboarding.person_tables import person_certification
from engine.storage.tables import party, user
from tests.support.stage import Stage
from tests.support.web import make_app
from tests.web.visitor import PASSWORD, Visitor, register
from web.identity.register import ATTEMPTS_PER_ADDRESS

TOKEN = re.compile(r'name="token" value="([^"]+)"')
LIN = {"as": "enterprise", "login": "Lin@Example.com", "password": PASSWORD, "name": "林清", "company": "杭州远航会展"}


@pytest.fixture
def engine(stage: Stage) -> Engine:
    """With the repository's processes, which a registration begins."""
    return stage.engine


@pytest.fixture
def app(engine: Engine) -> Flask:
    return make_app(engine)


def send(visitor: Visitor, **changes: str) -> int:
    fields = {**LIN, **changes}
    return visitor.send("/register", fields, page=f"/register?as={fields['as']}").status_code


def count(engine: Engine) -> tuple[int, int]:
    with engine.database.read() as connection:
        people, parties = (
            connection.execute(select(func.count()).select_from(one)).scalar_one() for one in (user, party)
        )
    return people, parties


def test_enterprise_and_its_administrator_come_once(app: Flask, engine: Engine) -> None:
    lin = Visitor(app)
    before = count(engine)
    answer = lin.send("/register", LIN, page="/register?as=enterprise")
    assert (answer.status_code, answer.location) == (303, "/company")
    assert "正在开立认证" in lin.get("/company").text
    assert lin.send("/company", {"token": "early"}, page="/company").status_code == 409
    settle(engine)
    assert "轮到您了" in lin.get("/company").text
    again = Visitor(app)
    assert send(again) == 303  # pressed twice, perhaps in another window
    settle(engine)
    assert count(engine) == (before[0] + 1, before[1] + 2)
    with engine.database.read() as connection:
        row = connection.execute(select(enterprise_certification)).one()
        assert [one.role for one in list_memberships(connection, row.applicant_id)] == [
            "individual",
            "enterprise_admin",
        ]
    assert lin.get("/register").location == "/"


def test_individual_goes_on_to_his_own_certification(app: Flask, engine: Engine) -> None:
    wang = Visitor(app)
    fields = {**LIN, "as": "individual", "login": "13800000001"}
    assert wang.send("/register", fields, page="/register?as=individual").location == "/certification"
    assert wang.send("/certification", {"token": "early"}, page="/certification").status_code == 409
    settle(engine)
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(person_certification)).scalar_one() == 1
    assert "轮到您了" in wang.get("/certification").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("company", "杭", "请填写企业名称"),
        ("name", " ", "请填写"),
        ("login", "a b", "账号为 2 至 80 个"),
        ("login", "zhou", "已经有人使用"),
        ("password", "short", "至少 8 个字符"),
    ],
)
def test_wrong_field_is_named_and_nothing_is_made(
    app: Flask, engine: Engine, field: str, value: str, words: str
) -> None:
    register(engine, "zhou")
    before = count(engine)
    answer = Visitor(app).send(
        "/register", {**LIN, "password": f"{PASSWORD}!", field: value}, page="/register?as=enterprise"
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert count(engine) == before


def test_one_address_registers_so_often_and_no_more(app: Flask) -> None:
    for _ in range(ATTEMPTS_PER_ADDRESS):
        assert send(Visitor(app), password="short") == 422
    assert send(Visitor(app)) == 429


def test_person_founds_an_enterprise_and_others_stay_out(app: Flask, engine: Engine) -> None:
    zhou_id, zhou, stranger = register(engine, "zhou"), Visitor(app), Visitor(app)
    zhou.sign_in("zhou")
    page = zhou.get("/enterprises/new").text
    fields = {"token": TOKEN.findall(page)[0], "company": "苏州匠心"}
    for _ in range(2):
        assert zhou.send("/enterprises/new", fields, page="/enterprises/new").location == "/company"
    settle(engine)
    assert zhou.send("/enterprises/new", {**fields, "company": ""}, page="/enterprises/new").status_code == 422
    with engine.database.read() as connection:
        roles = [one.role for one in list_memberships(connection, zhou_id)]
        firm = connection.execute(select(enterprise_certification)).one().party_id
    assert roles == ["individual", "enterprise_admin"]
    assert "/sign-in" in stranger.get("/enterprises/new").location
    register(engine, "wang")
    stranger.sign_in("wang")
    assert stranger.get("/company").status_code == 403
    assert stranger.act_as(firm, "enterprise_admin").status_code == 403
    withdrawn = zhou.send("/company/withdraw", {"token": "once"}, page="/company")
    assert withdrawn.status_code == 303
    assert "上次入驻已撤回" in zhou.get("/company").text
