"""Verbs of a work task for the tests: publish, sign up, award, work, and what came of it."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from sqlalchemy import RowMapping, insert, select

from engine.services.ledger import rules
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.commands import create_work_task
from engine.services.work_tasks.tables import engagement, work_task
from engine.storage.actor import SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance, membership, user
from tests.support.stage import Stage

TASK: PlainDict = {
    "title": "产品说明书英文校对",
    "category": "content",
    "description": "校对 12 页产品说明书的英文译文，统一术语，修正语法与标点，保留原有版式。",
    "deliverable_spec": "提交修订稿与清稿各一份，附术语表。",
    "place_mode": "remote",
    "signup_deadline": "2026-11-26T18:00",
    "start_by": "2026-11-28T18:00",
    "due_at": "2026-12-05T18:00",
    "headcount": "1",
    "award_preference": "manual",
    "mode": "prepayment",
    "fee_bearer": "deducted_from_pay",
    "pay_fen": "100.00",
    "rework_limit": "3",
    "acceptance_days": "7",
}
FIRST_COME: PlainDict = {"award_preference": "automatic", "award_strategy": "first_come"}
CHECKLIST = ("complete", "lawful", "no_contact", "plausible", "files_opened")
_photos = itertools.count(1)


@dataclass
class HiringOut:
    """An enterprise with money, those who act for it and another, workers, and the platform's staff."""

    stage: Stage

    def __post_init__(self) -> None:
        self.stage.organisation("acme")
        self.stage.organisation("rival")
        self.operator = self.stage.member("olga", "acme", "enterprise_operator")
        self.colleague = self.stage.member("carl", "acme", "enterprise_acceptor")
        self.finance = self.stage.member("tom", "acme", "enterprise_finance")
        self.rival = self.stage.member("rita", "rival", "enterprise_operator")
        self.worker = self.stage.person("wang")
        self.other = self.stage.person("li")
        self.reviewer = self.stage.staff("reviewer", "platform_reviewer")
        self.fund("acme", 1_000_000)

    # --- steps ------------------------------------------------------------------------------------------------------
    def fund(self, party: str, amount_fen: int) -> None:
        """Money in a party's wallet, as a payment provider would have confirmed it."""
        reference = new_id()
        origin = rules.Origin(key=reference, at=self.stage.clock(), actor_id=SYSTEM.user_id)

        def pay_in(unit: UnitOfWork) -> None:
            book = rules.Book(unit.connection, self.stage.engine.keys, origin)
            rules.top_up(book, provider="simulator", party_id=party, amount_fen=amount_fen, provider_ref=reference)

        self.stage.engine.database.transact(pay_in)

    def join(self, actor: Actor, organisation: str) -> None:
        """Makes a person a member of an organisation."""
        account = {"id": actor.user_id, "login": actor.user_id, "password_hash": "", "is_disabled": 0}
        belongs = {"user_id": actor.user_id, "party_id": organisation, "role": "enterprise_operator", "skills": []}

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(insert(user), account | {"created_at": unit.now})
            unit.connection.execute(insert(membership), belongs)

        self.stage.engine.database.transact(work)

    def publish(self, **changes: Plain) -> str:
        """A published work task; gives its id."""
        task_id = create_work_task(self.stage.engine, self.operator, new_id())
        self.stage.do(self.operator, task_id, "draft_task", TASK | changes)
        return task_id

    def award(self, task_id: str, *workers: Actor) -> None:
        """Signs workers up, one after the other, and awards all of them."""
        for actor in workers:
            apply_for_task(self.stage.engine, actor, task_id)
        numbers: list[Plain] = [str(number) for number in range(1, len(workers) + 1)]
        self.stage.do(self.operator, task_id, "award_manually", {"chosen": numbers})

    def confirm(self, task_id: str, actor: Actor) -> str:
        """The undertaker review and the confirmation of one worker; gives the id of his case."""
        case = self.case_of(task_id, actor)
        self.approve(case)
        self.stage.do(actor, case, "confirm_award", {"award_answer": "accept"})
        return case

    def approve(self, case: str) -> None:
        """The open platform review of a case is approved."""
        answers: PlainDict = {f"checklist-{name}": "yes" for name in CHECKLIST}
        self.stage.do(self.reviewer, case, "review", {"decision": "approve", **answers})

    def deliver(self, case: str, actor: Actor, **changes: Plain) -> None:
        """Begins and delivers the work of a case."""
        if "do_work" in self.stage.open(case):
            self.stage.do(actor, case, "do_work", {"is_checked_in": "true"})
        stored = self.stage.engine.database.transact(
            lambda unit: store_file(
                unit,
                self.stage.engine.keys,
                self.stage.engine.files,
                "photo.png",
                BytesIO(b"\x89PNG\r\n\x1a\n" + str(next(_photos)).encode()),
                actor.party_id,
            )
        )
        fields: PlainDict = {"statement": "已全部完成，请查收。", "files": stored.id, "is_original": "true"}
        self.stage.do(actor, case, "submit_deliverable", fields | changes)

    # --- what came of it --------------------------------------------------------------------------------------------
    def task(self, task_id: str) -> Mapping[str, object]:
        """The row of a work task."""
        with self.stage.engine.database.read() as connection:
            return dict(connection.execute(select(work_task).where(work_task.c.id == task_id)).mappings().one())

    def engagements(self, task_id: str) -> list[RowMapping]:
        """The rows of its engagements."""
        with self.stage.engine.database.read() as connection:
            query = select(engagement).where(engagement.c.task_id == task_id).order_by(engagement.c.offered_at)
            return list(connection.execute(query).mappings())

    def case_of(self, task_id: str, actor: Actor) -> str:
        """The process instance of a worker's engagement."""
        found = [row["instance_id"] for row in self.engagements(task_id) if row["worker_id"] == actor.party_id]
        return str(found[0])

    def count_cases(self, process: str) -> int:
        """How many instances of a process there are."""
        with self.stage.engine.database.read() as connection:
            query = select(instance.c.id).where(instance.c.process_key == process)
            return len(connection.execute(query).all())
