"""Topics of the enterprise onboarding. Each writes the row of the certification in the step that moves it on."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.definitions.forms.texts import compact_number
from engine.definitions.registry import TopicCall, topic
from engine.services.identity.standing import end_certification, grant_certification
from engine.services.ledger import accounts
from engine.services.onboarding.enterprise_tables import enterprise_certification
from engine.services.onboarding.enterprises import (
    ABANDONED,
    ACTIVE,
    CERTIFIED,
    EXPIRED,
    OPEN,
    REJECTED,
    WITHDRAWN,
    find_code_holder,
    is_enterprise_blacklisted,
)
from engine.services.one_time_codes.codes import spend_code
from engine.services.payments.limits import EVERYONE, list_spend_limits, set_spend_limit
from engine.services.payments.methods import add_verified_account
from engine.services.policy import end_of
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.grams import add_party_grams
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

FORM_ELEMENT, FORM_PHONE, FORM_RENEWAL = "fill_certification", "confirm_phone", "renew_certification"
CLOSED = (REJECTED, WITHDRAWN, ABANDONED)
_STATED = ("legal_name", "register_country", "registered_address", "industry", "bank_name", "bank_account")
_PEOPLE = ("rep_name", "rep_id_no", "rep_phone", "contact_name", "contact_phone", "contact_email")
_TAX = ("invoice_title", "tax_rate_type")


@topic("open_enterprise_certification")
def open_enterprise_certification(call: TopicCall, *, organisation: str, applicant: str) -> PlainDict:
    """Opens the certification of an enterprise; its id is that of the case. `applicant`: the user who applies.

    Returns: certification_id.
    """
    row = {"id": call.instance_id, "party_id": organisation, "applicant_id": applicant, "state": OPEN}
    call.connection.execute(insert(enterprise_certification), row | {"opened_at": call.now})
    call.add_party(organisation, "applicant")
    named = call.connection.execute(select(party).where(party.c.id == organisation)).one()
    call.describe(f"企业入驻 {named.name_zh}", f"Enterprise onboarding {named.name_en}")
    return {"certification_id": call.instance_id}


@topic("record_enterprise", reads=[FORM_ELEMENT])
def record_enterprise(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Keeps what the enterprise states, from the form of fill_certification, and looks for what bars it.

    Returns: obstacle (empty, code_taken, black_list), certified_names (who may sign the agreement), legal_name.
    """
    row, form = fetch_enterprise(call, certification_id), call.values_of(FORM_ELEMENT)
    is_rep = form["applicant_is_rep"] == "yes"
    code, rep_id_no, account = (_open(call, form[name]) for name in ("credit_code", "rep_id_no", "bank_account"))
    rep_index = vault.blind_index(call.keys, compact_number(rep_id_no))
    values = {
        **{name: form[name] or None for name in (*_STATED, *_PEOPLE, *_TAX)},
        "credit_code": compact_number(code),
        "licence_files": form["licence_file"],
        "authorisation_files": None if is_rep else form["authorisation_letter"],
        "rep_index": rep_index,
        "account_index": vault.blind_index(call.keys, "".join(account.split())),
        "phone_confirmed_at": None,
    }
    _change(call, certification_id, **values)
    obstacle = ""
    if is_enterprise_blacklisted(call.connection, row.party_id, row.applicant_id, compact_number(code), rep_index):
        obstacle = "black_list"
    elif find_code_holder(call.connection, compact_number(code), row.party_id):
        obstacle = "code_taken"
    names = [form["rep_name"]] if is_rep else [form["rep_name"], form["contact_name"]]
    return {"obstacle": obstacle, "certified_names": names, "legal_name": form["legal_name"]}


@topic("confirm_enterprise_phone")
def confirm_enterprise_phone(call: TopicCall, *, certification_id: str, code: dict[str, Any]) -> PlainDict:
    """Writes down that the code sent to the legal representative's phone came back; the agreement needs another one.

    Returns: nothing.
    """
    spend_code(call.connection, str(code["code"]), call.instance_id, FORM_PHONE)
    _change(call, certification_id, phone_confirmed_at=call.now)
    return {}


@topic("certify_enterprise")
def certify_enterprise(call: TopicCall, *, certification_id: str, period: str) -> PlainDict:
    """The enterprise is who it says it is: it holds the credit code from now on, for a period, and no other can.

    Returns: obstacle (empty, or duplicate if another enterprise was faster).
    """
    row = fetch_enterprise(call, certification_id)
    until = end_of(period, call.now, call.calendar.zone)
    try:
        with call.connection.begin_nested():
            _change(
                call,
                certification_id,
                state=CERTIFIED,
                claimed_code=row.credit_code,
                certified_at=call.now,
                certified_until=until,
            )
    except IntegrityError:  # the code is claimed by another enterprise
        return {"obstacle": "duplicate"}
    named = call.connection.execute(select(party).where(party.c.id == row.party_id)).one()
    names = {"name_zh": row.legal_name, "name_en": row.legal_name if named.name_en == named.name_zh else named.name_en}
    call.connection.execute(update(party).where(party.c.id == row.party_id).values(names))
    add_party_grams(call.connection, row.party_id, *names.values())
    grant_certification(call.connection, row.party_id)
    call.note("enterprise_certified", party=row.party_id, until=format_instant(until))
    return {"obstacle": ""}


