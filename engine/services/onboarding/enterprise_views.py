"""What forms and reviews show of an enterprise that is being certified; numbers masked, papers by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from engine.definitions.registry import TopicCall, ViewCall, view
from engine.services.onboarding.company_simulator import SIMULATOR
from engine.services.onboarding.enterprise_tables import company_check, enterprise_certification, test_transfer
from engine.services.onboarding.enterprises import ACTIVE, OPEN
from engine.services.onboarding.showing import fact, file_hashes, mask, open_text
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

QUALIFICATION = "qualification"
VERDICTS: Mapping[str, tuple[str, str]] = {
    "asked": ("尚未答复，未核验", "No answer yet: unverified"),
    "match": ("一致", "Match"),
    "differs": ("与登记不一致", "Differs from the register"),
    "unknown": ("登记中没有该代码", "No such code in the register"),
    "down": ("登记系统停用，未核验", "Register out of service: unverified"),
}
UNVERIFIED = frozenset({"asked", "down"})
INDUSTRIES: Mapping[str, tuple[str, str]] = {
    "manufacturing": ("制造", "Manufacturing"),
    "construction": ("建筑与装修", "Construction and fitting"),
    "trade": ("批发与零售", "Trade"),
    "logistics": ("物流与仓储", "Logistics and storage"),
    "hospitality": ("餐饮与住宿", "Hospitality"),
    "information": ("信息技术", "Information technology"),
    "business_services": ("商务服务", "Business services"),
    "culture": ("文化、会展与教育", "Culture, exhibitions and education"),
    "public": ("公共机构", "Public body"),
    "other": ("其他", "Other"),
}
TAX_TYPES: Mapping[str, tuple[str, str]] = {
    "general": ("一般纳税人", "General taxpayer"),
    "small": ("小规模纳税人", "Small-scale taxpayer"),
}
_DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "legal_name": ("名称", "name"),
    "representative": ("法定代表人", "legal representative"),
    "state": ("登记状态", "state"),
}


@view("enterprise_obstacle")
def enterprise_obstacle(call: ViewCall) -> Plain:
    """Why the form is asked for again: the code is taken, or the account could not be verified."""
    is_chinese = call.language == "zh"
    if call.data.get("obstacle") == "code_taken":
        zh, en = "该代码已由另一家企业认证，请核对", "Another enterprise is certified with this code; check it"
        return [fact("统一社会信用代码", "Unified social credit code", "credit_code", zh if is_chinese else en)]
    if call.data.get("test_outcome") == "failed":
        zh, en = (
            "小额打款验证没有通过，请核对账号与户名",
            "The account could not be verified; check its number and holder",
        )
        return [fact("银行账户", "Bank account", "bank_account", zh if is_chinese else en)]
    return []


@view("enterprise_phone", needs=["certification_id"])
def enterprise_phone(call: ViewCall) -> Plain:
    """The phone a code is sent to, masked."""
    row = _fetch(call, str(call.data["certification_id"]))
    return [
        fact("法定代表人手机", "Phone of the legal representative", "phone", mask(open_text(call, row.rep_phone), 3, 4))
    ]


@view("test_account", needs=["certification_id", "transfer_id"])
def test_account(call: ViewCall) -> Plain:
    """The account a test amount was sent to, the tries made, and what the statement of a simulated bank would say."""
    is_chinese = call.language == "zh"
    row = _fetch(call, str(call.data["certification_id"]))
    transfer = call.connection.execute(
        select(test_transfer).where(test_transfer.c.id == call.data["transfer_id"])
    ).one()
    account = f"{row.bank_name} {_end_of(open_text(call, row.bank_account))}"
    shown = [
        fact("收款账户", "Account", "account", account),
        fact("已尝试次数", "Tries so far", "tries", transfer.tries),
    ]
    if transfer.bank == SIMULATOR:
        yuan = f"{transfer.amount_fen / 100:.2f}"
        zh, en = f"到账 {yuan} 元（模拟，没有真实转账）", f"{yuan} yuan arrived (simulated: no money has moved)"
        shown.append(fact("模拟银行流水", "Statement of the simulated bank", "statement", zh if is_chinese else en))
    return shown


@view("certified_enterprise", needs=["certification_id"])
def certified_enterprise(call: ViewCall) -> Plain:
    """What an enterprise is certified as, for its yearly renewal."""
    row = _fetch(call, str(call.data["certification_id"]))
    return [*_stated(call, row), fact("有效期至", "Certified until", "until", format_instant(row.certified_until))]


@subject_provider(QUALIFICATION)
def read_enterprise(source: Source, subject_id: str) -> Subject | None:
    """An enterprise as it stated itself, beside what the register said; None for an id that is no certification's."""
    query = select(enterprise_certification).where(enterprise_certification.c.id == subject_id)
    row = source.connection.execute(query).one_or_none()
    if row is None:
        return None
    checks = _list_checks(source, subject_id)
    facts = (
        *_stated(source, row),
        *([fact("变更内容", "What has changed", "changes", open_text(source, row.changes))] if row.changes else []),
        fact("登记机构答复", "Answer of the register", "answer", _describe_check(checks[-1]) if checks else "—"),
        fact("营业执照", "Business licence", "licence_files", row.licence_files),
        *(
            [fact("授权书", "Authorisation", "authorisation", row.authorisation_files)]
            if row.authorisation_files
            else []
        ),
    )
    is_unverified = not checks or checks[-1].status in UNVERIFIED
    papers = (*file_hashes(row.licence_files), *file_hashes(row.authorisation_files))
    texts = (row.legal_name, row.registered_address)
    return Subject(facts, texts=texts, files=papers, missing=("register",) if is_unverified else ())


