"""A repair crew on one engine: a dispatcher, a leader with assistants, verifier, auditor, customer, and strangers."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import Table, insert, select, update

from engine.services.identity.people import grant_role
from engine.services.repairs.commands import open_order
from engine.services.repairs.inputs import read_draft
from engine.services.repairs.queries import OrderView, fetch_view
from engine.services.repairs.tables import repair_member, repair_order, repair_turn
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import membership, user
from tests.support.stage import Stage

STAFF = {"dan": "repair_dispatcher", "vera": "repair_verifier", "audra": "auditor"}
TECHNICIANS = ("leo", "ann", "bob", "zoe")
CUSTOMER = "cid"
SPLIT = {"01": "ann", "02": "bob"}
ORDER: dict[str, Plain] = {
    "order_action": "create",
    "customer_party": CUSTOMER,
    "title": "三号楼空调机组停机",
    "description": "早上八点起两台机组报警停机。",
    "site": "杭州市西湖区文三路 1 号",
    "lines": ["1", "2"],
    "lines-1-system": "空调",
    "lines-1-equipment": "AC-01",
    "lines-1-symptom": "压缩机不启动",
    "lines-1-priority": "urgent",
    "lines-2-system": "水泵",
    "lines-2-equipment": "P-02",
    "lines-2-symptom": "异响",
    "lines-2-priority": "usual",
    "repair_due": "2026-11-24T18:00",
}


@dataclass
class Crew:
    """The stage, everybody by name, and the order they are at."""

    stage: Stage
    people: dict[str, Actor] = field(default_factory=dict)
    order: str = ""
    pictures: int = 0

    def __post_init__(self) -> None:
        for name, role in STAFF.items():
            self._open_account(name)
            grant_role(self.stage.engine, SYSTEM, name, PLATFORM, role)
            self.people[name] = self.stage.staff(name, role)
        for name in (*TECHNICIANS, CUSTOMER):
            self._open_account(name)
            self.people[name] = Actor(name, name, "individual", frozenset({"individual"}))
        skilled = (membership.c.user_id.in_(TECHNICIANS)) & (membership.c.role == "individual")
        self.stage.engine.database.transact(
            lambda unit: unit.connection.execute(update(membership).where(skilled).values(skills=["technician"]))
        )

    def _open_account(self, name: str) -> None:
        self.stage._party("person", name)
        now = self.stage.clock()
        row = {"id": name, "login": name, "password_hash": "-", "is_disabled": 0, "created_at": now}
        own = {"user_id": name, "party_id": name, "role": "individual", "skills": []}

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(insert(user), row)
            unit.connection.execute(insert(membership), own)

        self.stage.engine.database.transact(work)

    # --- the order ----------------------------------------------------------------------------------------------------
    def do(self, name: str, element: str, **fields: Plain) -> None:
        """Somebody completes a task of the order."""
        self.stage.do(self.people[name], self.order, element, fields)
        assert not self.stage.incidents(self.order), self.stage.incidents(self.order)

    def send(self, *, leader: str = "leo", assistants: tuple[str, ...] = ("ann", "bob"), deputy: str = "bob") -> None:
        """A dispatcher makes an order and sends it to a team."""
        self.order = open_order(self.stage.engine, self.people["dan"], new_id())
        self.do("dan", "create_repair_order", **ORDER)
        team: dict[str, Plain] = {"leader": leader, "deputy": deputy, "assistants": [*assistants]}
        self.do("dan", "choose_team", team_action="send", **team)

    def begin(self) -> None:
        """The leader accepts and splits: line 1 is Ann's, line 2 Bob's."""
        self.do("leo", "accept_order", answer="accept")
        self.brief()

    def brief(self) -> None:
        """The leader splits the lines."""
        team = self.members()
        owners: dict[str, Plain] = {f"owners-{line}": [one if one in team else "leo"] for line, one in SPLIT.items()}
        self.do("leo", "brief_team", **owners)

    def report(self, name: str, line: str = "01", text: str = "压缩机电容击穿", **fields: Plain) -> None:
        """Somebody sends one finding."""
        element = "own_info" if name == "leo" else "submit_info"
        self.do(name, element, **self.finding(line, text, **fields))

    def finding(self, line: str, text: str, **fields: Plain) -> dict[str, Plain]:
        """One finding as the form sends it."""
        said: dict[str, Plain] = {"line": line, "finding": text, "result": "fixed", **fields}
        return {"findings": ["1"], **{f"findings-1-{key}": value for key, value in said.items()}}

    def photograph(self, name: str, line: str = "01") -> None:
        """Somebody hands in a photo of his own."""
        self.do(name, "upload_photos", photos=[self.upload(name)], **{"photos-line": line, "photos-stage": "after"})

    def upload(self, name: str, number: int = 0) -> str:
        """A picture nobody has uploaded before, or that of a number once more."""
        self.pictures += 1
        stream = BytesIO()
        Image.new("RGB", (64, 48), (40 * (number or self.pictures) % 256, 90, 30)).save(stream, "PNG")
        stream.seek(0)
        engine = self.stage.engine
        return engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, f"{name}.png", stream, name).id
        )

    def everybody_reports(self) -> None:
        """All information and photos are in."""
        self.report("leo", "02", "轴承已更换")
        self.report("ann")
        self.report("bob", "02", "轴承磨损")
        for name in ("leo", "ann", "bob"):
            self.photograph(name)

    def decide(self) -> dict[str, Plain]:
        """The leader's word on all that is open: what looks alike is the same, and the first value stands."""
        with self.stage.engine.database.read() as connection:
            draft = read_draft(connection, self.order)
        said: dict[str, Plain] = {f"merged-pair-{one.id}": "same" for one in draft.pairs}
        return said | {f"merged-choice-{one.id}": one.options[0].text for one in draft.conflicts}

    # --- what came of it ----------------------------------------------------------------------------------------------
    @property
    def row(self) -> Any:
        with self.stage.engine.database.read() as connection:
            return connection.execute(select(repair_order).where(repair_order.c.id == self.order)).one()

    def rows(self, table: Table) -> list[Any]:
        """The rows of a table, in order."""
        with self.stage.engine.database.read() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key)).all())

    def view(self, name: str) -> OrderView:
        """What somebody sees of the order."""
        return fetch_view(self.stage.engine, self.people[name], self.order)

    def members(self) -> dict[str, str]:
        """The ids of the places in the team by name."""
        with self.stage.engine.database.read() as connection:
            query = select(repair_member).where(
                repair_member.c.order_id == self.order, repair_member.c.left_at.is_(None)
            )
            return {row.user_id: row.id for row in connection.execute(query)}

    def turn(self, name: str) -> str:
        """The turn of somebody in the newest round."""
        with self.stage.engine.database.read() as connection:
            query = select(repair_turn.c.id).where(repair_turn.c.member_id == self.members()[name])
            return str(connection.execute(query.order_by(repair_turn.c.round.desc()).limit(1)).scalar_one())
