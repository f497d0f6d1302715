"""One repair of a whole team, told step by step, with proofs."""

from collections.abc import Mapping

from sqlalchemy import func, select

from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.services.repairs.commands import submit_report
from engine.services.repairs.inputs import read_draft, read_report
from engine.services.repairs.queries import fetch_view
from engine.services.repairs.reports import list_reports
from engine.services.repairs.tables import repair_info, repair_photo
from engine.services.verification import verify
from engine.storage.ids import new_token
from engine.storage.tables import session
from web.demo.player import Player
from web.demo.repairs import CAPACITOR, LINES, RepairOffice
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

MAX_ASSISTANTS, MAX_CONFLICTS = 20, 5
_MEASURES = ("启动电容", "绕组电阻", "运行电流", "排气温度", "吸气压力")


def play_repair(assistants: int, conflicts: int) -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    if not (1 <= assistants <= MAX_ASSISTANTS and 0 <= conflicts <= MAX_CONFLICTS):
        print(f"Expected 1 to {MAX_ASSISTANTS} assistants and 0 to {MAX_CONFLICTS} conflicts.")
        return 1
    if conflicts and assistants < 2:  # it takes two to differ
        print("Expected two assistants at least for a conflict.")
        return 1
    with open_throwaway() as (engine, clock):
        return Repairing(engine, clock).run(assistants, conflicts)


