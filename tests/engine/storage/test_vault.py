"""Personal data: readable through its reference, gone with the person's key, never swapped unnoticed."""

import pytest
from sqlalchemy import select, update

from engine.runtime.engine import Engine
from engine.storage import vault
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import vault_item


def _put(engine: Engine, subject: str, text: str) -> PlainDict:
    return engine.database.transact(lambda unit: vault.put(unit.connection, engine.keys, subject, text))


def _open(engine: Engine, reference: PlainDict) -> str | None:
    with engine.database.read() as connection:
        return vault.open_reference(connection, engine.keys, reference)


def test_a_reference_opens_to_the_text(any_engine: Engine) -> None:
    reference = _put(any_engine, "p1", "南京西路 1 号")
    assert _open(any_engine, reference) == "南京西路 1 号"
    assert vault.is_reference(reference)


def test_the_database_holds_no_plain_text(any_engine: Engine) -> None:
    _put(any_engine, "p1", "13800000000")
    with any_engine.database.read() as connection:
        rows = connection.execute(select(vault_item)).all()
    assert "13800000000" not in repr(rows)


def test_an_erased_person_opens_to_nothing_and_takes_nothing_more(any_engine: Engine) -> None:
    reference = _put(any_engine, "p1", "text")
    other = _put(any_engine, "p2", "text")
    any_engine.database.transact(lambda unit: vault.erase_subject(unit.connection, "p1"))
    assert _open(any_engine, reference) is None
    assert _open(any_engine, other) == "text"
    with pytest.raises(vault.PersonErased):
        _put(any_engine, "p1", "more")


def test_swapped_ciphertexts_are_found(any_engine: Engine) -> None:
    first, second = _put(any_engine, "p1", "one"), _put(any_engine, "p1", "two")

    def swap(unit: UnitOfWork) -> None:
        connection = unit.connection
        ciphertext = connection.scalar(select(vault_item.c.ciphertext).where(vault_item.c.id == second["$vault"]))
        connection.execute(update(vault_item).where(vault_item.c.id == first["$vault"]).values(ciphertext=ciphertext))

    any_engine.database.transact(swap)
    with pytest.raises(ValueError, match="changed"):
        _open(any_engine, first)


def test_equal_texts_have_equal_indexes_under_one_key_only(engine: Engine) -> None:
    assert vault.blind_index(engine.keys, " ABC ") == vault.blind_index(engine.keys, "abc")
    assert vault.blind_index(engine.keys, "abc") != vault.blind_index(engine.keys, "abd")