@subject_corrector(QUALIFICATION)
def correct_enterprise(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """A new image of the licence, while nobody has certified the enterprise or its renewal is under way."""
    is_this = (enterprise_certification.c.id == subject_id) & enterprise_certification.c.state.in_((OPEN, ACTIVE))
    if not values.get("files"):
        return False
    change = update(enterprise_certification).where(is_this).values(licence_files=values["files"])
    return bool(call.connection.execute(change).rowcount)


def _stated(source: Source, row: Row[Any]) -> list[Plain]:
    industry, tax = INDUSTRIES[row.industry], TAX_TYPES[row.tax_rate_type]
    return [
        fact("企业名称", "Legal name", "legal_name", row.legal_name),
        fact("统一社会信用代码", "Unified social credit code", "credit_code", row.credit_code),
        fact("法定代表人", "Legal representative", "rep_name", open_text(source, row.rep_name)),
        fact("法定代表人证件号码", "Their identity number", "rep_id_no", mask(open_text(source, row.rep_id_no), 6, 4)),
        fact("注册地址", "Registered address", "registered_address", row.registered_address),
        fact("行业", "Industry", "industry", " · ".join(industry)),
        fact("纳税人类型", "Kind of taxpayer", "tax_rate_type", " · ".join(tax)),
        fact("开户银行", "Bank", "bank", f"{row.bank_name} {_end_of(open_text(source, row.bank_account))}"),
        fact("联系人", "Contact", "contact_name", open_text(source, row.contact_name)),
    ]


def _list_checks(source: Source, certification_id: str) -> Sequence[Row[Any]]:
    query = select(company_check).where(company_check.c.certification_id == certification_id)
    return source.connection.execute(query.order_by(company_check.c.asked_at)).all()


def _describe_check(check: Row[Any]) -> str:
    zh, en = VERDICTS[check.status]
    named = [_DIFFERENCES[str(one)] for one in check.differences or []]
    if not named:
        return f"{zh} · {en}"
    return f"{zh}：{'、'.join(one[0] for one in named)} · {en}: {', '.join(one[1] for one in named)}"


def _end_of(account: str) -> str:
    return f"**** {''.join(account.split())[-4:]}"


def _fetch(source: Source, certification_id: str) -> Row[Any]:
    query = select(enterprise_certification).where(enterprise_certification.c.id == certification_id)
    return source.connection.execute(query).one()
