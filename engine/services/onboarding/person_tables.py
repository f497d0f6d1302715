"""Tables of the certification of persons: who they are, what they may do, and what they were asked."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from engine.storage.columns import Id, Instant, Json, metadata

person_certification = Table(
    "person_certification",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("party_id", Id, nullable=False),
    Column("state", String(12), nullable=False),  # open, certified, active, rejected, abandoned
    Column("reason", String(16)),  # why it was rejected: age, black_list, duplicate, review
    # F-IND; name, number, birth date, phone and e-mail are vault references
    Column("id_type", String(20)),
    Column("name", Json),
    Column("id_no", Json),
    Column("birth_date", Json),
    Column("phone", Json),
    Column("email", Json),
    Column("city", String(40)),
    Column("id_images", Json),
    # the number as a blind index, and as long as the certification claims it once more: nobody else can then
    Column("id_index", String(64), index=True),
    Column("claimed_index", String(64), unique=True),
    Column("verified_by", String(12)),  # register, review
    Column("opened_at", Instant, nullable=False),
    Column("phone_confirmed_at", Instant),
    Column("certified_at", Instant),
    Column("closed_at", Instant),
    Index("ix_person_certification_party_id", "party_id", "opened_at"),
)
# Each question to the identity register, asked and answered outside the step.
identity_check = Table(
    "identity_check",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the question at the register
    Column("key", String(200), nullable=False, unique=True),
    Column("certification_id", Id, ForeignKey("person_certification.id"), nullable=False),
    Column("party_id", Id, nullable=False),
    Column("status", String(10), nullable=False),  # asked, match, mismatch, unclear
    Column("register", String(40)),
    Column("register_ref", String(80)),
    Column("asked_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Index("ix_identity_check_party_id", "party_id", "asked_at"),
)
# What a certified person may act as. What he stated is public; certificates are files of the case.
capacity = Table(
    "capacity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("certification_id", Id, ForeignKey("person_certification.id"), nullable=False),
    Column("party_id", Id, nullable=False, index=True),
    Column("kind", String(20), nullable=False),  # worker, courier_ordinary, courier_professional, technician
    Column("state", String(10), nullable=False),  # applied, granted, refused
    Column("stated", Json, nullable=False),
    Column("files", Json, nullable=False),
    Column("applied_at", Instant, nullable=False),
    Column("decided_at", Instant),
    UniqueConstraint("certification_id", "kind"),
)
person_skill = Table(
    "person_skill",
    metadata,
    Column("capacity_id", Id, ForeignKey("capacity.id"), primary_key=True),
    Column("skill", String(40), primary_key=True),
    Column("state", String(10), nullable=False),  # stated: without a certificate, submitted, confirmed, refused
    Column("certificate", String(80)),
    Column("expires_on", String(10)),  # an ISO date; none: without end
)
quiz_attempt = Table(
    "quiz_attempt",
    metadata,
    Column("certification_id", Id, ForeignKey("person_certification.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, 3
    Column("points", Integer, nullable=False),
    Column("is_passed", Integer, nullable=False),
    Column("at", Instant, nullable=False),
)
# How the embedded identity register behaves.
register_rules = Table(
    "register_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # one row
    Column("rules", Json, nullable=False),
)
