"""Recorded cases from the database, many at a time: three reads for fifty of them."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from engine.records.history import HistoryRow
from engine.records.packing import unpack_events
from engine.runtime.replay.recorded import RecordedCase, Sent
from engine.runtime.replay.results import Ending
from engine.storage.prepared import Prepared
from engine.storage.tables import history, instance, submission

_INSTANCES = Prepared(
    select(
        instance.c.id,
        instance.c.process_key,
        instance.c.business_key,
        instance.c.pin_set_id,
        instance.c.status,
        instance.c.outcome,
        instance.c.history_seq,
    ).where(instance.c.id.in_(bindparam("ids", expanding=True)))
)
_ROWS = Prepared(
    select(history)
    .where(history.c.stream.in_(bindparam("ids", expanding=True)))
    .order_by(history.c.stream, history.c.seq)
)
_SUBMISSIONS = Prepared(
    select(
        submission.c.instance_id,
        submission.c.scope,
        submission.c.token,
        submission.c.content,
        submission.c.form_id,
    ).where(submission.c.instance_id.in_(bindparam("ids", expanding=True)))
)


def read_cases(connection: Connection, instance_ids: Sequence[str]) -> list[RecordedCase]:
    """The cases of these ids as recorded, in their order; those that are not there are left out."""
    found = {row.id: row for row in _INSTANCES.all(connection, {"ids": instance_ids})}
    rows: defaultdict[str, list[HistoryRow]] = defaultdict(list)
    for row in _ROWS.all(connection, {"ids": instance_ids}):
        if row.stream in found and row.seq <= found[row.stream].history_seq:  # not what was written between the reads
            events = unpack_events(row.events)
            rows[row.stream].append(
                HistoryRow(row.stream, row.seq, row.at, row.actor_id, row.acting_role, row.kind, events)
            )
    sent: defaultdict[str, dict[tuple[str, str], Sent]] = defaultdict(dict)
    for row in _SUBMISSIONS.all(connection, {"ids": instance_ids}):
        sent[row.instance_id][row.scope, row.token] = Sent(row.content, row.form_id)
    return [
        RecordedCase(
            each.id, each.process_key, each.business_key, each.pin_set_id, Ending(each.status, each.outcome)
        ).tell(rows[each.id], sent[each.id])
        for each in (found[one] for one in instance_ids if one in found)
    ]
