"""Signing: what a signature binds, what the code proves, and when one has to sign again."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.starts import start_process
from engine.commands.tasks import FormRejected, complete_task
from engine.definitions.agreements import AgreementInvalid, parse_agreement
from engine.runtime.errors import NotFound
from engine.runtime.tasks import fetch_task
from engine.services.agreements.filling import ask_for_code, read_and_accept, sign_agreements
from engine.services.agreements.signatures import find_outdated, find_valid_agreement
from engine.services.agreements.tables import signature
from engine.services.one_time_codes.codes import TooManyCodes
from engine.services.verification import verify
from engine.storage import vault
from engine.storage.actor import Actor, Origin
from engine.storage.ids import new_id
from tests.support.stage import BOSS, ROOT, Stage

Fields = Mapping[str, list[str]]


class Signer:
    """Somebody before the task to sign."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self.stage, self.actor = stage, replace(actor, origin=Origin("192.0.2.7", "Mozilla/5.0"))
        self.case = start_process(stage.engine, actor, "agreement_signing", new_id(), MultiDict())
        self.task = stage.task_id(actor, self.case, "sign_agreement")

    def fill(self, **fields: str) -> dict[str, list[str]]:
        """The form read and accepted, as this person would send it."""
        view = fetch_task(self.stage.engine, self.actor, self.task)
        read = read_and_accept(self.stage.engine, self.actor, view, "agreements")
        return {**read, "signer_name": ["王海涛"], **{name: [text] for name, text in fields.items()}}

    def send(self, fields: Fields, token: str | None = None) -> None:
        """Sends the form."""
        submitted = MultiDict((name, one) for name, texts in fields.items() for one in texts)
        complete_task(self.stage.engine, self.actor, self.task, token or new_id(), submitted, "en")

    def refused(self, fields: Fields) -> dict[str, list[str]]:
        """What is wrong with the form."""
        with pytest.raises(FormRejected) as refused:
            self.send(fields)
        return refused.value.bound.errors

    def ask(self) -> str:
        """The digits of a new code."""
        return ask_for_code(self.stage.engine, self.actor, self.case)


def publish(stage: Stage, kind: str, sign_again: str) -> None:
    """A new version of an agreement."""
    path = f"forms/shared/{kind}.agreement"
    changed = (ROOT / path).read_text().replace("signAgain: yes", f"signAgain: {sign_again}")
    deploy(stage.engine, BOSS, {path: f"{changed}\nNew, again {sign_again}.\n".encode()})


def wrong(digits: str) -> str:
    """Six other digits."""
    return f"{(int(digits) + 1) % 1_000_000:06}"


def test_a_signature_binds_text_time_signer_and_place(any_stage: Stage) -> None:
    stage, engine = any_stage, any_stage.engine
    wang = stage.person("wang")
    signer = Signer(stage, wang)
    fields, token = signer.fill(code=signer.ask()), new_id()
    signer.send(fields, token)
    signer.send(fields, token)  # a lost answer is asked for again
    assert stage.outcome(signer.case) == "signed"
    with engine.database.read() as connection:
        rows = connection.execute(select(signature).order_by(signature.c.kind)).all()
        told = [(row.kind, row.version, row.party_id, row.user_id, row.language, row.signed_at) for row in rows]
        assert told == [(kind, 1, "wang", "wang", "en", stage.clock()) for kind in ("privacy", "service_individual")]
        for row in rows:
            assert vault.open_reference(connection, engine.keys, row.signer_name) == "王海涛"
            assert "192.0.2.7" in str(vault.open_reference(connection, engine.keys, row.origin))
        assert find_valid_agreement(connection, "wang", "service_individual") is not None
        assert find_valid_agreement(connection, "wang", "service_enterprise") is None
    assert stage.outcome(sign_agreements(engine, wang, "王海涛")) == "in_force"
    assert [*verify(engine)] == []


def test_what_keeps_a_form_from_being_signed(stage: Stage) -> None:
    signer = Signer(stage, stage.person("wang"))
    unread = {"signer_name": [""], "code": [""]}
    assert signer.refused(unread) == {
        "agreements": [
            "The text has changed meanwhile; read it again before you sign",
            "Tick that you agree in order to sign",
        ],
        "signer_name": ["Required; nothing entered yet"],
        "code": ["Get a code first, then enter it"],
    }
    fields = signer.fill(code=signer.ask())
    publish(stage, "privacy", "no")
    assert [*signer.refused(fields)] == ["agreements"]  # what was read is not what would be signed
    signer.send(signer.fill())  # the code was right and is not asked for again
    assert stage.outcome(signer.case) == "signed"


