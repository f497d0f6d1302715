"""One express task from its list to the statement, told step by step, with proofs at its end."""

import csv
import io
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import local
from time import perf_counter, thread_time

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event, func, select
from stdnum.cn import ric

from engine.commands.tasks import complete_task
from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.runtime.tasks import fetch_task
from engine.scenarios.pasts import hold_number
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.express.commands import create_express_task
from engine.services.express.importing import import_list
from engine.services.express.states import fetch_task as fetch_express_task
from engine.services.express.tables import express_line
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.tables import account, journal
from engine.services.payments.methods import set_payout_method
from engine.services.todos.tables import todo_item
from engine.services.verification import count_rows, verify
from engine.storage.actor import Actor
from engine.storage.ids import new_id, new_token
from engine.storage.tables import task
from web.demo.data import Cast, gather
from web.demo.demands import Fields
from web.demo.player import APPROVAL, PIXEL, Player, as_submitted
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

MIN_LINES, MAX_LINES = 8, 10_000
PAY_FEN = 400  # so little that also of a long list no second reviewer is asked
BAD = {1: "555", 2: "555", 3: "555"}  # lines whose phone is none; the first is mended
SILENT, DENIED, CORRECTED, WITHDRAWN = 4, 5, 6, 7
"""Lines whose people do something else than confirm."""


def play_express(lines: int) -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    if not MIN_LINES <= lines <= MAX_LINES:
        print(f"Expected {MIN_LINES} to {MAX_LINES} lines, but got {lines}.")
        return 1
    with open_throwaway() as (engine, clock):
        return Express(engine, clock, lines).run()


