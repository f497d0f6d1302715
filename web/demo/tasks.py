"""Work tasks in the demo data: on the market, under negotiation, in every stage of the work, paid and given up."""

import tomllib
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine.services.work_tasks.applications import apply_for_task
from engine.services.work_tasks.commands import cancel_task, create_work_task, dispute_engagement
from engine.services.work_tasks.tables import engagement
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from engine.storage.tables import instance, instance_party
from web.demo.demands import Fields, type_time
from web.demo.player import APPROVAL, PIXEL, Player

_DATES = ("signup_deadline", "start_by", "due_at")
_USUAL: Fields = {"rework_limit": "3", "acceptance_days": "7", "fee_bearer": "deducted_from_pay", "min_batch": "1"}


def read_tasks(now: datetime) -> dict[str, Fields]:
    """Every work task of tasks.toml as the fields of the form `draft_task`; `now` is the local time its days count
    from.
    """
    texts = tomllib.loads(Path(__file__).with_name("tasks.toml").read_text(encoding="utf-8"))
    return {name: _as_fields(told, now) for name, told in texts.items()}


def _as_fields(told: dict[str, Any], now: datetime) -> Fields:
    days = dict(zip(_DATES, told.pop("days"), strict=True))
    return {**_USUAL, **told, **{name: type_time(now + timedelta(days=count)) for name, count in days.items()}}


