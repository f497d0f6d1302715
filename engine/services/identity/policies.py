"""What an enterprise decides for itself about its members."""

from sqlalchemy import Connection, select

from engine.services.identity.tables import enterprise_policy


def may_accept_own(connection: Connection, party_id: str) -> bool:
    """Whether in this enterprise somebody may accept what was delivered for a task he published himself."""
    query = select(enterprise_policy.c.may_accept_own).where(enterprise_policy.c.party_id == party_id)
    return bool(connection.execute(query).scalars().one_or_none() != 0)
