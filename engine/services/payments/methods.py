"""Where a party wants its money: bank accounts and e-wallets, their numbers kept in the vault."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.language.errors import EngineError
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.services.onboarding.persons import find_certified_name, read_certified_name
from engine.services.payments.tables import payout_method
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

KINDS = ("bank", "e_wallet")
FORM_ELEMENT = "fix_payout_method"
STREAM = "system:payments"
_SHOWN_END = 4


class HolderDiffers(EngineError):
    """The account is not the party's own: its holder is not the name the person was certified under."""

    def __init__(self) -> None:
        super().__init__("Expected the certified name as the holder of the account")


@dataclass(frozen=True)
class MethodView:
    """The account a party wants its money on; `account` and `holder` are None once the person was erased."""

    id: str
    kind: str
    account: str | None
    holder: str | None

    @property
    def account_end(self) -> str:
        """The last characters of the account, by which its owner knows it."""
        return (self.account or "")[-_SHOWN_END:]


def describe_method(connection: Connection, keys: KeyRing, party_id: str) -> MethodView | None:
    """The present account of a party, for its own members; None if it named none yet."""
    row = current_method(connection, party_id)
    if row is None:
        return None
    account, holder = (vault.open_reference(connection, keys, part) for part in (row.account, row.holder))
    return MethodView(row.id, row.kind, account, holder)


def current_method(connection: Connection, party_id: str) -> Row[tuple[object, ...]] | None:
    """The account a party wants its money on; None if it named none yet."""
    return connection.execute(
        select(payout_method).where(payout_method.c.party_id == party_id, payout_method.c.is_current == 1)
    ).one_or_none()


def set_payout_method(
    engine: Engine, actor: Actor, *, kind: str, account: str, holder: str, is_verified: bool = False
) -> str:
    """The acting party names its account; gives the method's id, the present one for the account it has. Recorded.

    `is_verified`: a test amount has arrived there. Raises HolderDiffers for a person who was certified.
    """

    def work(unit: UnitOfWork) -> str:
        certified = read_certified_name(unit.connection, engine.keys, actor.party_id)
        if certified is not None and holder != certified:
            raise HolderDiffers
        present = describe_method(unit.connection, engine.keys, actor.party_id)
        if present is not None and (present.kind, present.account, present.holder) == (kind, account, holder):
            return present.id
        references = [vault.put(unit.connection, engine.keys, actor.party_id, text) for text in (account, holder)]
        known: PlainDict = {"kind": kind, "branch": None, "is_verified": int(is_verified)}
        method_id = _replace_method(unit.connection, unit.now, actor.party_id, references, known)
        facts: PlainDict = {"party": actor.party_id, "method": method_id}
        append_system(unit, engine.keys, STREAM, actor, "set_payout_method", facts)
        return method_id

    return engine.database.transact(work)


@topic("store_payout_method", reads=["${element}"])
def store_payout_method(
    call: TopicCall, *, payee: str, element: str = FORM_ELEMENT, holder: dict[str, Any] | None = None
) -> PlainDict:
    """Keeps the account the payee has just entered in the form of an element; later payouts go there.

    `holder`: whose account it must be; without it the name the payee was certified under, else the one it registered.
    Returns: payout_method_id.
    """
    values = call.values_of(element)
    owner = holder or find_certified_name(call.connection, payee)
    if owner is None:
        name = call.connection.execute(select(party.c.name_zh).where(party.c.id == payee)).scalar_one()
        owner = vault.put(call.connection, call.keys, payee, name)
    references = [values["account_no"], owner]
    if not all(vault.is_reference(reference) for reference in references):
        raise ValueError(
            "Expected account and holder to be kept in the vault, but the form does not mark them personal"
        )
    account = {"kind": str(values["method_kind"]), "branch": values.get("bank_branch") or None, "is_verified": 0}
    return {"payout_method_id": _replace_method(call.connection, call.now, payee, references, account)}


def add_verified_account(
    connection: Connection, now: datetime, party_id: str, references: tuple[PlainDict, PlainDict], branch: str
) -> str:
    """A bank account on which a test amount has arrived becomes the one of a party; gives the method's id.

    `references`: account and holder in the vault.
    """
    return _replace_method(connection, now, party_id, references, {"kind": "bank", "branch": branch, "is_verified": 1})


def _replace_method(
    connection: Connection, now: datetime, party_id: str, references: Sequence[Plain], known: PlainDict
) -> str:
    if known["kind"] not in KINDS:
        raise ValueError(f"Expected one of {KINDS}, but got {known['kind']!r}")
    current = update(payout_method).where(payout_method.c.party_id == party_id, payout_method.c.is_current == 1)
    connection.execute(current.values(is_current=0))
    account, holder = references
    row = {
        **known,
        "id": new_id(),
        "party_id": party_id,
        "account": account,
        "holder": holder,
        "is_current": 1,
        "created_at": now,
    }
    connection.execute(insert(payout_method), row)
    return cast(str, row["id"])