@topic("open_enterprise_accounts")
def open_enterprise_accounts(call: TopicCall, *, certification_id: str, operator_limit_fen: int) -> PlainDict:
    """Opens what an enterprise needs to work: its wallet, the account its money goes to, which the test amount has
    proved, and what its operators may spend without its finance.

    Returns: wallet (the code of its account).
    """
    row = fetch_enterprise(call, certification_id)
    holder = vault.put(call.connection, call.keys, row.party_id, row.legal_name)
    add_verified_account(call.connection, call.now, row.party_id, (row.bank_account, holder), row.bank_name)
    if EVERYONE not in list_spend_limits(call.connection, row.party_id):
        set_spend_limit(call.connection, row.party_id, EVERYONE, operator_limit_fen)
    _change(call, certification_id, state=ACTIVE)
    call.note("enterprise_activated", party=row.party_id)
    return {"wallet": accounts.wallet(row.party_id)}


@topic("close_enterprise_certification")
def close_enterprise_certification(
    call: TopicCall, *, certification_id: str, state: str, reason: str = "", retry_after: str = ""
) -> PlainDict:
    """Ends an onboarding that does not become active: rejected for a reason, withdrawn or abandoned; what was certified
    is so no more. `retry_after`: how long a rejected enterprise waits before it may begin again.

    Returns: result (the state).
    """
    if state not in CLOSED:
        raise ValueError(f"Expected one of {CLOSED}, but got {state!r}")
    row = fetch_enterprise(call, certification_id)
    retry_at = end_of(retry_after, call.now, call.calendar.zone) if retry_after else None
    ended = {"claimed_code": None, "closed_at": call.now, "retry_at": retry_at}
    _change(call, certification_id, state=state, reason=reason or None, **ended)
    if row.claimed_code:
        end_certification(call.connection, row.party_id)
    call.note("certification_closed", state=state, reason=reason)
    return {"result": state}


@topic("plan_recertification")
def plan_recertification(call: TopicCall, *, certification_id: str, ahead: str) -> PlainDict:
    """When an enterprise is asked to renew its certification, some time `ahead` of its end, and when that end is.

    Returns: ask_at, ends_at (instants).
    """
    row = fetch_enterprise(call, certification_id)
    ends_at: datetime = row.certified_until
    lead = end_of(ahead, call.now, call.calendar.zone) - call.now
    call.add_party(row.party_id, "applicant")
    call.describe(f"企业年度认证 {row.legal_name}", f"Yearly certification {row.legal_name}")
    return {"ask_at": format_instant(max(ends_at - lead, call.now)), "ends_at": format_instant(ends_at)}


@topic("record_renewal", reads=[FORM_RENEWAL])
def record_renewal(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Keeps what has changed in the year, from the form of renew_certification; a new licence replaces the old.

    Returns: nothing.
    """
    form = call.values_of(FORM_RENEWAL)
    has_changed = form["has_changed"] == "yes"
    values: dict[str, object] = {"changes": form["changes"] if has_changed else None}
    if has_changed and form.get("licence_file"):
        values["licence_files"] = form["licence_file"]
    _change(call, certification_id, **values)
    return {}


@topic("renew_enterprise_certification")
def renew_enterprise_certification(call: TopicCall, *, certification_id: str, period: str) -> PlainDict:
    """The certification holds for another period, counted from the end of the last one.

    Returns: certified_until (an instant).
    """
    row = fetch_enterprise(call, certification_id)
    until = end_of(period, row.certified_until, call.calendar.zone)
    _change(call, certification_id, certified_until=until, certified_at=call.now)
    call.note("enterprise_certified", party=row.party_id, until=format_instant(until))
    return {"certified_until": format_instant(until)}


@topic("expire_enterprise_certification")
def expire_enterprise_certification(call: TopicCall, *, certification_id: str) -> PlainDict:
    """The certification was not renewed: the enterprise publishes and takes nothing new; what runs goes on.

    Returns: nothing.
    """
    row = fetch_enterprise(call, certification_id)
    _change(call, certification_id, state=EXPIRED, claimed_code=None, closed_at=call.now)
    end_certification(call.connection, row.party_id)
    call.note("certification_closed", state=EXPIRED, reason="")
    return {}


def fetch_enterprise(call: TopicCall, certification_id: str) -> Row[Any]:
    """The row of a certification. Raises NoResultFound."""
    query = select(enterprise_certification).where(enterprise_certification.c.id == certification_id)
    return call.connection.execute(query).one()


def _open(call: TopicCall, value: Plain) -> str:
    """A text, or the one behind a reference."""
    text = vault.open_reference(call.connection, call.keys, value) if vault.is_reference(value) else value
    if not isinstance(text, str):
        raise vault.PersonErased("Expected the data of an enterprise, but they were erased")
    return text


def _change(call: TopicCall, certification_id: str, **values: object) -> None:
    change = update(enterprise_certification).where(enterprise_certification.c.id == certification_id).values(values)
    if call.connection.execute(change).rowcount != 1:
        raise LookupError(f"Expected certification {certification_id}, but there is none")
