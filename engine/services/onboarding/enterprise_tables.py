"""Tables of the certification of enterprises: what they stated, what the company register and the bank said."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from engine.storage.columns import Id, Instant, Json, metadata

enterprise_certification = Table(
    "enterprise_certification",
    metadata,
    Column("id", Id, primary_key=True),  # of its process instance
    Column("party_id", Id, nullable=False),
    Column("applicant_id", Id, nullable=False),  # the user who applied
    Column("state", String(12), nullable=False),  # open, certified, active, rejected, withdrawn, abandoned, expired
    Column("reason", String(16)),  # why it was rejected: black_list, duplicate, review
    # F-ENT; names and numbers of people and the account are vault references under the enterprise
    Column("legal_name", String(100)),
    Column("credit_code", String(18)),
    Column("register_country", String(8)),
    Column("licence_files", Json),
    Column("rep_name", Json),
    Column("rep_id_no", Json),
    Column("rep_phone", Json),
    Column("registered_address", String(200)),
    Column("industry", String(24)),
    Column("bank_name", String(80)),
    Column("bank_account", Json),
    Column("contact_name", Json),
    Column("contact_phone", Json),
    Column("contact_email", Json),
    Column("invoice_title", String(100)),
    Column("tax_rate_type", String(12)),
    Column("authorisation_files", Json),  # none where the applicant is the legal representative
    Column("changes", Json),  # what has changed since the last year: a vault reference
    # numbers as blind indexes, and the code as long as the certification claims it: nobody else can then
    Column("rep_index", String(64), index=True),
    Column("account_index", String(64), index=True),
    Column("claimed_code", String(18), unique=True),
    Column("opened_at", Instant, nullable=False),
    Column("phone_confirmed_at", Instant),
    Column("certified_at", Instant),
    Column("certified_until", Instant),
    Column("closed_at", Instant),
    Column("retry_at", Instant),  # a rejected enterprise may begin again from here on
    Index("ix_enterprise_certification_party_id", "party_id", "opened_at"),
    Index("ix_enterprise_certification_credit_code", "credit_code"),
)
# Each question to the company register, asked and answered outside the step.
company_check = Table(
    "company_check",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the question at the register
    Column("key", String(200), nullable=False, unique=True),
    Column("certification_id", Id, ForeignKey("enterprise_certification.id"), nullable=False, index=True),
    Column("status", String(10), nullable=False),  # asked, match, differs, unknown, down
    Column("differences", Json),  # the fields that differ: legal_name, rep_name, state
    Column("register", String(40)),
    Column("register_ref", String(80)),
    Column("asked_at", Instant, nullable=False),
    Column("answered_at", Instant),
)
# A small amount sent to the account an enterprise named; who reads it there may dispose of the account.
test_transfer = Table(
    "test_transfer",
    metadata,
    Column("id", Id, primary_key=True),  # also the key of the order at the bank
    Column("key", String(200), nullable=False, unique=True),
    Column("certification_id", Id, ForeignKey("enterprise_certification.id"), nullable=False, index=True),
    Column("amount_fen", BigInteger, nullable=False),
    Column("status", String(10), nullable=False),  # sent, arrived, failed, confirmed, refused
    Column("tries", Integer, nullable=False),  # amounts typed
    Column("failure", String(40)),
    Column("bank", String(40)),
    Column("bank_ref", String(80)),
    Column("sent_at", Instant, nullable=False),
    Column("ended_at", Instant),
)
# How the embedded company register and bank behave.
company_rules = Table(
    "company_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # one row
    Column("rules", Json, nullable=False),
)
