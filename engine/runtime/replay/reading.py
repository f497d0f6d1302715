"""Recorded cases from the database, many at a time: three reads for fifty of them.

What somebody has damaged is left out, row by row: the other cases are none the worse for it.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from engine.records.history import HistoryRow
from engine.records.packing import unpack_events
from engine.runtime.replay.recorded import RecordedCase, Sent
from engine.runtime.replay.results import Ending
from engine.storage.prepared import Prepared
from engine.storage.tables import history, instance, submission

UNREADABLE = (TypeError, ValueError, OverflowError, sqlite3.OperationalError)  # values that nothing here has written
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_OF_ROW = (history.c.stream == bindparam("stream"), history.c.seq == bindparam("seq"))
_OF_SUBMISSION = (submission.c.scope == bindparam("scope"), submission.c.token == bindparam("token"))
_SENT = (submission.c.instance_id, submission.c.scope, submission.c.token, submission.c.content, submission.c.form_id)

_INSTANCES = Prepared(
    select(
        instance.c.id,
        instance.c.process_key,
        instance.c.business_key,
        instance.c.pin_set_id,
        instance.c.status,
        instance.c.outcome,
        instance.c.history_seq,
    ).where(instance.c.id.in_(_IDS))
)
_ROWS = Prepared(select(history).where(history.c.stream.in_(_IDS)).order_by(history.c.stream, history.c.seq))
_ROW_KEYS = Prepared(select(history.c.stream, history.c.seq).where(history.c.stream.in_(_IDS)))
_ROW = Prepared(select(history).where(*_OF_ROW))
_SUBMISSIONS = Prepared(select(*_SENT).where(submission.c.instance_id.in_(_IDS)))
_SUBMISSION_KEYS = Prepared(select(submission.c.scope, submission.c.token).where(submission.c.instance_id.in_(_IDS)))
_SUBMISSION = Prepared(select(*_SENT).where(*_OF_SUBMISSION))


def read_cases(connection: Connection, instance_ids: Sequence[str]) -> list[RecordedCase]:
    """The cases of these ids as recorded, in their order; those that are not there are left out."""
    found = {row.id: row for row in _INSTANCES.all(connection, {"ids": instance_ids})}
    rows: defaultdict[str, list[HistoryRow]] = defaultdict(list)
    for row in _read_each(connection, _ROWS, _ROW_KEYS, _ROW, instance_ids):
        events = unpack_events(row.events)
        rows[row.stream].append(
            HistoryRow(row.stream, row.seq, row.at, row.actor_id, row.acting_role, row.kind, events)
        )
    sent: defaultdict[str, dict[tuple[str, str], Sent]] = defaultdict(dict)
    for row in _read_each(connection, _SUBMISSIONS, _SUBMISSION_KEYS, _SUBMISSION, instance_ids):
        sent[row.instance_id][row.scope, row.token] = Sent(row.content, row.form_id)
    return [
        RecordedCase(
            each.id, each.process_key, each.business_key, each.pin_set_id, Ending(each.status, each.outcome)
        ).tell(rows[each.id], sent[each.id], each.history_seq)  # not what was written between the reads
        for each in (found[one] for one in instance_ids if one in found)
    ]


def _read_each(
    connection: Connection, of_cases: Prepared, keys: Prepared, single: Prepared, instance_ids: Sequence[str]
) -> list[Any]:
    """The rows of some cases at once, or one by one without those that cannot be read."""
    wanted = {"ids": instance_ids}
    try:
        return of_cases.all(connection, wanted)
    except UNREADABLE:
        each = (_read_single(connection, single, key) for key in keys.all(connection, wanted))
        return [row for row in each if row is not None]


def _read_single(connection: Connection, single: Prepared, key: Any) -> Any:
    try:
        return single.first(connection, key._asdict())
    except UNREADABLE:
        return None
