"""A desk for reviews in tests: subjects that say what a test wants, staff who review them, and what was recorded."""

from dataclasses import dataclass, field

from sqlalchemy import RowMapping, insert, select

from engine.definitions.registry import TopicCall
from engine.queries.inbox import list_tasks
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.services.reviews.tables import reminder, review_record
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import membership, party, user
from tests.support.stage import Stage

CHECKED: PlainDict = {
    f"checklist-{item}": "yes" for item in ("complete", "lawful", "no_contact", "plausible", "files_opened")
}
APPROVE: PlainDict = {"decision": "approve", **CHECKED}
RETURN: PlainDict = {"decision": "return", "reason_codes": ["unclear"], "note_to_submitter": "请写明交付内容"}
REJECT: PlainDict = {
    "decision": "reject",
    "reason_codes": ["unlawful", "other"],
    "note_to_submitter": "不能发布这样的内容",
    "note_internal": "已是第二次",
}
SUBJECT_IDS = "test-subject-"
TEXTS: dict[str, str] = {}
"""The text of each subject, by its id."""
FAILING: set[str] = set()
"""Subjects whose correction fails."""


def _read(_source: Source, subject_id: str) -> Subject | None:
    if subject_id not in TEXTS:
        return None
    text = TEXTS[subject_id]
    fact: Plain = {"zh": "内容", "en": "Content", "name": "content", "value": text}
    return Subject((fact,), (text,), missing=() if text else ("content",))


def _correct(_call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    if subject_id in FAILING:
        raise RuntimeError("Expected to keep the correction, but the test does not want it")
    if subject_id not in TEXTS:
        return False
    TEXTS[subject_id] = str(values.get("content", TEXTS[subject_id]))
    return True


for _type in ("content", "result", "qualification"):
    subject_provider(_type)(_read)
    subject_corrector(_type)(_correct)


@dataclass
class ReviewDesk:
    """Reviews of subjects with the text a test gives them."""

    stage: Stage
    text: str = "两间会议室投影调试，加微信联系"  # holds a word to look at: a person has to review it
    id: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.ann = self.stage.person("ann")
        self.rita = self.stage.staff("rita", "platform_reviewer")
        self.sam = self.stage.staff("sam", "platform_senior_reviewer")
        self.sue = self.stage.staff("sue", "platform_senior_reviewer")

    def open(self, subject_type: str = "content", **changed: Plain) -> str:
        """A review that has just begun."""
        subject_id = f"{SUBJECT_IDS}{len(TEXTS)}"
        TEXTS[subject_id] = self.text
        values: PlainDict = {
            "subject_type": subject_type,
            "subject_id": subject_id,
            "submitter": "ann",
            "amount_fen": 10_000,
            "excluded": ["ann"],
            "sla": "PT4H",
            "max_returns": 3,
            **changed,
        }
        self.subject_id = str(values["subject_id"])
        self.id = self.stage.start(self.ann, "platform_review", values)
        self.stage.settle()
        return self.id

    def do(self, actor: Actor, element: str, fields: PlainDict) -> None:
        """Completes the open task of an element of this review."""
        self.stage.do(actor, self.id, element, fields)

    def may(self, actor: Actor) -> set[str]:
        """The elements of this review the actor may do now."""
        rows = list_tasks(self.stage.engine, actor, limit=200).rows
        return {row.element.id for row in rows if row.instance_id == self.id}

    def check(self, outcome: str) -> None:
        """The review ended there, with nothing left open and nothing wrong."""
        found = self.stage.incidents(self.id), self.stage.outcome(self.id), self.stage.open(self.id)
        assert found == ([], outcome, set()), found

    def records(self) -> list[RowMapping]:
        """Every decision, in order."""
        with self.stage.engine.database.read() as connection:
            query = select(review_record).order_by(review_record.c.at, review_record.c.id)
            return [*connection.execute(query).mappings()]

    def decisions(self) -> list[tuple[str, str, str]]:
        """Element, who and outcome of every record."""
        return [(row["element"], row["actor_id"], row["outcome"]) for row in self.records()]

    def reminders(self) -> list[tuple[str, str]]:
        """To whom each reminder went."""
        with self.stage.engine.database.read() as connection:
            query = select(reminder).order_by(reminder.c.at, reminder.c.addressee)
            return [(row.addressee_kind, row.addressee) for row in connection.execute(query)]

    def employ(self, name: str, party_id: str, role: str) -> None:
        """Makes a person a member of an organisation, or of the platform."""

        def work(unit: UnitOfWork) -> None:
            connection = unit.connection
            now = self.stage.clock()
            for one, kind in ((name, "person"), (party_id, "organisation")):
                if connection.execute(select(party).where(party.c.id == one)).first() is None:
                    row = {"id": one, "kind": kind, "name_zh": one, "name_en": one, "created_at": now}
                    flags = {"is_certified": 1, "has_agreement": 1, "is_suspended": 0}
                    connection.execute(insert(party), row | flags)
            if connection.execute(select(user).where(user.c.id == name)).first() is None:
                account = {"id": name, "login": name, "password_hash": "-", "is_disabled": 0, "created_at": now}
                connection.execute(insert(user), account)
            connection.execute(insert(membership), {"user_id": name, "party_id": party_id, "role": role, "skills": []})

        self.stage.engine.database.transact(work)