def test_five_wrong_codes_are_the_end_of_one(stage: Stage) -> None:
    signer = Signer(stage, stage.person("wang"))
    digits = signer.ask()
    assert signer.refused(signer.fill(code="12345"))["code"] == ["A code has 6 digits"]  # costs no try
    for left in (4, 3, 2, 1):
        assert signer.refused(signer.fill(code=wrong(digits)))["code"] == [
            f"This is not the code; {left} tries are left"
        ]
    spent = ["Too many wrong codes; get another one"]
    assert signer.refused(signer.fill(code=wrong(digits)))["code"] == spent
    assert signer.refused(signer.fill(code=digits))["code"] == spent
    with pytest.raises(TooManyCodes):
        signer.ask()
    stage.wait(minutes=1)
    digits = signer.ask()
    stage.wait(minutes=10)
    assert signer.refused(signer.fill(code=digits))["code"] == ["The code is no longer valid; get another one"]
    for _ in range(3):
        digits = signer.ask()
        stage.wait(minutes=2)
    with pytest.raises(TooManyCodes) as refused:
        signer.ask()  # the sixth within an hour
    assert (refused.value.again_at - stage.clock()).total_seconds() > 60 * 30
    signer.send(signer.fill(code=digits))
    with stage.engine.database.read() as connection:
        kept = connection.execute(
            text("SELECT count(*) FROM code_outbox WHERE content LIKE :digits"), {"digits": f"%{digits}%"}
        )
        assert kept.scalar() == 0  # sealed, never plain


def test_only_who_must_sign_sees_the_task(stage: Stage) -> None:
    """The owner, somebody of the same company in another role, a stranger."""
    acme = stage.organisation("acme")
    signer = Signer(stage, stage.member("eve", acme, "enterprise_admin"))
    for other in (stage.member("cai", acme, "enterprise_finance"), stage.person("sun")):
        with pytest.raises(NotFound):
            fetch_task(stage.engine, other, signer.task)
    code = signer.ask()
    fields = signer.fill(code=code)
    signer.actor = replace(stage.member("ian", acme, "enterprise_admin"), origin=signer.actor.origin)
    assert signer.refused(fields)["code"] == ["Get a code first, then enter it"]  # a code proves one person


def test_a_material_change_asks_for_another_signature(any_stage: Stage) -> None:
    stage, engine = any_stage, any_stage.engine
    wang = stage.person("wang")
    sign_agreements(engine, wang, "王海涛")

    def outdated() -> list[str]:
        with engine.database.read() as connection:
            return find_outdated(connection, "wang")

    publish(stage, "service_individual", "no")
    assert outdated() == []
    publish(stage, "service_individual", "yes")
    publish(stage, "service_individual", "no")
    assert outdated() == ["service_individual"]
    stage.wait(minutes=2)
    assert stage.outcome(sign_agreements(engine, wang, "王海涛")) == "signed"
    assert outdated() == []
    with engine.database.read() as connection:
        query = select(signature.c.kind, signature.c.version).order_by(signature.c.kind, signature.c.version)
        assert connection.execute(query).all() == [("privacy", 1), ("service_individual", 1), ("service_individual", 4)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name: 甲\nnameEn: A\n\n文\n---\ntext", "lack signAgain"),
        ("name: 甲\nnameEn: A\nsignAgain: maybe\n\n文\n---\ntext", "neither yes nor no"),
        ("name: 甲\nnameEn: A\nsignAgain: yes\n\n文", "no two texts"),
        ("name: 甲\nnameEn: A\nsignAgain: yes\n\n文\n---\n## only a heading", "no two texts"),
        ("title: 甲\n\n文\n---\ntext", "no known fact"),
    ],
)
def test_what_cannot_be_signed_is_refused(content: str, reason: str) -> None:
    with pytest.raises(AgreementInvalid, match=reason):
        parse_agreement(content.encode())
