"""The permission matrix of a repair (B.10), every cell a request with its expected status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.records.history import read_stream
from engine.services.repairs.tables import repair_info, repair_photo
from engine.storage.actor import PLATFORM
from engine.storage.ids import new_token
from engine.storage.tables import task, user
from tests.engine.services.repairs.crew import STAFF, Crew
from tests.support.stage import Stage
from tests.support.web import make_app
from tests.web.visitor import PASSWORD, TOKEN, Visitor, hash_password

#             leader, deputy not appointed, assistant, dispatcher, verifier, auditor, customer, a technician of no team
EVERYBODY = ("leo", "bob", "ann", "dan", "vera", "audra", "cid", "zoe")
TEAM_ONLY_ITSELF = "404 404 200 404 404 404 404 404"
WORKING: Mapping[str, str] = {
    "read the order": "200 200 200 200 200 200 200 404",
    "open ann's information task": TEAM_ONLY_ITSELF,
    "open ann's photo task": TEAM_ONLY_ITSELF,
    "send information for ann": "404 404 422 404 404 404 404 404",
    "upload photos for ann": "404 404 422 404 404 404 404 404",
    "submit the report": "409 403 403 403 403 403 403 404",
    "go on without bob": "409 403 403 403 403 403 403 404",
    "add information late": "409 409 409 403 403 403 403 404",
    "appoint nobody": "409 403 403 409 403 403 403 404",
    "replace nobody": "403 403 403 409 403 403 403 404",
    "cancel without a reason": "403 403 403 409 403 403 403 404",
}
MERGED: Mapping[str, str] = {
    "edit ann's information": "404 404 404 409 409 409 409 404",  # it is done, as those of the case are told
    "change ann's photos": "404 404 404 409 409 409 409 404",
    "read ann's information": "200 403 200 403 200 200 403 404",
    "read bob's information": "200 200 403 403 200 200 403 404",
    "see ann's photo": "200 403 200 403 200 200 403 404",
    "see ann's photo small": "200 403 200 403 200 200 403 404",
    "fetch ann's photo as a file": "404 404 200 404 404 200 404 404",
    "read the merged text to acknowledge": "404 404 200 404 404 404 404 404",
    "edit the merged text": "404 404 404 404 404 404 404 404",
    "open ann's information to the team": "303 403 403 403 403 403 403 404",
    "read ann's information once it is open": "200 200 200 403 200 200 403 404",
}
SUBMITTED: Mapping[str, str] = {
    "open the report task": "200 404 404 404 404 404 404 404",
    "read the report that was handed in": "200 200 200 200 200 200 403 404",
    "have its bytes, with all raw information": "200 403 403 403 200 200 403 404",
    "read a report that does not exist": "404 404 404 404 404 404 404 404",
    "verify": "404 404 404 404 200 404 404 404",
}


@dataclass
class Matrix:
    """Everybody signed in, before one order."""

    crew: Crew
    visitors: dict[str, Visitor]
    csrf: dict[str, str]
    tasks: dict[str, str]

    def ask(self, cell: str) -> str:
        """What everybody gets."""
        return " ".join(str(self.send(name, *self._find(cell))) for name in EVERYBODY)

    def send(self, name: str, path: str, fields: dict[str, str] | None) -> int:
        """The status somebody gets; without fields it is a page that is opened."""
        visitor = self.visitors[name]
        if fields is None:
            return visitor.get(path).status_code
        sent = {"csrf_token": self.csrf[name], "token": new_token(), **fields}
        return visitor.client.post(path, data=sent, **visitor.options).status_code

    def _find(self, cell: str) -> tuple[str, dict[str, str] | None]:
        order = f"/repairs/{self.crew.order}"
        paths: dict[str, tuple[str, dict[str, str] | None]] = {
            "read the order": (order, None),
            "submit the report": (f"{order}/submit", {}),
            "go on without bob": (f"{order}/close", {"turn": "none", "reason": "迟到"}),
            "add information late": (f"{order}/add", {"line": "01", "text": "补充"}),
            "appoint nobody": (f"{order}/appoint", {"member": "none"}),
            "replace nobody": (f"{order}/replace", {"member": "none", "user": "zoe", "reason": "请假"}),
            "cancel without a reason": (f"{order}/cancel", {"reason": " "}),
            "read the report that was handed in": (f"{order}/reports/1.html", None),
            "have its bytes, with all raw information": (f"{order}/reports/1.json", None),
            "read a report that does not exist": (f"{order}/reports/99.json", None),
        }
        return paths.get(cell) or self._find_part(order, cell)

    def _find_part(self, order: str, cell: str) -> tuple[str, dict[str, str] | None]:
        if cell in self.tasks:
            is_sent = cell.startswith(("send", "upload", "edit ann", "change"))
            return f"/tasks/{self.tasks[cell]}", {} if is_sent else None
        infos, photos = self._rows()
        paths: dict[str, tuple[str, dict[str, str] | None]] = {
            "read ann's information": (f"{order}/infos/{infos['ann']}", None),
            "read ann's information once it is open": (f"{order}/infos/{infos['ann']}", None),
            "read bob's information": (f"{order}/infos/{infos['bob']}", None),
            "see ann's photo": (f"{order}/photos/{photos['ann'][0]}", None),
            "see ann's photo small": (f"{order}/photos/{photos['ann'][0]}?small=1", None),
            "fetch ann's photo as a file": (f"/files/{photos['ann'][1]}", None),
            "open ann's information to the team": (f"{order}/open-info", {"info": infos["ann"]}),
        }
        return paths[cell]

    def _rows(self) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
        owners = {place: name for name, place in self.crew.members().items()}
        with self.crew.stage.engine.database.read() as connection:
            infos = {owners[row.member_id]: row.id for row in connection.execute(select(repair_info))}
            photos = {owners[row.member_id]: (row.id, row.file_id) for row in connection.execute(select(repair_photo))}
        return infos, photos


@pytest.fixture
def crew(stage: Stage) -> Crew:
    crew = Crew(stage)
    hashed = {"password_hash": hash_password(PASSWORD)}
    stage.engine.database.transact(lambda unit: unit.connection.execute(update(user).values(hashed)))
    return crew


@pytest.fixture
def app(crew: Crew) -> Flask:
    return make_app(crew.stage.engine)


@pytest.fixture
def enter(app: Flask, crew: Crew) -> Callable[[], Matrix]:
    def go() -> Matrix:
        visitors = {name: Visitor(app, address=f"10.0.0.{place}") for place, name in enumerate(EVERYBODY, 1)}
        for name, visitor in visitors.items():
            visitor.sign_in(name)
            visitor.act_as(PLATFORM if name in STAFF else name, STAFF.get(name, "individual"))
        csrf = {}
        for name, visitor in visitors.items():
            found = TOKEN.search(visitor.get("/repairs").text)
            assert found is not None
            csrf[name] = found[1]
        return Matrix(crew, visitors, csrf, {})

    return go


def task_of(crew: Crew, name: str, element: str) -> str:
    return crew.stage.task_id(crew.people[name], crew.order, element)


def test_every_cell_of_the_matrix(crew: Crew, enter: Callable[[], Matrix]) -> None:
    crew.send()
    crew.begin()
    matrix = enter()
    info, photos = task_of(crew, "ann", "submit_info"), task_of(crew, "ann", "upload_photos")
    matrix.tasks = {
        "open ann's information task": info,
        "open ann's photo task": photos,
        "send information for ann": info,
        "upload photos for ann": photos,
        "edit ann's information": info,
        "change ann's photos": photos,
    }
    assert {cell: matrix.ask(cell) for cell in WORKING} == WORKING

    crew.everybody_reports()
    matrix.tasks["edit the merged text"] = task_of(crew, "leo", "merge_and_analyse")
    assert matrix.send("leo", *matrix._find("edit the merged text")) == 200
    crew.do("leo", "merge_and_analyse", analysis="已恢复。", **crew.decide())
    matrix.tasks["read the merged text to acknowledge"] = task_of(crew, "ann", "ack_merge")
    assert {cell: matrix.ask(cell) for cell in MERGED} == MERGED

    crew.do("ann", "ack_merge", ack="agree")
    crew.do("bob", "ack_merge", ack="agree")
    matrix.tasks["open the report task"] = task_of(crew, "leo", "submit_report")
    assert matrix.ask("open the report task") == SUBMITTED["open the report task"]
    assert matrix.send("ann", *matrix._find("submit the report")) == 403
    assert matrix.send("leo", *matrix._find("submit the report")) == 303
    crew.do("leo", "fix_gaps", explanation="现场不许拍照。")
    matrix.tasks["verify"] = task_of(crew, "vera", "verify")
    rest = {cell: status for cell, status in SUBMITTED.items() if cell != "open the report task"}
    assert {cell: matrix.ask(cell) for cell in rest} == rest
    assert list_refused(crew)["ann"] >= {"submit", "close", "appoint", "replace", "cancel", "open_info"}


def list_refused(crew: Crew) -> dict[str, set[str]]:
    """What the history of the case says was refused, by person."""
    found: dict[str, set[str]] = {}
    with crew.stage.engine.database.read() as connection:
        for row in read_stream(connection, crew.order):
            for event in row.events:
                if event["kind"] == "repair_refused":
                    found.setdefault(str(event["by"]), set()).add(str(event["act"]))
    return found


def test_a_deputy_may_submit_once_he_is_appointed(crew: Crew, enter: Callable[[], Matrix]) -> None:
    """Acceptance scenario 38."""
    crew.send()
    crew.begin()
    crew.everybody_reports()
    crew.do("leo", "merge_and_analyse", analysis="已恢复。", **crew.decide())
    crew.do("ann", "ack_merge", ack="agree")
    crew.do("bob", "ack_merge", ack="agree")
    matrix = enter()
    order, bob = f"/repairs/{crew.order}", {"member": crew.members()["bob"]}
    assert matrix.send("bob", f"{order}/submit", {}) == 403
    assert list_refused(crew) == {"bob": {"submit"}}
    assert matrix.send("leo", f"{order}/appoint", bob) == 303
    assert matrix.send("bob", f"{order}/submit", {}) == 303
    assert crew.row.state == "merged"
    with crew.stage.engine.database.read() as connection:
        left = select(task.c.element).where(task.c.instance_id == crew.order)
        assert set(connection.execute(left).scalars()) == {"fix_gaps"}
