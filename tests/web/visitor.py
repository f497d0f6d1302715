"""A person at a browser without scripts: follows the forms of real pages."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import register_person
from engine.storage.actor import SYSTEM

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
PASSWORD = "correct horse battery"


class _RememberedPasswords(Passwords):
    """Hashes a password once: everybody here has the same."""

    def __init__(self) -> None:
        super().__init__(time_cost=1)
        self._hashes: dict[str, str] = {}

    def hash_password(self, password: str) -> str:
        if password not in self._hashes:
            self._hashes[password] = super().hash_password(password)
        return self._hashes[password]


_PASSWORDS = _RememberedPasswords()


def hash_password(password: str) -> str:
    """What the account of somebody with this password holds."""
    return _PASSWORDS.hash_password(password)


def register(engine: Engine, login: str, name_zh: str = "陈思远", name_en: str = "Chen Siyuan") -> str:
    """A person who may act as `individual`, with the password `PASSWORD`."""
    return register_person(engine, _PASSWORDS, SYSTEM, login=login, password=PASSWORD, name_zh=name_zh, name_en=name_en)


class Visitor:
    """One browser with its cookies."""

    def __init__(self, app: Flask, address: str = "10.0.0.1", base_url: str = "http://baton.test") -> None:
        self.client = app.test_client()
        self.options: dict[str, Any] = {"base_url": base_url, "environ_base": {"REMOTE_ADDR": address}}

    @property
    def secret(self) -> str | None:
        """What the session cookie holds."""
        cookie = self.client.get_cookie("baton", domain="baton.test")
        return cookie.value if cookie else None

    def get(self, path: str, **options: Any) -> TestResponse:
        """Opens a page."""
        return self.client.get(path, buffered=True, **self.options, **options)

    def send(self, path: str, fields: dict[str, str], page: str = "/sign-in", **options: Any) -> TestResponse:
        """Sends a form with the token found on `page`."""
        found = TOKEN.search(self.get(page, follow_redirects=True).text)
        assert found is not None, f"{page} shows no form"
        return self.client.post(path, data={"csrf_token": found[1], **fields}, **self.options, **options)

    def sign_in(self, login: str, password: str = PASSWORD, target: str = "") -> TestResponse:
        """Fills in the first page."""
        return self.send("/sign-in", {"login": login, "password": password, "next": target})

    def act_as(self, party_id: str, role: str, **fields: str) -> TestResponse:
        """Presses one of the cards of the role page."""
        return self.send("/role", {"role": f"{party_id}/{role}", **fields}, page="/role")