class Repairing:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock) -> None:
        self.engine, self.clock = engine, clock
        self.player = Player(engine)
        customer = self.player.person("zhou", "baton-demo", "周敏", "Zhou Min")
        self.player.certify(customer.party_id)
        self.office = RepairOffice(self.player, customer)
        self.team = ["hao", "shi", "peng"]
        self.sent = 0

    def run(self, assistants: int, conflicts: int) -> int:
        """The whole repair; the exit code."""
        self.team = self.team[:assistants]
        for number in range(len(self.team), assistants):
            login = f"a{number + 1}"
            self.office.hire(login, f"辅助 {number + 1}", f"Assistant {number + 1}")
            self.team.append(login)
        order = self.office.send("3 号楼空调机组停机", "ding", self.team, deputy=self.team[0])
        say(f"Cao sends a repair order of {len(LINES)} lines to Ding and {assistants} assistants, who split them.")
        self._send_photos(order)
        photos_first = (
            self._count(order, repair_photo) > 0 and not self._count(order, repair_info) + self._count_sessions()
        )
        self._send_infos(order, conflicts)
        found = self._merge(order, conflicts)
        refused = self._submit(order)
        self._finish(order)
        return self._prove(order, found, conflicts, refused, photos_first)

    def _send_photos(self, order: str) -> None:
        for place, login in enumerate(self.team):
            line = f"{place % len(LINES) + 1:02d}"
            self.office.photograph(login, order, (line, "before", "维修前"), (line, "after", "维修后"))
        say(f"{len(self.team)} members hand in their photos straight to the server; the leader is signed out.")

    def _send_infos(self, order: str, conflicts: int) -> None:
        for place, login in enumerate(self.team):
            measured = [{**CAPACITOR, **_measure(number, place)} for number in range(conflicts)] if place < 2 else []
            findings: list[Mapping[str, str]] = [*measured] or [CAPACITOR]
            findings += [
                {"line": f"{place % len(LINES) + 1:02d}", "fault_code": "X-01", "finding": "紧固件松动，已紧固"}
            ]
            self.office.report(login, order, *findings)
            self.sent += len(findings)
        own = [
            {"line": f"{place + 1:02d}", "fault_code": "X-01", "finding": "紧固件松动"} for place in range(len(LINES))
        ]
        self.office.report("ding", order, *own, is_own=True)
        self.sent += len(own)
        say(f"Everybody sends information to the leader: {self.sent} statements in all.")

    def _merge(self, order: str, conflicts: int) -> int:
        with self.engine.database.read() as connection:
            draft = read_draft(connection, order)
        say(
            f"Folded: {draft.statements_in} statements became {len(draft.statements)}, {conflicts} conflicts to decide."
        )
        self.office.merge("ding", order, "电容失效导致停机，其余为紧固件松动。")
        self.office.do(self.team[0], order, "ack_merge", {"ack": "dissent", "dissent_note": "排气温度偏高未写明。"})
        for login in self.team[1:]:
            self.office.do(login, order, "ack_merge", {"ack": "agree"})
        say(f"The leader decides; {self.team[0]} dissents, which is recorded, the others agree.")
        return len(draft.conflicts)

    def _submit(self, order: str) -> int:
        refused = 0
        for login in (*self.team, "cao", "yan"):
            try:
                submit_report(self.engine, self.office.people[login], order, new_token())
            except Forbidden:
                refused += 1
        self.player.send(lambda: submit_report(self.engine, self.office.people["ding"], order, new_token()))
        say(f"{refused} others try to submit the report and are refused; the leader submits it.")
        return refused

    def _finish(self, order: str) -> None:
        self.office.do("ding", order, "upload_photos", {"no_photo_reason": "照片由辅助人员拍摄。"})
        if self.office.state(order) == "merged":
            self.office.do("ding", order, "fix_gaps", {"explanation": "该处无须拍照。"})
        self.office.do("yan", order, "verify", {"verdict": "accept"})
        signature: Mapping[str, str] = {"signature-name": "周敏", "signature-path": "M40 120L90 60L140 130L220 70"}
        self.office.do(self.office.customer, order, "customer_sign_off", {"sign_off": "sign", **signature})
        say(
            "The server merges report and photos; Yan verifies, the customer signs on the phone, the report is put out."
        )

    def _prove(self, order: str, found: int, conflicts: int, refused: int, photos_first: bool) -> int:
        with self.engine.database.read() as connection:
            report = read_report(connection, order)
            again = read_report(connection, order).to_bytes()
            kept = list_reports(connection, order)
            noted = [
                one for row in read_stream(connection, order) for one in row.events if one["kind"] == "repair_refused"
            ]
        draft, photos = report.draft, self._count(order, repair_photo)
        is_hidden = self._is_hidden(order)
        findings = list(verify(self.engine))
        held = [
            prove(
                "a second merge gives the same bytes",
                report.sha256 == kept[0]["sha256"] and again == report.to_bytes(),
                report.sha256[:16],
            ),
            prove(
                "repetition is folded",
                len(draft.statements) < draft.statements_in,
                f"{draft.statements_in} → {len(draft.statements)}",
            ),
            prove("every statement names its sources", all(one.sources for one in draft.statements)),
            prove("every conflict is listed and decided", found == conflicts == len(draft.conflicts), f"{found}"),
            prove(
                "only the leader submits; refusals are in the history",
                refused == len(noted) == len(self.team) + 2,
                f"{refused}",
            ),
            prove("an assistant sees neither information nor photos of another", is_hidden),
            prove(
                "photos came while the leader was signed out and before any information",
                photos_first,
                f"{photos} photos",
            ),
            prove(
                "nothing is lost",
                draft.statements_in == self.sent and len(report.photos) == photos == 2 * len(self.team),
            ),
            prove("the dissent stands in the report", len(report.dissents) == 1),
            prove("all that is remembered is verified", not findings),
        ]
        return 0 if all(held) else 1

    def _is_hidden(self, order: str) -> bool:
        view = fetch_view(self.engine, self.office.people[self.team[0]], order)
        own = view.access.former_ids
        try:
            fetch_view(self.engine, self.office.hire("nobody", "外人", "Stranger"), order)
        except NotFound:
            return all(row["member_id"] in own for row in (*view.infos, *view.photos))
        return False

    def _count_sessions(self) -> int:
        """How often the leader is signed in."""
        query = select(func.count()).select_from(session).where(session.c.user_id == self.office.id_of("ding"))
        with self.engine.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _count(self, order: str, table: object) -> int:
        query = select(func.count()).select_from(table).filter_by(order_id=order)  # type: ignore[arg-type]
        with self.engine.database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _measure(number: int, place: int) -> dict[str, str]:
    """One measurement two people have differing values of."""
    said = {"measure_name": _MEASURES[number], "measure_value": str(20 + number + 3 * place), "measure_unit": "μF"}
    return {"component": f"压缩机 {number + 1}", **said}
