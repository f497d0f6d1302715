"""Verbs of a hire order for the tests: publish, take, hand over, review, and what came of it."""

import itertools
from dataclasses import dataclass
from io import BytesIO

from sqlalchemy import RowMapping, select

from engine.queries.inbox import list_tasks
from engine.services.ledger import accounts, rules
from engine.services.ledger.checks import check_books
from engine.services.ledger.posting import balance_of
from engine.services.orders.commands import create_order, take_order
from engine.services.orders.tables import hire_order
from engine.storage.actor import SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from tests.support.cases import accept_decision, to_arbiter
from tests.support.stage import Stage

REWARD_FEN = 33_330
NET_FEN = 29_997  # worked example 5: fee 10 %
FEE_FEN, VAT_FEN = 3_333, 189
DEMAND: PlainDict = {
    "title": "会议室投影调试（两间）",
    "category": "installation",
    "content": "两间会议室各有一台新投影，请完成吊装微调、梯形校正和分辨率设置，线缆全部进线槽。",
    "result_spec": "完工照片不少于 6 张，端口对照表 1 份。",
    "place_mode": "on_site",
    "district": "杭州 西湖区",
    "address": "文三路 90 号 7 楼 701",
    "environment": "办公楼 7 层，有电梯。",
    "service_from": "2026-11-28T14:00",
    "service_to": "2026-11-28T18:00",
    "safety_notes": "需登梯 2.4 m。",
    "taker_kinds": "any",
    "contact_name": "李文博",
    "contact_phone": "13800001234",
    "reward_fen": "333.30",
    "funds_method": "online",
}
MILESTONES: PlainDict = {
    "milestones": ["1", "2", "3"],
    "milestones-1-title": "小会议室",
    "milestones-1-share_bps": "33.33",
    "milestones-2-title": "大会议室",
    "milestones-2-share_bps": "33.33",
    "milestones-3-title": "端口对照表",
    "milestones-3-share_bps": "33.34",
}
NETS_FEN = (9_998, 9_998, 10_001)  # of REWARD_FEN in these milestones; the fee is 1111 each
CHECKLIST = ("complete", "lawful", "no_contact", "plausible", "files_opened")
_photos = itertools.count(1)