class Workshop:
    """An enterprise that has work done: its operator and its acceptor, individuals, and a reviewer of the platform."""

    def __init__(self, player: Player, operator: Actor, acceptor: Actor, reviewer: Actor) -> None:
        self.player, self.engine = player, player.engine
        self.operator, self.acceptor, self.reviewer = operator, acceptor, reviewer
        self.told = read_tasks(player.local_now())

    def play(self, wang: Actor, emily: Actor, shen: Actor) -> None:
        """Ten work tasks; one of them is a draft nobody has filled in."""
        self.begin()
        self._recruit(wang, emily, shen)
        self._negotiate(wang, emily)
        self._offer(wang, shen)
        self._deliver(wang, emily)
        self._pay(emily)
        self._end_early(wang, shen)

    def begin(self) -> str:
        """A work task that is still to be described; gives its id."""
        return self.player.send(partial(create_work_task, self.engine, self.operator, new_token()))

    def publish(self, name: str) -> str:
        """A work task as tasks.toml tells it; gives its id."""
        task_id = self.begin()
        self.player.do(self.operator, task_id, "draft_task", self.told[name])
        return task_id

    def sign_up(self, task_id: str, worker: Actor, message: str, **more: Any) -> None:
        """The worker signs up for a work task."""
        self.player.send(partial(apply_for_task, self.engine, worker, task_id, message, **more))

    def award(self, task_id: str, *numbers: str) -> None:
        """Awards seats to who signed up, by their numbers of arrival."""
        self.player.do(self.operator, task_id, "award_manually", {"chosen": list(numbers)})

    def confirm(self, task_id: str, worker: Actor) -> str:
        """The undertaker is reviewed and confirms; gives the case of his engagement."""
        case = self.case_of(task_id, worker)
        self.player.do(self.reviewer, case, "review", APPROVAL)
        self.player.do(worker, case, "confirm_award", {"award_answer": "accept"})
        return case

    def work(self, task_id: str, worker: Actor) -> str:
        """The worker has confirmed and begun; gives his case."""
        case = self.confirm(task_id, worker)
        self.player.do(worker, case, "do_work", {"is_checked_in": "true"})
        return case

    def deliver(self, case: str, worker: Actor, statement: str, quantity: str = "") -> None:
        """A deliverable that the platform's review passes."""
        photo = self.player.upload(worker, "result.png", PIXEL + new_token().encode())
        fields: Fields = {"statement": statement, "files": [photo], "quantity": quantity, "is_original": "true"}
        self.player.do(worker, case, "submit_deliverable", fields)
        self.player.do(self.reviewer, case, "review", APPROVAL)

    def case_of(self, task_id: str, worker: Actor) -> str:
        """The case of a worker's engagement."""
        mine = (engagement.c.task_id == task_id, engagement.c.worker_id == worker.party_id)
        with self.engine.database.read() as connection:
            return str(connection.execute(select(engagement.c.instance_id).where(*mine)).scalar_one())

    # --- what is played -----------------------------------------------------------------------------------------------
    def _recruit(self, wang: Actor, emily: Actor, shen: Actor) -> None:
        """One with three applicants for two seats, one that draws lots at its deadline."""
        manuals = self.publish("manuals")
        self.sign_up(manuals, wang, "做过五年设备说明书，可先校两页看看。", qualifications=("有技术文档经验",))
        self.sign_up(manuals, emily, "Native-level English; I keep a glossary for kitchen equipment.")
        self.sign_up(manuals, shen, "本周可以开始，每天四小时。")
        self.sign_up(self.publish("counting"), emily, "I counted visitors at the spring fair, too.")

    def _negotiate(self, wang: Actor, emily: Actor) -> None:
        """One offer waits for the enterprise, one counter-offer for the worker."""
        mascot = self.publish("mascot")
        self.sign_up(mascot, wang, "三天出草图，两轮修改。", offer_fen=145_000)
        self.sign_up(mascot, emily, "Sketches within two days.", offer_fen=110_000)
        self.player.do(
            self.operator,
            self._negotiation_of(wang),
            "answer_offer",
            {"offer_answer": "counter", "counter_fen": "1200.00", "offer_message": "预算到 1,200，两轮修改可以接受。"},
        )

    def _negotiation_of(self, worker: Actor) -> str:
        """The case in which his price is negotiated: in the demo there is one of each worker."""
        query = select(instance.c.id).join(instance_party, instance_party.c.instance_id == instance.c.id)
        mine = (instance.c.process_key == "negotiation", instance_party.c.party_id == worker.party_id)
        with self.engine.database.read() as connection:
            return str(connection.execute(query.where(*mine)).scalar_one())

    def _offer(self, wang: Actor, shen: Actor) -> None:
        """Piecework awarded at once: one undertaker is under review, one has made two batches."""
        cutouts = self.publish("cutouts")
        self.sign_up(cutouts, shen, "我和两位同事以个人身份各自报名。", quantity=500)
        case = self.work(cutouts, shen)
        self.deliver(case, shen, "第一批 200 张，清单见附件。", "200")
        judged: Fields = {"acceptance_result": "partial", "reason_codes": ["quality"]}
        pieces = {"pieces-accepted": "180", "pieces-rework": "12", "pieces-scrap": "8"}
        self.player.do(self.acceptor, case, "acceptance", {**judged, **pieces, "acceptance_note": "12 张边缘有残留。"})
        self.sign_up(cutouts, wang, "每天可交 60 张。", quantity=400)

    def _deliver(self, wang: Actor, emily: Actor) -> None:
        """One of two works, the other's deliverable waits for the enterprise."""
        captions = self.publish("captions")
        self.sign_up(captions, wang, "可以当天交初稿。")
        self.sign_up(captions, emily, "I wrote the captions of hall 2.")
        self.award(captions, "1", "2")
        self.work(captions, wang)
        self.deliver(self.work(captions, emily), emily, "All 24 captions; two questions are marked in yellow.")

    def _pay(self, emily: Actor) -> None:
        """One that is paid and rated by the worker, and one whose award waits to be confirmed."""
        badges = self.publish("badges")
        self.sign_up(badges, emily, "I type 80 words a minute.")
        self.award(badges, "1")
        case = self.work(badges, emily)
        self.deliver(case, emily, "212 forms; 6 of them could not be read and are listed.")
        self.player.do(self.acceptor, case, "acceptance", {"acceptance_result": "accept"})
        self.player.do(emily, case, "rate_b", {"stars": "5", "tags": ["clear"], "comment": "Paid at once."})
        minutes = self.publish("minutes")
        self.sign_up(minutes, emily, "I can listen to it tonight.")
        self.award(minutes, "1")
        self.player.do(self.reviewer, self.case_of(minutes, emily), "review", APPROVAL)

    def _end_early(self, wang: Actor, shen: Actor) -> None:
        """One in which a worker disputes, the other still has to begin; one given up before the award."""
        guides = self.publish("guides")
        self.sign_up(guides, wang, "住得近，夜班没问题。")
        self.sign_up(guides, shen, "带过布展引导队。")
        self.award(guides, "1", "2")
        self.confirm(guides, wang)
        self.work(guides, shen)
        reason = "到场后被告知只需要一个人，门卫没有放行，要求支付当晚报酬。"
        send = partial(dispute_engagement, self.engine, shen, guides, shen.party_id, new_token(), reason)
        self.player.send(send)
        given_up = self.publish("counting")
        self.player.send(partial(cancel_task, self.engine, self.operator, given_up, new_token(), "展期改到下月。"))
