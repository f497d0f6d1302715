"""Turns the system took: timers and messages are told like everybody's."""

from engine.services.identity.people import ROLES
from engine.storage.actor import SYSTEM
from web.texts import LANGUAGES, text_in


def test_every_role_that_history_names_has_words() -> None:
    for role in (*ROLES, SYSTEM.role):
        assert all(text_in(language, f"acting.{role}") for language in LANGUAGES)
