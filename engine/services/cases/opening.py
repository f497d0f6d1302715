"""Topics that begin a case: its file, who may not decide it, and what the decision will rest on."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.cases import states
from engine.services.cases.context import COLLECTORS, digest_context
from engine.services.cases.entries import OPENED, add_entry, list_entries
from engine.services.cases.subjects import Subject, find_subject
from engine.services.cases.tables import service_case
from engine.services.ledger.views import ledger_of
from engine.storage.clock import format_instant
from engine.storage.files import adopt_files
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import history, submission

DISPUTE = "dispute"


@topic("open_case")
def open_case(
    call: TopicCall,
    *,
    case_ref: str,
    subject_id: str,
    category: str,
    party_a: str,
    party_b: str,
    payer: str,
    payee: str,
    disputed_fen: int,
) -> PlainDict:
    """Opens the file of a case between two parties about money of one for the other; one that a party opened by
    itself has its file already.

    Returns: holder (whose wallet the money would be in, if it has left the escrow).
    """
    subject = find_subject(call.connection, category, subject_id)
    query = select(service_case.c.number).where(service_case.c.ref == case_ref)
    known = call.connection.execute(query).one_or_none()
    if known is None:
        claim_fen = _claim(subject, party_a, payee, disputed_fen)
        values = {"kind": DISPUTE, "claim_fen": claim_fen, "disputed_fen": disputed_fen, "opened_at": call.now}
        sides = {"party_a": party_a, "party_b": party_b, "payer": payer, "payee": payee}
        insert_case(call.connection, case_ref, subject_id, category, {**sides, **values}, call.instance_id)
        add_entry(call.connection, call.now, case_ref, OPENED, party_id=party_a, text=subject and subject.claim)
    else:
        states.change(call.connection, case_ref, {"instance_id": call.instance_id})
        _adopt(call, case_ref)
        title = subject.title if subject else case_ref
        call.describe(title, title, disputed_fen)
    for party_id, relation in ((party_a, "party_a"), (party_b, "party_b")):
        call.add_party(party_id, relation)
    call.note("case_state", case_ref=case_ref, state="open")
    return {"holder": payee if party_a == payer else payer}


def insert_case(
    connection: Connection,
    case_ref: str,
    subject_id: str,
    category: str,
    values: dict[str, object],
    instance_id: str = "",
) -> str:
    """The row of a new case; gives its number. `values`: its sides, kind, amounts and when it was opened."""
    subject = find_subject(connection, category, subject_id)
    number = f"{subject.number if subject else subject_id}-{case_ref.rpartition('-')[2]}"[:48]
    row = {"ref": case_ref, "subject_id": subject_id, "category": category, "instance_id": instance_id, **values}
    connection.execute(insert(service_case).values(row | {"state": "open", "number": number}))
    return number


def _claim(subject: Subject | None, party_a: str, payee: str, disputed_fen: int) -> int:
    """What the payee should get as party A sees it. Who does not say how much he wants, wants everything."""
    wanted = subject.claim_fen if subject and subject.claim_fen is not None else disputed_fen
    wanted = min(wanted, disputed_fen)
    return wanted if party_a == payee else disputed_fen - wanted


def _adopt(call: TopicCall, case_ref: str) -> None:
    """The uploads sent with the claim become files of this case."""
    for entry in list_entries(call.connection, case_ref):
        ids = [str(file["file"]) for file in entry["files"]]
        adopt_files(call.connection, call.keys, ids, entry["party_id"], call.instance_id)


@topic("collect_context")
def collect_context(call: TopicCall, *, case_ref: str, held_fen: int) -> PlainDict:
    """Collects what the decision will rest on (subject, money, timeline) into a bundle that no longer changes.

    `held_fen`: the disputed money that is still there. Returns: context_sha256.
    """
    case = states.fetch_case_row(call.connection, case_ref)
    collector = COLLECTORS.get(case["category"])
    subject = find_subject(call.connection, case["category"], case["subject_id"])
    streams = sorted({call.instance_id, subject.instance_id} if subject else {call.instance_id})
    context: PlainDict = {
        "collected_at": format_instant(call.now),
        "subject": collector(call, case["subject_id"]) if collector else {},
        "ledger": [entry for stream in streams for entry in _entries_of(call, stream)],
        "history_rows": _count_history(call.connection, streams),
    }
    digest = digest_context(context)
    # what is claimed cannot be more than what is there
    claim_fen = None if case["claim_fen"] is None else min(case["claim_fen"], held_fen)
    values = {"context": context, "context_sha256": digest, "disputed_fen": held_fen, "claim_fen": claim_fen}
    states.change(call.connection, case_ref, values)
    return {"context_sha256": digest}


def _entries_of(call: TopicCall, stream: str) -> Iterable[Plain]:
    for entry in ledger_of(call.connection, stream):
        lines: Plain = [[*line] for line in entry.lines]
        yield {"id": entry.id, "at": format_instant(entry.at), "rule": entry.rule, "lines": lines}


def _count_history(connection: Connection, streams: list[str]) -> int:
    """The rows of the histories before this step: the timeline up to here is chained and cannot change."""
    return int(connection.execute(select(func.count()).where(history.c.stream.in_(streams))).scalar_one())


def list_involved(call: TopicCall, case_ref: str) -> list[str]:
    """Everybody who has acted in the case or its subject so far: none of them may decide it."""
    case = states.fetch_case_row(call.connection, case_ref)
    subject = find_subject(call.connection, case["category"], case["subject_id"])
    instances = {call.instance_id, *([subject.instance_id] if subject else [])}
    acted = select(submission.c.actor_id).where(submission.c.instance_id.in_(instances)).distinct()
    # Who acts in this very step is not among the submissions yet.
    return sorted({call.actor.user_id, *call.connection.execute(acted).scalars()})
