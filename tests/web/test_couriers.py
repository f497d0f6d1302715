"""A courier's profile in the browser: becoming one, what he sets, going on and off duty."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from engine.runtime.engine import Engine
from engine.services.dispatch.couriers import read_profile
from engine.services.identity.standing import set_standing
from engine.storage.actor import SYSTEM, Actor
from tests.web.visitor import Visitor, register

PROFILE = "/courier/profile"


def test_a_person_becomes_a_courier_sets_his_profile_and_goes_on_duty(app: Flask, engine: Engine) -> None:
    ann = register(engine, "ann")
    actor, visitor = Actor(ann, ann, "courier_ordinary"), Visitor(app)

    def send(path: str, **fields: Any) -> TestResponse:
        return visitor.send(PROFILE + path, fields, page=PROFILE)

    visitor.sign_in("ann")
    visitor.act_as(ann, "individual")
    page = visitor.get(PROFILE).text
    assert "实名认证通过后才能配送" in page
    assert "成为普通配送员" not in page
    assert send("/become").status_code == 422
    set_standing(engine, SYSTEM, ann, is_certified=True, has_agreement=True)
    assert "成为普通配送员" in visitor.get(PROFILE).text
    assert send("/become").status_code == 303
    assert send("/duty", on="1").status_code == 403  # he does not act as a courier yet
    visitor.act_as(ann, "courier_ordinary")
    sent = {"range_m": "5000", "categories": ["buy", "print"], "vehicle": "bicycle"}
    assert send("", **sent).status_code == 303
    assert send("", **sent | {"range_m": "50000"}).status_code == 422
    assert send("/duty", on="1", next="https://elsewhere.test/").location == PROFILE
    profile = read_profile(engine, actor)
    assert (profile.range_m, profile.vehicle, profile.categories) == (5000, "bicycle", frozenset({"buy", "print"}))
    assert profile.on_duty_since == engine.clock()
    assert "还没有您的位置" in visitor.get(PROFILE).text
    assert send("/duty", next="/notices").location == "/notices"
    assert read_profile(engine, actor).on_duty_since is None
