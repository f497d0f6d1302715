"""What operators of an organisation may spend without asking its finance."""

from sqlalchemy import Connection, delete, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.payments.tables import spend_limit
from engine.storage.plain import PlainDict

EVERYONE = "*"


@topic("check_spend_limit")
def check_spend_limit(
    call: TopicCall, *, payer: str, amount_fen: int, spend_approval_id: str = "", operator: str = ""
) -> PlainDict:
    """Finds out whether an expense needs the approval of the payer's finance. Persons have no limit.
    `operator`: who is spending, where that is not who acts.

    Returns: needs_approval, operator (user id of who is spending; may not approve it himself).
    """
    limit_fen = find_spend_limit(call.connection, payer, operator or call.actor.user_id)
    needs_approval = limit_fen is not None and amount_fen > limit_fen and not spend_approval_id
    return {"needs_approval": needs_approval, "operator": operator or call.actor.user_id}


def find_spend_limit(connection: Connection, party_id: str, user_id: str) -> int | None:
    """The limit in fen of an operator, else of everyone; None where the party set none."""
    rows = connection.execute(
        select(spend_limit.c.user_id, spend_limit.c.limit_fen).where(
            spend_limit.c.party_id == party_id, spend_limit.c.user_id.in_((user_id, EVERYONE))
        )
    )
    limits = {row.user_id: int(row.limit_fen) for row in rows}
    return limits.get(user_id, limits.get(EVERYONE))


def set_spend_limit(connection: Connection, party_id: str, user_id: str, limit_fen: int) -> None:
    """Sets the limit of an operator, or of EVERYONE without one of his own."""
    same = (spend_limit.c.party_id == party_id, spend_limit.c.user_id == user_id)
    connection.execute(delete(spend_limit).where(*same))
    connection.execute(insert(spend_limit), {"party_id": party_id, "user_id": user_id, "limit_fen": limit_fen})


def drop_spend_limit(connection: Connection, party_id: str, user_id: str) -> None:
    """Lifts the limit of an operator, or of EVERYONE."""
    connection.execute(delete(spend_limit).where(spend_limit.c.party_id == party_id, spend_limit.c.user_id == user_id))


def list_spend_limits(connection: Connection, party_id: str) -> dict[str, int]:
    """The limits in fen a party has set, by user id and EVERYONE."""
    query = select(spend_limit.c.user_id, spend_limit.c.limit_fen).where(spend_limit.c.party_id == party_id)
    return {row.user_id: int(row.limit_fen) for row in connection.execute(query)}
