"""What forms and reviews show of a person who is being certified; numbers masked, images by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select, update

from engine.definitions.registry import TopicCall, ViewCall, view
from engine.services.onboarding.capacities import SUBMITTED
from engine.services.onboarding.person_tables import capacity, identity_check, person_certification, person_skill
from engine.services.onboarding.persons import OPEN, read_certified_name
from engine.services.onboarding.showing import fact, file_hashes, mask, open_text
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.storage.plain import Plain, PlainDict

QUALIFICATION = "qualification"
ID_TYPES: Mapping[str, tuple[str, str]] = {
    "resident_card": ("居民身份证", "Resident identity card"),
    "residence_permit": ("港澳台居民居住证", "Residence permit (Hong Kong, Macao, Taiwan)"),
}
VERDICTS: Mapping[str, tuple[str, str]] = {
    "asked": ("尚未答复", "No answer yet"),
    "match": ("一致", "Match"),
    "mismatch": ("不一致", "Mismatch"),
    "unclear": ("无法确认", "Unclear"),
}
CAPACITIES: Mapping[str, tuple[str, str]] = {
    "worker": ("任务承接人", "Worker"),
    "courier_ordinary": ("普通配送员", "Ordinary courier"),
    "courier_professional": ("专业配送员", "Professional courier"),
    "technician": ("维修技术人员", "Technician"),
}
_STATED: Mapping[str, tuple[str, str]] = {
    "vehicle": ("交通工具", "Vehicle"),
    "experience_years": ("从业年限", "Years of experience"),
    "service_area": ("服务区域", "Service area"),
}


@view("identity_answer")
def identity_answer(call: ViewCall) -> Plain:
    """For the person, when he fills in his name again: what the register said last, and the tries he made."""
    query = select(identity_check.c.status).where(identity_check.c.certification_id == call.instance_id)
    answers = call.connection.execute(query.order_by(identity_check.c.asked_at)).scalars().all()
    if not answers:
        return []
    zh, en = VERDICTS[answers[-1]]
    return [
        fact("上次核验结果", "Last answer of the register", "answer", zh if call.language == "zh" else en),
        fact("已核验次数", "Tries so far", "tries", len(answers)),
    ]


@view("person_phone")
def person_phone(call: ViewCall) -> Plain:
    """The phone a code is sent to, masked."""
    row = call.connection.execute(
        select(person_certification.c.phone).where(person_certification.c.id == call.instance_id)
    ).one()
    return [fact("手机号码", "Phone", "phone", mask(open_text(call, row.phone), 3, 4))]


@view("payout_holder", needs=["applicant"])
def payout_holder(call: ViewCall) -> Plain:
    """The holder of the account: the name the person was certified under, no other."""
    name = read_certified_name(call.connection, call.keys, str(call.data["applicant"]))
    return [fact("户名（认证姓名）", "Account holder (certified name)", "holder", name or "—")]


@subject_provider(QUALIFICATION)
def read_person(source: Source, subject_id: str) -> Subject | None:
    """A person the register could not confirm; None for an id that is no certification's."""
    row = source.connection.execute(
        select(person_certification).where(person_certification.c.id == subject_id)
    ).one_or_none()
    if row is None:
        return None
    zh, en = ID_TYPES[row.id_type]
    facts = (
        fact("姓名", "Name", "name", open_text(source, row.name)),
        fact("证件类型", "Kind of document", "id_type", f"{zh} · {en}"),
        fact("证件号码", "Number", "id_no", mask(open_text(source, row.id_no), 6, 4)),
        fact("出生日期", "Date of birth", "birth_date", open_text(source, row.birth_date)),
        fact("城市", "City", "city", row.city),
        fact("证件照片", "Images of the document", "id_images", row.id_images),
        *_check_facts(source, subject_id),
    )
    return Subject(facts, files=file_hashes(row.id_images), missing=() if row.id_images else ("id_images",))


@subject_provider(QUALIFICATION)
def read_capacity(source: Source, subject_id: str) -> Subject | None:
    """Certificates of a worker, or the application of a courier; None for an id that is no capacity's."""
    row = source.connection.execute(select(capacity).where(capacity.c.id == subject_id)).one_or_none()
    if row is None:
        return None
    zh, en = CAPACITIES[row.kind]
    skills = source.connection.execute(
        select(person_skill).where(person_skill.c.capacity_id == subject_id).order_by(person_skill.c.skill)
    ).all()
    papers = [one for one in skills if one.state == SUBMITTED]
    facts = (
        fact("申请身份", "Capacity applied for", "kind", f"{zh} · {en}"),
        fact("姓名", "Name", "name", read_certified_name(source.connection, source.keys, row.party_id)),
        *(fact(*words, name, row.stated[name]) for name, words in _STATED.items() if row.stated.get(name)),
        *(fact("证书", "Certificate", one.skill, _describe_paper(one)) for one in papers),
        fact("证明文件", "Files", "files", row.files),
    )
    texts = tuple(one.certificate for one in papers if one.certificate)
    return Subject(facts, texts=texts, files=file_hashes(row.files), missing=() if row.files else ("files",))


@subject_corrector(QUALIFICATION)
def correct_person(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """New images of the document, while nobody has certified the person."""
    is_this = (person_certification.c.id == subject_id) & (person_certification.c.state == OPEN)
    if not values.get("files"):
        return False
    change = update(person_certification).where(is_this).values(id_images=values["files"])
    return bool(call.connection.execute(change).rowcount)


@subject_corrector(QUALIFICATION)
def correct_capacity(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """New files of certificates or an application."""
    if not values.get("files"):
        return False
    change = update(capacity).where(capacity.c.id == subject_id).values(files=values["files"])
    return bool(call.connection.execute(change).rowcount)


def _check_facts(source: Source, certification_id: str) -> list[Plain]:
    query = select(identity_check.c.status).where(identity_check.c.certification_id == certification_id)
    answers: Sequence[str] = source.connection.execute(query.order_by(identity_check.c.asked_at)).scalars().all()
    pairs = [VERDICTS[one] for one in answers]
    return [fact("登记机构答复", "Answers of the register", "answers", "; ".join(f"{zh} · {en}" for zh, en in pairs))]


def _describe_paper(one: Row[Any]) -> str:
    return f"{one.certificate} ({one.expires_on})" if one.expires_on else str(one.certificate)