class Stopwatch:
    """What the longest committed transaction cost, in seconds of computing: on the wall it waits for others."""

    def __init__(self) -> None:
        self.longest, self._began = 0.0, local()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listens to every database of this process meanwhile."""
        listeners = (("begin", self._begin), ("commit", self._end))
        for name, listener in listeners:
            event.listen(SqlEngine, name, listener)
        yield
        for name, listener in listeners:
            event.remove(SqlEngine, name, listener)

    def _begin(self, _connection: object) -> None:
        self._began.at = thread_time()

    def _end(self, _connection: object) -> None:
        self.longest = max(self.longest, thread_time() - self._began.at)


class Express:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock, lines: int) -> None:
        self.engine, self.clock, self.lines = engine, clock, lines
        self.player, self.watch = Player(engine), Stopwatch()

    def run(self) -> int:
        """The whole case; the exit code."""
        with self.watch.running():
            return self._run()

    def _run(self) -> int:
        cast = gather(self.player)
        self.player.grant(cast.gao, "platform", "todo_handler")
        self.player.top_up(cast.enterprise, PAY_FEN * self.lines)
        people = {number: self._admit(number) for number in range(1, self.lines + 1) if number != SILENT}
        self.watch.longest = 0.0
        task_id = self._list_people(cast)
        self._review(cast, task_id)
        began, cases = perf_counter(), self._list_cases()
        self.answer_all(cast, {cases[number]: (number, actor) for number, actor in people.items() if number in cases})
        self._report("confirmed and paid", began)
        self.clock.at += timedelta(days=8)
        settle(self.engine)
        with self.engine.database.read() as connection:
            say(f"Time is over; the task is {fetch_express_task(connection, task_id)['state']}.")
        return self._prove(task_id)

    def _admit(self, number: int) -> Actor:
        name = f"承接人{number}"
        actor = self.player.person(f"worker{number}", new_id(), name, f"Worker {number}")
        self.player.certify(actor.party_id)
        hold_number(self.engine, actor, _number_of(number))
        account_no = f"62220000{number:08}"
        set_payout_method(self.engine, actor, kind="bank", account=account_no, holder=name, is_verified=True)
        return actor

    def _list_people(self, cast: Cast) -> str:
        token = new_token()
        task_id = self.player.send(lambda: create_express_task(self.engine, cast.enterprise, token))
        began = perf_counter()
        import_list(self.engine, cast.enterprise, task_id, new_token(), self._write_list(BAD))
        self._report("imported", began)
        fields: Fields = {
            "title": "展会布展与撤展",
            "category": "event",
            "content": "在展会现场完成三天的布展、值守与撤展，每人每天八小时，已由现场主管签字。",
            "period_from": "2026-11-18",
            "period_to": "2026-11-20",
            "deliverable_source": "enterprise",
            "evidence": [self.player.upload(cast.enterprise, "sheet.png", PIXEL + task_id.encode())],
            "confirm_deadline_days": "7",
            "fee_bearer": "deducted_from_pay",
            "declaration": "true",
        }
        self._do(cast.enterprise, task_id, "draft_express", fields)
        say(f"{len(BAD)} lines have faults; the enterprise mends one and goes on without the others.")
        mended = {number: phone for number, phone in BAD.items() if number != 1}
        import_list(self.engine, cast.enterprise, task_id, new_token(), self._write_list(mended))
        began = perf_counter()
        self._do(cast.enterprise, task_id, "fix_list", {"list_choice": "leave_out"})
        self._report("checked, funded and awarded", began)
        return task_id

    def _write_list(self, bad: dict[int, str]) -> bytes:
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("姓名", "证件号码", "手机号", "报酬"))
        for number in range(1, self.lines + 1):
            phone = bad.get(number, f"138{number:08}")
            rows.writerow((f"承接人{number}", _number_of(number), phone, f"{PAY_FEN / 100:.2f}"))
        return text.getvalue().encode()

    def _review(self, cast: Cast, task_id: str) -> None:
        began = perf_counter()
        while (found := self._find(task_id, "review")) is not None:
            self._complete(cast.gao, found, APPROVAL)
        self._report("approved and sent", began)

    def answer_all(self, cast: Cast, people: Mapping[str, tuple[int, Actor]]) -> None:
        """Has everybody answer: the number of his line and who he is, by the case of the line."""
        for case, (number, actor) in people.items():
            self.answer(cast, actor, number, case)

    def answer(self, cast: Cast, actor: Actor, number: int, case: str) -> None:
        """One person's letter and answers."""
        self._sign(actor, case, number)
        if number == DENIED:
            self._do(actor, case, "view_confirmation", {"took_part": "no"})
            return
        if number in (CORRECTED, WITHDRAWN):
            wrong = {"confirm_info": "no", "problem_type": "amount", "problem_text": "约定的报酬不同"}
            self._do(actor, case, "view_confirmation", {"took_part": "yes", **wrong})
            choice = "correct" if number == CORRECTED else "withdraw"
            corrected = {"correction_choice": choice, "pay_fen": f"{PAY_FEN / 200:.2f}"}
            self._do(cast.enterprise, case, "correct_line", {**corrected})
        if number != WITHDRAWN:
            self._do(actor, case, "view_confirmation", {"took_part": "yes", "confirm_info": "yes"})
            self._do(actor, case, "final_confirm", {"final_answer": "yes"})

    def _sign(self, actor: Actor, case: str, number: int) -> None:
        found = self._find(case, "sign_commitment")
        if found is None:
            raise LookupError(f"Expected the letter of line {number} to be open, but it is not")
        typed = read_and_accept(self.engine, actor, fetch_task(self.engine, actor, found), "agreements")
        code = ask_for_code(self.engine, actor, case)
        self._complete(actor, found, {"letter_choice": "sign", **typed, "signer_name": f"承接人{number}", "code": code})

    def _prove(self, task_id: str) -> int:
        findings = list(verify(self.engine))
        left_out, returned = len(BAD) - 1, 3
        with self.engine.database.read() as connection:
            lines = select(express_line.c.state, func.count()).where(
                express_line.c.list_id == fetch_express_task(connection, task_id)["list_id"],
                express_line.c.faults == [],
            )
            states = {row.state: row[1] for row in connection.execute(lines.group_by(express_line.c.state))}
            frozen = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(account.c.code.like("escrow:%"))
            escrow_fen = connection.execute(frozen).scalar_one()
            difference_fen = trial_balance(connection).difference_fen
            settled = select(journal.c.order_ref, func.count()).where(journal.c.rule == "P-SETTLE")
            paid = [row[1] for row in connection.execute(settled.group_by(journal.c.order_ref))]
            alerts = connection.execute(select(func.count()).select_from(todo_item)).scalar_one()
            counts = count_rows(connection)
        ends = {"paid": self.lines - left_out - returned, "denied": 1, "refunded": 1, "expired": 1}
        held = [
            prove("one bad line stops nothing", states == ends, str(states)),
            prove("whoever confirmed was paid once", paid == [1] * ends["paid"], f"{len(paid)} settlements"),
            prove("the misused identity is looked into", alerts == 1, f"{alerts} item"),
            prove("the escrows are 0", escrow_fen == 0, f"{escrow_fen} fen"),
            prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1

    def _do(self, actor: Actor, case: str, element: str, fields: Fields) -> None:
        """Completes the open task of an element, once whatever is due is done."""
        found = self._find(case, element)
        if found is None:
            raise LookupError(f"Expected {element} to be open for {actor.role}, but it is not")
        self._complete(actor, found, fields)

    def _complete(self, actor: Actor, task_id: str, fields: Fields) -> None:
        token = new_token()
        self.player.send(lambda: complete_task(self.engine, actor, task_id, token, as_submitted(fields)))

    def _find(self, case: str, element: str) -> str | None:
        with self.engine.database.read() as connection:
            query = select(task.c.id).where(task.c.instance_id == case, task.c.element == element).limit(1)
            return connection.execute(query).scalar_one_or_none()

    def _list_cases(self) -> dict[int, str]:
        """The case of each line that was sent, by its number."""
        return dict(self._read_cases())

    def _read_cases(self) -> Iterator[tuple[int, str]]:
        of_line = select(express_line.c.number, express_line.c.case_id).where(express_line.c.case_id.is_not(None))
        with self.engine.database.read() as connection:
            for row in connection.execute(of_line):
                yield row.number, row.case_id

    def _report(self, what: str, began: float) -> None:
        seconds = perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        longest = self.watch.longest * 1000
        speed = f"{self.lines / seconds:.0f} lines a second"
        say(f"{self.lines} lines {what}: {speed}, {peak_mb:.0f} MB, longest transaction {longest:.0f} ms.")


def _number_of(seed: int) -> str:
    """A resident number with a right check digit, another one for each seed."""
    day, series = divmod(seed, 900)
    body = f"1101011990{1 + day // 27 % 12:02}{1 + day % 27:02}{series:03}"
    return body + str(ric.calc_check_digit(body + "0"))
