"""A party asks for its money: the command that starts a payout from the wallet."""

import hashlib

from engine.commands.instances import start_instance
from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.runtime.step import Step
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import PlainDict

PROCESS = "payout"
MIN_FEN = 100


class WithdrawalTooLarge(EngineError):
    """More was asked for than the wallet holds."""

    def __init__(self, amount_fen: int, available_fen: int) -> None:
        super().__init__(
            f"Expected at most {available_fen} fen, but {amount_fen} were asked for",
            amount_fen=amount_fen,
            available_fen=available_fen,
        )


def request_payout(engine: Engine, actor: Actor, amount_fen: int, token: str) -> str:
    """Starts a payout of the acting party's money to the account it named; gives the id of its case.

    Where no account is known the case asks for one. A repeated token is answered with the first case.
    Raises WithdrawalTooLarge; ValueError for less than MIN_FEN, and for staff, who have no wallet.
    """
    if amount_fen < MIN_FEN or actor.party_id == PLATFORM:
        raise ValueError(f"Expected {MIN_FEN} fen or more for a party, but got {amount_fen} for {actor.party_id}")

    def take_in(step: Step) -> PlainDict:
        available_fen = balance_of(step.connection, accounts.wallet(actor.party_id))
        if amount_fen > available_fen:
            raise WithdrawalTooLarge(amount_fen, available_fen)
        return step.command.content

    number = _number(actor, token)
    values: PlainDict = {"payee": actor.party_id, "amount_fen": amount_fen, "payout_ref": number}
    return start_instance(engine, actor, PROCESS, values, token, number, take_in)


def _number(actor: Actor, token: str) -> str:
    """What people call the payout; the same for a repeated request."""
    digest = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()
    return f"PO-{digest[:10].upper()}"
