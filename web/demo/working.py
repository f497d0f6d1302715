"""One normal task from its description to its ratings, told step by step, with proofs at its end."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from time import perf_counter

from sqlalchemy import func, select

from engine.commands.tasks import complete_task
from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import account
from engine.services.reviews.tables import review_record
from engine.services.verification import count_rows, verify
from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.commands import create_work_task
from engine.services.work_tasks.states import fetch_task_row
from engine.services.work_tasks.tables import engagement
from engine.storage.actor import SYSTEM, Actor
from engine.storage.ids import new_id, new_token
from engine.storage.tables import task
from web.demo.data import Cast, gather
from web.demo.demands import Fields, type_time
from web.demo.player import APPROVAL, PIXEL, Player, as_submitted
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

MODES = ("prepayment", "on_completion", "negotiable", "piecework")
AWARDS = ("manual", "automatic")
MAX_WORKERS = 5000
PAY_FEN, PIECES = 1_000, 100  # so little that also of a crowd no second reviewer is asked
_MONEY: Mapping[str, Fields] = {
    "prepayment": {"pay_fen": "10.00"},
    "on_completion": {"pay_fen": "10.00"},
    "negotiable": {"price_min_fen": "8.00", "price_max_fen": "12.00"},
    "piecework": {
        "unit_name": "张",
        "unit_price_fen": "0.10",
        "quality_rule": "白底，边缘平滑。",
        "reject_policy": "rework",
    },
}


def play_work(mode: str, award: str, workers: int) -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    if not 1 <= workers <= MAX_WORKERS:
        print(f"Expected 1 to {MAX_WORKERS} workers, but got {workers}.")
        return 1
    with open_throwaway() as (engine, clock):
        return Work(engine, clock, mode, award).run(workers)


class Work:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock, mode: str, award: str) -> None:
        self.engine, self.clock, self.mode, self.award = engine, clock, mode, award
        self.player = Player(engine)

    def run(self, workers: int) -> int:
        """The whole case; the exit code."""
        cast, began = gather(self.player), perf_counter()
        self.player.top_up(cast.enterprise, PAY_FEN * workers)
        team = [self._admit(number) for number in range(workers)]
        task_id = self._publish(cast, workers)
        self._recruit(cast, task_id, team)
        say(f"{workers} seats are taken after {perf_counter() - began:.1f} s.")
        cases = self._list_cases(task_id)
        for actor in team:
            self._work(cast, actor, cases[actor.party_id])
        say(f"Each undertaker was reviewed, confirmed, delivered, and was paid; {perf_counter() - began:.1f} s.")
        for actor in team:
            self._do(cast.enterprise, cases[actor.party_id], "rate_a", {"stars": "5"})
            self._do(actor, cases[actor.party_id], "rate_b", {"stars": "5"})
        say(f"Everybody has rated; the task is {self._state(task_id)}.")
        return self._prove(task_id, workers)

    def _admit(self, number: int) -> Actor:
        actor = self.player.person(f"worker{number}", new_id(), f"承接人{number}", f"Worker {number}")
        self.player.certify(actor.party_id)
        return actor

    def _publish(self, cast: Cast, workers: int) -> str:
        token, now = new_token(), self.player.local_now()
        task_id = self.player.send(lambda: create_work_task(self.engine, cast.enterprise, token))
        days = {"signup_deadline": 3, "start_by": 5, "due_at": 12}
        fields: Fields = {
            "title": "商品资料整理",
            "category": "content",
            "description": "整理商品资料，统一名称、规格和图片格式，补齐说明文字，无需资质。",
            "deliverable_spec": "提交整理后的资料与差异说明各一份。",
            "place_mode": "remote",
            "headcount": str(workers),
            "award_preference": self.award,
            "award_strategy": "score" if self.mode == "negotiable" else "first_come",
            "rework_limit": "3",
            "acceptance_days": "7",
            "mode": self.mode,
            "fee_bearer": "deducted_from_pay",
            "cap_total": str(PIECES * workers),
            "cap_per_worker": str(PIECES),
            **{name: type_time(now + timedelta(days=count)) for name, count in days.items()},
            **_MONEY[self.mode],
        }
        self._do(cast.enterprise, task_id, "draft_task", fields)
        self._do(cast.gao, task_id, "review", APPROVAL)  # a watched word of the text brings a person in
        frozen = self._yuan(accounts.escrow(task_id))
        say(f"The task is described and its content reviewed; frozen: {frozen}; it is {self._state(task_id)}.")
        return task_id

    def _recruit(self, cast: Cast, task_id: str, team: list[Actor]) -> None:
        offer = PAY_FEN if self.mode == "negotiable" else None
        for actor in team:
            self.player.send(partial(apply_for_task, self.engine, actor, task_id, offer_fen=offer))
        say(f"{len(team)} individuals sign up.")
        if self.award == "automatic":
            self._advance(days=3, minutes=1)
            return
        if self.mode == "negotiable":
            self._agree(cast)
        chosen = [str(number) for number in range(1, len(team) + 1)]
        self._do(cast.enterprise, task_id, "award_manually", {"chosen": chosen})

    def _agree(self, cast: Cast) -> None:
        """The enterprise accepts every offer."""
        with self.engine.database.read() as connection:
            cases = (
                connection.execute(select(task.c.instance_id).where(task.c.element == "answer_offer")).scalars().all()
            )
        for case in cases:
            self._do(cast.enterprise, case, "answer_offer", {"offer_answer": "accept"})
        say(f"The enterprise agrees with {len(cases)} offers.")

    def _work(self, cast: Cast, actor: Actor, case: str) -> None:
        self._do(cast.gao, case, "review", APPROVAL)
        self._do(actor, case, "confirm_award", {"award_answer": "accept"})
        self._do(actor, case, "do_work", {"is_checked_in": "true"})
        fields: Fields = {
            "statement": "资料已整理完成，差异说明见附件。",
            "files": [self.player.upload(actor, "photo.png", PIXEL + case.encode())],
            "quantity": str(PIECES),
            "is_original": "true",
        }
        self._do(actor, case, "submit_deliverable", fields)
        self._do(cast.gao, case, "review", APPROVAL)
        self._do(cast.acceptor, case, "acceptance", {"acceptance_result": "accept"})

    def _prove(self, task_id: str, workers: int) -> int:
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            states = connection.execute(
                select(engagement.c.state, func.count())
                .where(engagement.c.task_id == task_id)
                .group_by(engagement.c.state)
            )
            settled = {row.state: row[1] for row in states}
            frozen = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(account.c.code.like("escrow:%"))
            escrow_fen = connection.execute(frozen).scalar_one()
            difference_fen = trial_balance(connection).difference_fen
            by_people = select(func.count()).where(
                review_record.c.actor_id != SYSTEM.user_id, review_record.c.outcome == "approved"
            )
            reviews = connection.execute(by_people).scalar_one()
            counts = count_rows(connection)
        held = [
            prove("every seat was settled once", settled == {"settled": workers}, str(settled)),
            prove(
                "content, undertakers and deliverables were approved by a person",
                reviews == 1 + 2 * workers,
                f"{reviews} records",
            ),
            prove("the escrows are 0", escrow_fen == 0, f"{escrow_fen} fen"),
            prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1

    def _do(self, actor: Actor, case: str, element: str, fields: Fields) -> None:
        """Completes the open task of an element; of a crowd of tasks the inbox would show only the first."""
        task_id, token = self._find(case, element), new_token()
        if task_id is None:
            raise LookupError(f"Expected {element} to be open for {actor.role}, but it is not")
        self.player.send(lambda: complete_task(self.engine, actor, task_id, token, as_submitted(fields)))

    def _find(self, case: str, element: str) -> str | None:
        with self.engine.database.read() as connection:
            query = select(task.c.id).where(task.c.instance_id == case, task.c.element == element)
            return connection.execute(query).scalar_one_or_none()

    def _list_cases(self, task_id: str) -> dict[str, str]:
        with self.engine.database.read() as connection:
            query = select(engagement.c.worker_id, engagement.c.instance_id).where(engagement.c.task_id == task_id)
            return {row.worker_id: row.instance_id for row in connection.execute(query)}

    def _advance(self, **duration: float) -> None:
        self.clock.at += timedelta(**duration)
        self.player.send(lambda: None)

    def _state(self, task_id: str) -> str:
        with self.engine.database.read() as connection:
            return str(fetch_task_row(connection, task_id)["state"])

    def _yuan(self, code: str) -> str:
        with self.engine.database.read() as connection:
            return f"{balance_of(connection, code) / 100:,.2f} yuan"