@dataclass
class Hiring:
    """One market: a publisher with money, people who may take orders, and the platform's staff."""

    stage: Stage

    def __post_init__(self) -> None:
        self.publisher = self.stage.person("publisher")
        self.taker = self.stage.person("taker")
        self.other = self.stage.person("other")
        self.reviewer = self.stage.staff("reviewer", "platform_reviewer")
        self.arbiter = self.stage.staff("arbiter", "arbiter")
        self.fund("publisher", 100_000)

    # --- steps ------------------------------------------------------------------------------------------------------
    def fund(self, party: str, amount_fen: int) -> None:
        """Money in a party's wallet, as a payment provider would have confirmed it."""
        reference = new_id()
        origin = rules.Origin(key=reference, at=self.stage.clock(), actor_id=SYSTEM.user_id)

        def work(unit: UnitOfWork) -> None:
            book = rules.Book(unit.connection, self.stage.engine.keys, origin)
            rules.top_up(book, provider="simulator", party_id=party, amount_fen=amount_fen, provider_ref=reference)

        self.stage.engine.database.transact(work)

    def draft(self, actor: Actor | None = None) -> str:
        """A new order whose demand is still to be described."""
        order_id = create_order(self.stage.engine, actor or self.publisher, new_id())
        self.stage.settle()
        assert self.stage.incidents(order_id) == []
        return order_id

    def publish(self, **changed: Plain) -> str:
        """An order on the market."""
        order_id = self.draft()
        self.stage.do(self.publisher, order_id, "describe_demand", {**DEMAND, **changed})
        assert self.stage.incidents(order_id) == []
        return order_id

    def take(self, order_id: str, actor: Actor | None = None) -> int:
        """The order is the taker's."""
        version = take_order(self.stage.engine, actor or self.taker, order_id, new_id())
        self.stage.settle()
        return version

    def start(self, order_id: str) -> None:
        self.stage.do(self.taker, order_id, "start_work", {"has_started": "true"})

    def hand_over(self, order_id: str) -> None:
        photo = self.photo(self.taker)
        at = self.stage.clock().astimezone(self.stage.engine.zone).strftime("%Y-%m-%dT%H:%M")
        summary = "全部完成，照片与对照表见附件。"
        fields: PlainDict = {"summary": summary, "files": [photo], "receiver": "李文博", "handed_over_at": at}
        self.stage.do(self.taker, order_id, "hand_over", fields)

    def photo(self, actor: Actor) -> str:
        """A stored photo of the actor's own."""
        content = BytesIO(b"\x89PNG\r\n\x1a\n" + next(_photos).to_bytes(8, "big"))
        engine = self.stage.engine
        stored = engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, "photo.png", content, actor.party_id)
        )
        return stored.id

    def arbitrate(self, order_id: str, fields: PlainDict, number: int = 1, respondent: Actor | None = None) -> None:
        """The present case of an order goes all the way to an arbiter, and nobody appeals."""
        to_arbiter(self.stage, order_id, f"{order_id}-{number}", respondent or self.taker)
        self.stage.do(self.arbiter, order_id, "arbitrate", fields)
        accept_decision(self.stage, order_id, self.publisher, self.taker)

    def review(self, order_id: str, decision: str) -> None:
        """The platform's answer to the audit of the result: approve, return or reject."""
        if decision == "approve":
            checked: PlainDict = dict.fromkeys((f"checklist-{item}" for item in CHECKLIST), "yes")
        else:
            checked = {"reason_codes": ["not_as_agreed"], "note_to_submitter": "照片不足以证明全部完成。"}
        self.stage.do(self.reviewer, order_id, "review", {"decision": decision, **checked})

    def reject(self, order_id: str) -> None:
        """The platform rejects the result, and the taker does not appeal."""
        self.review(order_id, "reject")
        self.stage.do(self.taker, order_id, "appeal", {"appeal_decision": "accept"})

    def answer(self, order_id: str, answer: str) -> None:
        """The publisher's answer to the result."""
        fields = {"publisher_answer": answer}
        if answer == "object":
            fields["objection"] = "两间会议室都没有完成梯形校正。"
        self.stage.do(self.publisher, order_id, "confirm_or_object", fields)

    def accept(self, order_id: str) -> None:
        """The platform passes the result and the publisher confirms it."""
        self.review(order_id, "approve")
        self.answer(order_id, "confirm")

    def to_inspection(self) -> str:
        """An order whose result was handed over."""
        order_id = self.publish()
        self.take(order_id)
        self.start(order_id)
        self.hand_over(order_id)
        return order_id

    # --- what came of it --------------------------------------------------------------------------------------------
    def row(self, order_id: str) -> RowMapping:
        with self.stage.engine.database.read() as connection:
            return connection.execute(select(hire_order).where(hire_order.c.id == order_id)).mappings().one()

    def state(self, order_id: str) -> str:
        return str(self.row(order_id)["state"])

    def wallet(self, party: str) -> int:
        return self._balance(accounts.wallet(party))

    def escrow(self, order_id: str) -> int:
        return self._balance(accounts.escrow(order_id))

    def _balance(self, account: str) -> int:
        with self.stage.engine.database.read() as connection:
            return balance_of(connection, account)

    def tasks_of(self, actor: Actor, order_id: str) -> set[str]:
        """Elements the actor may act on now."""
        rows = list_tasks(self.stage.engine, actor, limit=200).rows
        return {row.element.id for row in rows if row.instance_id == order_id}

    def check(self, order_id: str, outcome: str, state: str) -> None:
        """The order ended there, nothing is left in its escrow, nothing waits, and the books are right."""
        assert self.stage.incidents(order_id) == []
        assert (self.stage.outcome(order_id), self.state(order_id)) == (outcome, state)
        assert self.escrow(order_id) == 0
        assert self.stage.open(order_id) == set()
        with self.stage.engine.database.read() as connection:
            assert check_books(connection) == []
