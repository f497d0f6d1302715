"""Deny by default: one rule per endpoint, checked before any view."""

import pytest
from flask import Flask

from engine.runtime.engine import Engine
from engine.services.identity.people import ROLES, grant_role
from engine.storage.actor import PLATFORM, SYSTEM
from tests.web.visitor import Visitor
from web.navigation import GROUPS
from web.policy import ACTING, PUBLIC, RULES, SIGNED_IN, Rule, roles


def add_page(app: Flask, name: str) -> None:
    app.add_url_rule(f"/{name}", name, lambda: f"page {name}")


def test_every_endpoint_has_a_rule(app: Flask) -> None:
    assert sorted({rule.endpoint for rule in app.url_map.iter_rules()} - set(RULES)) == []


def test_every_rule_has_an_endpoint(app: Flask) -> None:
    assert sorted(set(RULES) - {rule.endpoint for rule in app.url_map.iter_rules()}) == []


def test_endpoint_without_a_rule_is_closed_to_everybody(app: Flask, visitor: Visitor, chen: str) -> None:
    add_page(app, "forgotten")
    assert visitor.get("/forgotten").status_code == 403
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer")
    assert visitor.get("/forgotten").status_code == 403


@pytest.mark.parametrize(
    ("rule", "stranger", "undecided", "reviewer"),
    [
        (PUBLIC, 200, 200, 200),
        (SIGNED_IN, 303, 200, 200),
        (ACTING, 303, 303, 200),
        (roles("platform_reviewer"), 303, 303, 200),
        (roles("auditor", "analyst"), 303, 303, 403),
    ],
)
def test_rules_open_and_close(
    app: Flask,
    chen: str,
    monkeypatch: pytest.MonkeyPatch,
    rule: Rule,
    stranger: int,
    undecided: int,
    reviewer: int,
) -> None:
    add_page(app, "page")
    monkeypatch.setitem(RULES, "page", rule)
    visitor = Visitor(app)
    assert visitor.get("/page").status_code == stranger
    visitor.sign_in("chen")
    assert visitor.get("/page").status_code == undecided
    visitor.act_as(PLATFORM, "platform_reviewer")
    assert visitor.get("/page").status_code == reviewer


def test_wrong_role_is_told_how_to_go_on(
    app: Flask, visitor: Visitor, chen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_page(app, "page")
    monkeypatch.setitem(RULES, "page", roles("auditor"))
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "platform_reviewer")
    page = visitor.get("/page").text
    assert "当前角色不能打开这一页" in page
    assert "您现在的角色:平台审核员".replace(":", "\N{FULLWIDTH COLON}") in page
    assert 'href="/role"' in page


def test_rule_for_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="emperor"):
        roles("auditor", "emperor")


def test_every_role_has_a_navigation() -> None:
    assert set(GROUPS) == set(ROLES)


def test_a_navigation_holds_nothing_its_role_may_not_open() -> None:
    for role, groups in GROUPS.items():
        for place in (place for group in groups for place in group.places if place.endpoint in RULES):
            allowed = RULES[place.endpoint].roles
            assert not allowed or role in allowed or place.endpoint == "auditor.cases", (role, place.endpoint)


OPERATING = "tasks inbox own_tasks orders orders open_task publish wallet papers cases ratings"


@pytest.mark.parametrize(
    ("role", "pages"),
    [
        ("enterprise_admin", f"{OPERATING} members company"),
        ("enterprise_operator", f"{OPERATING} company"),
        ("enterprise_acceptor", "inbox own_tasks orders orders papers cases ratings company"),
        ("enterprise_finance", "inbox own_tasks orders wallet papers cases company"),
        ("individual", "tasks inbox own_tasks orders orders orders wallet papers cases ratings certification"),
        ("courier_ordinary", "home inbox deliveries wallet papers cases ratings certification profile"),
        ("platform_finance", "inbox custody differences postings income"),
        ("platform_operator", "incidents waiting cases jobs workers outbox people definitions"),
        ("auditor", "cases ledger orders verify"),
        ("repair_dispatcher", "inbox orders cases"),
        ("todo_manager", "inbox cases items rules supervision"),
        ("todo_handler", "inbox cases absence"),
    ],
)
def test_roles_differ_in_their_pages(role: str, pages: str) -> None:
    places = [place.endpoint.partition(".")[2] for group in GROUPS[role] for place in group.places]
    assert places == pages.split()


def test_navigation_shows_only_what_exists_and_may_be_opened(
    app: Flask, engine: Engine, visitor: Visitor, chen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_role(engine, SYSTEM, chen, PLATFORM, "auditor")
    for endpoint, rule in (("auditor.cases", ACTING), ("auditor.ledger", roles("analyst"))):
        if endpoint not in app.view_functions:
            add_page(app, endpoint)
        monkeypatch.setitem(RULES, endpoint, rule)
    app.view_functions.pop("auditor.verify", None)
    visitor.sign_in("chen")
    visitor.act_as(PLATFORM, "auditor")
    page = visitor.get("/menu").text
    assert "查询实例" in page
    assert "账目" not in page
    assert "完整性校验" not in page
