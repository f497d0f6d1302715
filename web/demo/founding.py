"""One enterprise onboarding from its registration to its activation, told step by step, with proofs at its end."""

from datetime import timedelta

from sqlalchemy import select

from engine.commands.tasks import complete_task
from engine.runtime.engine import Engine
from engine.runtime.tasks import fetch_task
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.agreements.signatures import list_signatures
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import groups_of
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.views import wallet_view
from engine.services.onboarding.enterprise_tables import enterprise_certification, test_transfer
from engine.services.onboarding.filling import enter_test_amount
from engine.services.onboarding.registration import ENTERPRISE, Registration, register
from engine.services.payments.methods import describe_method
from engine.services.verification import count_rows, verify
from engine.services.work_tasks.eligibility import find_publishing_obstacle
from engine.storage.actor import Actor
from engine.storage.ids import new_id, new_token
from engine.storage.tables import instance
from web.demo.data import gather
from web.demo.demands import Fields
from web.demo.player import APPROVAL, PIXEL, Player, as_submitted
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

COMPANY, CODE, ACCOUNT = "杭州远航会展有限公司", "91330106MA2H5BQ84E", "6222020000008888"  # made up, as all of it
REP, REP_NUMBER = "林清", "330106198506120015"
STATED: Fields = {
    "legal_name": COMPANY,
    "register_country": "CN",
    "registered_address": "杭州市西湖区文三路 90 号",
    "industry": "culture",
    "rep_name": REP,
    "rep_id_no": REP_NUMBER,
    "rep_phone": "13800000009",
    "applicant_is_rep": "yes",
    "contact_name": REP,
    "contact_phone": "13800000009",
    "contact_email": "lin@example.com",
    "bank_name": "中国银行杭州分行",
    "bank_account": ACCOUNT,
    "tax_rate_type": "general",
    "confirm_true": "true",
}
TOP_UP_FEN = 2_000_000


def play_founding() -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    with open_throwaway() as (engine, clock):
        return Founding(engine, clock).run()


class Founding:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock) -> None:
        self.engine = engine
        self.clock = clock
        self.player = Player(engine)

    def run(self) -> int:
        """The whole onboarding; the exit code."""
        reviewer = gather(self.player).gao
        admin, case = self._register("lin", COMPANY)
        say(f"Lin registers {COMPANY} and becomes its administrator; its onboarding begins by itself.")
        self._state(admin, case, CODE)
        say("She states the enterprise, its representative and its account; the company register agrees.")
        self.player.do(reviewer, case, "review", APPROVAL)
        say("A reviewer approves, and a few fen are sent to the account.")
        self.player.send(lambda: enter_test_amount(self.engine, admin, case, is_right=False))
        self.player.send(lambda: enter_test_amount(self.engine, admin, case))
        say("The first amount she enters is wrong, the second is right: the enterprise is certified for a year.")
        self._sign(admin, case)
        top_up: Fields = {"top_up_choice": "now", "top_up_method": "online", "top_up_fen": f"{TOP_UP_FEN / 100:.2f}"}
        self.player.do(admin, case, "first_top_up", top_up)
        say("She signs the agreement and tops up the wallet that was opened.")
        twin, second = self._register("twin", "杭州远航")
        self._state(twin, second, f"{CODE[:8]} {CODE[8:]}")
        say("Another enterprise comes with the same credit code, and is asked to correct it.")
        return self._prove(admin, case, twin, second)

    def _register(self, login: str, company: str) -> tuple[Actor, str]:
        wanted = Registration(login, new_id(), REP, ENTERPRISE, company)
        come = self.player.send(lambda: register(self.engine, Passwords(1), wanted))
        with self.engine.database.read() as connection:
            begun = select(instance.c.id).where(instance.c.business_key == come.party_id)
            case = str(connection.execute(begun).scalar_one())
        return Actor(come.user_id, come.party_id, come.role, groups_of(come.role)), case

    def _state(self, actor: Actor, case: str, code: str) -> None:
        licence = self.player.upload(actor, "licence.png", PIXEL + case.encode())
        stated = {**STATED, "credit_code": code, "licence_file": licence}
        self.player.do(actor, case, "fill_certification", stated)
        if self._is_open(actor, case, "confirm_phone"):
            self.player.do(actor, case, "confirm_phone", {"code": ask_for_code(self.engine, actor, case)})

    def _is_open(self, actor: Actor, case: str, element: str) -> bool:
        try:
            return bool(self.player.task_id(actor, case, element))
        except LookupError:
            return False

    def _sign(self, actor: Actor, case: str) -> None:
        self.clock.at += timedelta(minutes=2)
        task_id = self.player.task_id(actor, case, "sign_agreement")
        read = read_and_accept(self.engine, actor, fetch_task(self.engine, actor, task_id), "agreements")
        signed: Fields = {**read, "signer_name": REP, "code": ask_for_code(self.engine, actor, case)}
        self.player.send(lambda: complete_task(self.engine, actor, task_id, new_token(), as_submitted(signed)))

    def _prove(self, admin: Actor, case: str, twin: Actor, second: str) -> int:
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            outcome = connection.execute(select(instance.c.outcome).where(instance.c.id == case)).scalar_one()
            obstacle = find_publishing_obstacle(connection, admin)
            kinds = {one.kind for one in list_signatures(connection, admin.party_id)}
            method = describe_method(connection, self.engine.keys, admin.party_id)
            available_fen = wallet_view(connection, admin.party_id).available_fen
            difference_fen = trial_balance(connection).difference_fen
            tries = connection.execute(select(test_transfer.c.tries)).scalar_one()
            rows = str(list(connection.execute(select(enterprise_certification))))
            counts = count_rows(connection)
        held = [
            prove("the onboarding ended active", outcome == "active", str(outcome)),
            prove("the enterprise may publish tasks", obstacle is None, str(obstacle)),
            prove("both texts are signed", kinds == {"service_enterprise", "privacy"}, ", ".join(sorted(kinds))),
            prove("the verified account is its own", method is not None and method.holder == COMPANY, f"{tries} tries"),
            prove("the wallet holds the top-up", available_fen == TOP_UP_FEN, f"{available_fen} fen"),
            prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
            prove("the second enterprise is held up", self._is_open(twin, second, "fill_certification")),
            prove("number and account are nowhere in plain text", REP_NUMBER not in rows and ACCOUNT not in rows),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1
