"""Every table of the engine. Services keep their own in `engine.services.<name>.tables`, on the same metadata."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from engine.storage.columns import APPEND_ONLY, Hex, Id, Instant, Json, metadata

# --- who ---------------------------------------------------------------------------------------------------------
# A person is a user and a party under one id; an organisation is a party that users are members of.
party = Table(
    "party",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # person, organisation
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("is_certified", Integer, nullable=False),
    Column("has_agreement", Integer, nullable=False),
    Column("is_suspended", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)
# Where a party is found by a part of its names, as `case_gram` does for cases.
party_gram = Table(
    "party_gram",
    metadata,
    Column("gram", BigInteger, primary_key=True, autoincrement=False),
    Column("party_id", Id, primary_key=True),
    sqlite_with_rowid=False,
)
user = Table(
    "user_account",
    metadata,
    Column("id", Id, ForeignKey("party.id"), primary_key=True),
    Column("login", String(80), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("language", String(8)),  # zh, en; none: as the browser asks
    Column("is_disabled", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)
# What a user may act as: role `individual` for himself (party = user), enterprise roles for an organisation,
# platform roles for the platform (party "platform"). Skills narrow a role (`content`, `result`).
membership = Table(
    "membership",
    metadata,
    Column("user_id", Id, ForeignKey("user_account.id"), primary_key=True),
    Column("party_id", Id, ForeignKey("party.id"), primary_key=True),
    Column("role", String(40), primary_key=True),
    Column("skills", Json, nullable=False),
    Column("is_disabled", Integer, nullable=False, server_default="0"),  # the party does not let him act for now
)
session = Table(
    "session",
    metadata,
    Column("id", String(64), primary_key=True),  # SHA-256 of the secret in the cookie
    Column("user_id", Id, ForeignKey("user_account.id"), nullable=False, index=True),
    Column("party_id", Id),  # what he acts as; none until chosen
    Column("role", String(40)),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# --- what may run ---------------------------------------------------------------------------------------------------
deployment = Table(
    "deployment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("actor_id", Id, nullable=False),
    Column("note", Text, nullable=False),
    Column("deployed_at", Instant, nullable=False),
    info=APPEND_ONLY,
)
definition = Table(
    "definition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # process, decision, form, policy
    Column("key", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_zh", String(200), nullable=False),
    Column("name_en", String(200), nullable=False),
    Column("content", LargeBinary, nullable=False),  # the file as deployed
    Column("sha256", String(64), nullable=False),
    Column("deployment_id", Id, ForeignKey("deployment.id"), nullable=False),
    Column("deployed_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    UniqueConstraint("kind", "key", "version"),
    info=APPEND_ONLY,
)
# What analysts are working on: at most one draft of a definition, shared by all of them, gone once it is deployed.
draft = Table(
    "draft",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # process, decision, form, policy
    Column("key", String(120), nullable=False),
    Column("content", LargeBinary, nullable=False),  # the file, however broken
    Column("base_id", Id, ForeignKey("definition.id")),  # the version it was made from; none for something new
    Column("revision", Integer, nullable=False),  # of its content: 1, 2, 3 ...
    Column("created_by", Id, nullable=False),
    Column("updated_by", Id, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("kind", "key"),
)
# The versions an instance pinned at its start: {kind: {key: definition id}}. Equal sets share a row.
pin_set = Table(
    "pin_set",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("pins", Json, nullable=False),
    info=APPEND_ONLY,
)

# --- what runs --------------------------------------------------------------------------------------------------------
# Hardly any of many cases: small indexes that find them. Queries name the condition literally.
_IS_TIMED = text("next_due_at IS NOT NULL")
_IS_UNUSUAL = text("status <> 'completed'")
instance = Table(
    "instance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("definition_id", Id, ForeignKey("definition.id"), nullable=False),
    Column("process_key", String(120), nullable=False),
    Column("pin_set_id", Id, ForeignKey("pin_set.id"), nullable=False),
    Column("business_key", String(120)),
    Column("subject_zh", String(200), nullable=False),  # what the case is about, in lists
    Column("subject_en", String(200), nullable=False),
    Column("amount_fen", BigInteger),
    Column("status", String(16), nullable=False),  # active, completed, cancelled
    Column("outcome", String(80)),  # element id of the end event reached last
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("started_by", Id, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("next_due_at", Instant),
    Column("history_seq", Integer, nullable=False),  # rows of its stream
    Column("history_mac", LargeBinary, nullable=False),  # MAC of the last one
    Column("seal", LargeBinary, nullable=False),
    Index("ix_instance_due", "next_due_at", sqlite_where=_IS_TIMED, postgresql_where=_IS_TIMED),
    Index("ix_instance_process_key_status", "process_key", "status", "id"),
    Index("ix_instance_status", "status", "id", sqlite_where=_IS_UNUSUAL, postgresql_where=_IS_UNUSUAL),
    Index("ix_instance_definition_id", "definition_id", "status"),
    Index("ix_instance_business_key", "business_key"),
    Index("ix_instance_moment", text("substr(id, 1, 16)")),  # what `case_gram` names it by
)
# Where a case is found by its number and subject: the grams of their words, and the moment of its id. Rows are only
# added; what is found is looked at before it is shown. See engine.storage.grams.
case_gram = Table(
    "case_gram",
    metadata,
    Column("gram", BigInteger, primary_key=True, autoincrement=False),
    Column("moment", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
# Whose case it is: those who may look at it, and whom a search by party finds.
instance_party = Table(
    "instance_party",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True),
    Column("party_id", Id, primary_key=True),
    Column("relation", String(40), primary_key=True),  # publisher, taker, payer ...
    Index("ix_instance_party_party_id", "party_id", "instance_id"),
)
_IS_HELD = text("assignee_id IS NOT NULL")
task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False, index=True),
    Column("definition_id", Id, ForeignKey("definition.id"), nullable=False),  # the diagram it is drawn in
    Column("element", String(120), nullable=False),
    Column("assignee_id", Id),
    Column("skill", String(40)),
    Column("priority", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("follow_up_at", Instant),
    Index("ix_task_element", "element", "instance_id"),
    # Only those somebody holds: SQLite would take an index to be of use for the many nobody holds.
    Index("ix_task_assignee_id", "assignee_id", sqlite_where=_IS_HELD, postgresql_where=_IS_HELD),
)
# To whom an open task is offered, with what lists order and narrow tasks by: whoever's they are and however many, the
# next ones come in the order of the page from an index. What is written of a task is written here too, by
# engine.records.worklist alone.
_TOLD = ("process_key", "skill", "moment")  # by the index itself, of what is not in the order
task_candidate = Table(
    "task_candidate",
    metadata,
    Column("task_id", Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(8), primary_key=True),  # party, member, group, exclude
    Column("value", String(80), primary_key=True),
    Column("due_at", Instant, nullable=False),  # of the task; NEVER for none, so that these come last
    Column("priority", Integer, nullable=False),
    Column("process_key", String(120), nullable=False),
    Column("skill", String(40)),
    Column("moment", BigInteger, nullable=False),  # what `case_gram` names its case by
    Index("ix_task_candidate_by_due", "value", "kind", "due_at", "task_id", *_TOLD, "priority"),
    Index("ix_task_candidate_by_priority", "value", "kind", "priority", "task_id", *_TOLD, "due_at"),
    Index("ix_task_candidate_by_age", "value", "kind", "task_id", *_TOLD, "priority", "due_at"),
    Index("ix_task_candidate_moment", "moment"),
)
# A form somebody is filling in, gone with its task. Values as typed, personal ones as ciphertext.
form_draft = Table(
    "form_draft",
    metadata,
    Column("task_id", Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, primary_key=True),
    Column("revision", Integer, nullable=False),  # counts the times it was saved
    Column("content", Json, nullable=False),
    Column("saved_at", Instant, nullable=False),
)
# What people say about a case to each other; the text is a vault reference under its author.
comment = Table(
    "comment",
    metadata,
    Column("id", Id, primary_key=True),  # the token of its form: a repeated request writes nothing
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False),
    Column("element", String(120), nullable=False),  # the task it was written at
    Column("author_id", Id, nullable=False),
    Column("party_id", Id, nullable=False),
    Column("acting_role", String(40), nullable=False),
    Column("text", Json, nullable=False),
    Column("written_at", Instant, nullable=False),
    Index("ix_comment_instance_id", "instance_id", "written_at"),
)
# Requests that change something, by the key their sender made. A repeated key is answered from here.
submission = Table(
    "submission",
    metadata,
    Column("scope", String(80), primary_key=True),  # task:<id>, start:<process key>, take:<order id>, ...
    Column("token", String(64), primary_key=True),
    Column("instance_id", Id, index=True),
    Column("element", String(120)),
    Column("form_id", Id, ForeignKey("definition.id")),
    Column("actor_id", Id, nullable=False),
    Column("acting_role", String(40), nullable=False),
    Column("party_id", Id, nullable=False),
    Column("digest", Hex, nullable=False),  # SHA-256 of what was sent
    Column("content", Json, nullable=False),  # the values; personal ones as references
    Column("result", Json, nullable=False),  # the answer; empty where that is the case itself
    Column("submitted_at", Instant, nullable=False),
    info=APPEND_ONLY,  # the seal of a row stands in the history of its case
)
subscription = Table(
    "subscription",
    metadata,
    Column("task_id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # message, signal
    Column("name", String(120), nullable=False),
    Column("correlation_key", String(200), nullable=False),
    Index("ix_subscription_name_correlation_key", "name", "correlation_key"),
)
_IS_WAITING = text("delivered_at IS NULL")
# Messages until they are delivered or expire. What came from outside is kept as long as it could have waited, so that
# a repeated id is answered; a signal from outside is kept for that alone.
message = Table(
    "message",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # their order, whatever a clock says
    Column("id", String(100), nullable=False),  # the sender's own, else ours
    Column("sender_id", Id, nullable=False),  # who sent it from outside, else system
    Column("kind", String(16), nullable=False),  # message, signal
    Column("name", String(120), nullable=False),
    Column("correlation_key", String(200), nullable=False),
    Column("payload", Json, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("delivered_at", Instant),
    UniqueConstraint("sender_id", "id"),
    Index(
        "ix_message_waiting",
        *("name", "correlation_key", "number"),
        sqlite_where=_IS_WAITING,
        postgresql_where=_IS_WAITING,
    ),
)
# What begins cases by itself: the message, signal and timer starts of the newest version of every process.
process_start = Table(
    "process_start",
    metadata,
    Column("process_key", String(120), primary_key=True),
    Column("element", String(120), primary_key=True),
    Column("definition_id", Id, ForeignKey("definition.id"), nullable=False),
    Column("kind", String(16), nullable=False),  # message, signal, timer
    Column("name", String(200), nullable=False),  # of the message or signal; the text of the timer
    Column("cycle", Json),  # of a timer that repeats, see engine.language.specs.schedules
    Column("next_due_at", Instant, index=True),  # of a timer; none once it will not begin a case any more
    Column("fired_at", Instant),  # when it began one last
    Index("ix_process_start_name", "name", "kind"),
)
# Open cases that a message began: while one is open, the next message of its name and key waits for its turn.
message_turn = Table(
    "message_turn",
    metadata,
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("correlation_key", String(200), nullable=False),
    UniqueConstraint("name", "correlation_key"),
)
_IS_OPEN = text("resolved_at IS NULL")
incident = Table(
    "incident",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False, index=True),
    Column("task_id", Id, nullable=False),
    Column("element", String(120), nullable=False),
    Column("message", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("process_key", String(120)),  # of the diagram the element stands in
    Column("code", String(60)),  # the kind of error, the key of its text in the catalogues
    Column("facts", Json),  # line, variable, source, details: what is known besides the message
    Index("ix_incident_task_id", "task_id"),
    Index("ix_incident_open", "instance_id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
)
job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("key", String(200), unique=True),  # at most one open job per key
    Column("payload", Json, nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
)
# A process that does what is due, for as long as it lives; one that was killed stays until another one sweeps it away.
worker = Table(
    "worker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # when it last looked for work
)

# --- what is remembered ---------------------------------------------------------------------------------------------
history = Table(
    "history",
    metadata,
    Column("stream", String(40), primary_key=True),  # instance id, or system:<name>
    Column("seq", Integer, primary_key=True),  # 1, 2, 3 ...
    Column("at", Instant, nullable=False),
    Column("actor_id", Id, nullable=False),
    Column("acting_role", String(40), nullable=False),
    Column("kind", String(24), nullable=False),  # start, complete, timer, message, job, claim ...
    Column("events", LargeBinary, nullable=False),  # zstd of a JSON list, see engine.records.packing
    Column("mac", LargeBinary, nullable=False),  # over this row and the mac before it
    info=APPEND_ONLY,
)

# --- personal data and files ----------------------------------------------------------------------------------------
subject_key = Table(
    "subject_key",
    metadata,
    Column("subject_id", Id, primary_key=True),
    Column("wrapped_key", LargeBinary),  # none: destroyed, the person is erased
)
vault_item = Table(
    "vault_item",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject_key.subject_id"), nullable=False, index=True),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("blind_index", String(64), nullable=False, index=True),
)
file = Table(
    "file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),  # sniffed, never the sender's word
    Column("name", String(255), nullable=False),
    Column("owner_id", Id, nullable=False),  # the party that uploaded it
    Column("instance_id", Id, index=True),  # none until a form that holds it is submitted
    Column("stored_at", Instant, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
