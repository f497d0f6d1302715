"""Tables of the express tasks. The id of an express task is the id of its process instance."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from engine.storage.columns import Id, Instant, Json, metadata

express_task = Table(
    "express_task",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("enterprise_id", Id, nullable=False, index=True),
    Column("number", String(40), nullable=False),
    Column("state", String(24), nullable=False),  # see states.py
    # F-EXPRESS, blank until it was filled in
    Column("title", String(80), nullable=False, server_default=""),
    Column("category", String(20), nullable=False, server_default=""),
    Column("content", Text, nullable=False, server_default=""),
    Column("period_from", String(10)),  # ISO dates
    Column("period_to", String(10)),
    Column("deliverable_source", String(12), nullable=False, server_default="enterprise"),  # or individual (AM2)
    Column("evidence", Json, nullable=False, server_default="[]"),  # files
    Column("confirm_days", Integer, nullable=False, server_default="7"),
    Column("confirm_by", Instant),  # set when the confirmations are sent
    Column("list_id", Id),  # the import whose lines hold; none until one was imported whole
    Column("fee", Json),  # the row of fee_schedule that holds for it, from its funding on
    Column("fee_bearer", String(20), nullable=False),
    Column("limits", Json, nullable=False, server_default="{}"),  # what the list was last checked by, see checks.py
    Column("is_drafted", Integer, nullable=False, server_default="1"),  # the list may still change
    Column("created_at", Instant, nullable=False),
    Column("closed_at", Instant),
)
# One undertaker of an express task. Lines of an import that is not (any more) the list of its task are never read.
express_line = Table(
    "express_line",
    metadata,
    Column("id", Id, primary_key=True),  # also the reference of its escrow
    Column("task_id", Id, ForeignKey("express_task.id"), nullable=False),
    Column("list_id", Id, nullable=False),
    Column("number", Integer, nullable=False),  # the row of the file, from 1, its heading not counted
    Column("state", String(24), nullable=False),  # see states.py
    Column("version", Integer, nullable=False),  # counts the corrections
    Column("person", Json, nullable=False),  # vault reference under the line: everything the file says, as read
    Column("id_index", String(64), nullable=False, index=True),  # blind index of the number
    Column("phone_index", String(64), nullable=False),
    Column("pay_fen", BigInteger, nullable=False),  # gross; 0 where the file has no amount
    Column("faults", Json, nullable=False),  # codes, see checking.py; none: the line may go on
    Column("case_id", Id),  # the case of its confirmation, once that has begun
    Column("worker_id", Id, index=True),  # who confirms it; none while nobody is known under the number
    Column("correction_count", Integer, nullable=False, server_default="0"),  # after the person found it wrong
    Column("problem", Json),  # what the person said is wrong: {"type", "text" (a vault reference)}
    Column("exclusion", String(20)),  # why a reviewer left the line out
    Column("net_fen", BigInteger, nullable=False, server_default="0"),  # what was paid
    Column("listed_at", Instant, nullable=False),
    Column("closed_at", Instant),
    UniqueConstraint("list_id", "number"),
    Index("ix_express_line_task_id_state", "task_id", "state"),
)
# Each time a link was sent to the phone of a person without an account; the link itself follows from line and version.
express_invitation = Table(
    "express_invitation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("line_id", Id, ForeignKey("express_line.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("sent_at", Instant, nullable=False),
)
