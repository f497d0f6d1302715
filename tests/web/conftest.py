"""Fixtures of the web tests: the application over a fresh database, a visitor, one person with several roles."""

import pytest
from flask import Flask

from engine.runtime.engine import Engine
from engine.services.identity.people import grant_role, register_organisation
from engine.storage.actor import PLATFORM, SYSTEM
from tests.support.web import make_app
from tests.web.visitor import Visitor, register


@pytest.fixture
def app(engine: Engine) -> Flask:
    return make_app(engine)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def chen(engine: Engine) -> str:
    """Chen Siyuan, login `chen`: individual, platform reviewer, operator of a company."""
    user_id = register(engine, "chen")
    company = register_organisation(engine, SYSTEM, name_zh="杭州晨星科技有限公司", name_en="Hangzhou Morningstar")
    grant_role(engine, SYSTEM, user_id, PLATFORM, "platform_reviewer", ["content"])
    grant_role(engine, SYSTEM, user_id, company, "enterprise_operator")
    return user_id
