"""Verbs of an onboarding for the tests: somebody with an account and nothing else fills in what he is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import Row, Table, insert, select, update

from engine.commands.tasks import FormRejected
from engine.runtime.tasks import fetch_task
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.onboarding.persons import request_onboarding
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import membership, party, user
from tests.support.stage import Stage

NUMBER = "33010619950612001X"
NAME = "王小明"
PERSON: PlainDict = {"name": NAME, "id_type": "resident_card", "phone": "13800000001", "city": "杭州"}


@dataclass
class Joining:
    """A stage on which people come to the platform."""

    stage: Stage

    def newcomer(self, name: str) -> Actor:
        """A person with an account, neither certified nor bound by an agreement."""
        actor = self.stage.person(name)
        account = {"id": name, "login": name, "password_hash": "-", "is_disabled": 0, "created_at": self.stage.clock()}
        own = {"user_id": name, "party_id": name, "role": "individual", "skills": []}

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(insert(user), account)
            unit.connection.execute(insert(membership), own)
            fresh = update(party).where(party.c.id == name).values(is_certified=0, has_agreement=0)
            unit.connection.execute(fresh)

        self.stage.engine.database.transact(work)
        return actor

    def identify(self, actor: Actor, number: str = NUMBER, **changes: Plain) -> str:
        """Begins an onboarding and fills in who the person is, up to the question to the register; gives the case."""
        case = request_onboarding(self.stage.engine, actor, new_id())
        self.fill_in(actor, case, number, **changes)
        return case

    def fill_in(self, actor: Actor, case: str, number: str = NUMBER, **changes: Plain) -> None:
        """The two tasks of the identification."""
        images: PlainDict = {side: self.upload(actor) for side in ("id_front", "id_back")}
        self.stage.do(actor, case, "real_name", {**PERSON, **images, "id_no": number, **changes})
        self.stage.do(actor, case, "confirm_phone", {"code": ask_for_code(self.stage.engine, actor, case)})

    def refuse(self, actor: Actor, case: str, **fields: Plain) -> dict[str, list[str]]:
        """What is said against the first form, filled in like that and without images."""
        with pytest.raises(FormRejected) as refused:
            self.stage.do(actor, case, "real_name", {**PERSON, **fields})
        return refused.value.bound.errors

    def sign(self, actor: Actor, case: str, name: str = NAME) -> None:
        """Signs the agreement, with a code of its own."""
        self.stage.wait(minutes=2)
        view = fetch_task(self.stage.engine, actor, self.stage.task_id(actor, case, "sign_agreement"))
        typed: dict[str, Plain] = {
            key: [*texts] for key, texts in read_and_accept(self.stage.engine, actor, view, "agreements").items()
        }
        code = ask_for_code(self.stage.engine, actor, case)
        self.stage.do(actor, case, "sign_agreement", {**typed, "signer_name": name, "code": code})

    def upload(self, actor: Actor) -> str:
        """A picture of the actor's own."""
        engine, content = self.stage.engine, BytesIO(b"\x89PNG\r\n\x1a\n" + new_id().encode())
        stored = engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, "photo.png", content, actor.party_id)
        )
        return stored.id

    def rows(self, table: Table, **values: object) -> Sequence[Row[Any]]:
        """The rows of a table with these values."""
        with self.stage.engine.database.read() as connection:
            return connection.execute(select(table).filter_by(**values)).all()
