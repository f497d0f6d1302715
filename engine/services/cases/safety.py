"""Topics of the safety track: who may be dangerous does not take orders while the matter is looked into."""

from sqlalchemy import update

from engine.definitions.registry import TopicCall, topic
from engine.services.cases import states
from engine.storage.plain import PlainDict
from engine.storage.tables import party


@topic("suspend_respondent")
def suspend_respondent(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Suspends the party a safety matter is about: it takes no orders until the matter is settled.

    Returns: nothing.
    """
    _suspend(call, case_ref, is_suspended=True)
    return {}


@topic("lift_suspension")
def lift_suspension(call: TopicCall, *, case_ref: str) -> PlainDict:
    """Ends the suspension of the party a safety matter is about.

    Returns: nothing.
    """
    _suspend(call, case_ref, is_suspended=False)
    return {}


def _suspend(call: TopicCall, case_ref: str, *, is_suspended: bool) -> None:
    party_id = states.fetch_case_row(call.connection, case_ref)["party_b"]
    call.connection.execute(update(party).where(party.c.id == party_id).values(is_suspended=int(is_suspended)))
    call.note("suspended", party=party_id, is_suspended=is_suspended)
