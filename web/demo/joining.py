"""One individual onboarding from a new account to its activation, told step by step, with proofs at its end."""

from datetime import timedelta

from sqlalchemy import select

from engine.commands.tasks import complete_task
from engine.runtime.engine import Engine
from engine.runtime.tasks import fetch_task
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.agreements.signatures import list_signatures
from engine.services.identity.people import list_memberships
from engine.services.onboarding.person_tables import person_certification
from engine.services.onboarding.persons import find_same_person, request_onboarding
from engine.services.payments.methods import describe_method
from engine.services.verification import count_rows, verify
from engine.storage.actor import Actor
from engine.storage.ids import new_id, new_token
from engine.storage.tables import instance, party
from web.demo.data import gather
from web.demo.demands import Fields
from web.demo.player import APPROVAL, PIXEL, Player, as_submitted
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway

NAME, NUMBER = "王小明", "33010619950612001X"  # made up; the register is simulated
MISMATCH = "330106199506124045"
QUIZ = {
    "q_handover": "ask_code",
    "q_absent": "report",
    "q_phone": "use_platform",
    "q_damage": "photo_report",
    "q_weather": "stop",
}


def play_joining() -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    with open_throwaway() as (engine, clock):
        return Joining(engine, clock).run()


class Joining:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock) -> None:
        self.engine = engine
        self.clock = clock
        self.player = Player(engine)

    def run(self) -> int:
        """Both accounts of one person; the exit code."""
        reviewer = gather(self.player).gao
        xiaoming = self.player.person("xiaoming", new_id(), NAME, "Wang Xiaoming")
        case = self._identify(xiaoming, MISMATCH, "He gives a number that is not his: the register says mismatch.")
        self._fill_in(xiaoming, case, NUMBER)
        say("The second try matches: name and number belong together, and the account holds the number.")
        self._qualify(xiaoming, reviewer, case)
        self._sign(xiaoming, case)
        account = {"method_kind": "bank", "account_no": "6222020000001234", "bank_branch": "中国银行杭州分行"}
        self.player.do(xiaoming, case, "set_payout", {"payout_choice": "now", **account})
        say("He names an account; its holder is his certified name and is not asked for.")
        twin = self.player.person("xiaoming2", new_id(), NAME, "Wang Xiaoming")
        second = self._identify(twin, NUMBER, "The same person comes with a second account and the same number.")
        return self._prove(xiaoming, case, twin, second)

    def _identify(self, actor: Actor, number: str, words: str) -> str:
        case = self.player.send(lambda: request_onboarding(self.engine, actor, new_token()))
        self._fill_in(actor, case, number)
        say(words)
        return case

    def _fill_in(self, actor: Actor, case: str, number: str) -> None:
        images = {
            side: self.player.upload(actor, f"{side}.png", PIXEL + side.encode()) for side in ("id_front", "id_back")
        }
        person = {"name": NAME, "id_type": "resident_card", "id_no": number, "phone": "13800000001", "city": "杭州"}
        wishes: dict[str, str | list[str]] = {"capacities": ["worker", "courier"], "courier_wish": "professional"}
        self.player.do(actor, case, "real_name", {**person, **images, **wishes})
        self.player.do(actor, case, "confirm_phone", {"code": ask_for_code(self.engine, actor, case)})
        self._advance(minutes=2)

    def _qualify(self, actor: Actor, reviewer: Actor, case: str) -> None:
        self.player.do(actor, case, "skills_and_certificates", {"skills": ["event"], "has_certificates": "no"})
        health = self.player.upload(actor, "health.png", PIXEL + b"health")
        applied = {"vehicle": "e_bike", "experience_years": "2", "service_area": "杭州市西湖区", "health_files": health}
        self.player.do(actor, case, "courier_application", applied)
        say("He tells his skills, and applies as a professional courier.")
        self.player.do(reviewer, case, "review", APPROVAL)
        self.player.do(actor, case, "training_quiz", QUIZ)
        say("A reviewer approves; five of five answers in the training quiz are right.")

    def _sign(self, actor: Actor, case: str) -> None:
        self._advance(minutes=2)
        task_id = self.player.task_id(actor, case, "sign_agreement")
        read = read_and_accept(self.engine, actor, fetch_task(self.engine, actor, task_id), "agreements")
        signed: Fields = {**read, "signer_name": NAME, "code": ask_for_code(self.engine, actor, case)}
        self.player.send(lambda: complete_task(self.engine, actor, task_id, new_token(), as_submitted(signed)))
        say("He reads and signs service agreement and privacy statement, with a new one-time code.")

    def _prove(self, actor: Actor, case: str, twin: Actor, second: str) -> int:
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            roles = {one.role for one in list_memberships(connection, actor.user_id)}
            standing = connection.execute(select(party).where(party.c.id == actor.party_id)).one()
            kinds = {one.kind for one in list_signatures(connection, actor.party_id)}
            method = describe_method(connection, self.engine.keys, actor.party_id)
            same = find_same_person(connection, twin.party_id)
            certifications = str(list(connection.execute(select(person_certification))))
            ends = {row.id: row.outcome for row in connection.execute(select(instance.c.id, instance.c.outcome))}
            counts = count_rows(connection)
        may_act = bool(standing.is_certified and standing.has_agreement)
        held = [
            prove("the onboarding ended active", ends[case] == "active" and may_act, str(ends[case])),
            prove("he may act as a courier", "courier_professional" in roles, ", ".join(sorted(roles))),
            prove("both texts are signed", kinds == {"service_individual", "privacy"}, ", ".join(sorted(kinds))),
            prove("the account bears his name", method is not None and method.holder == NAME),
            prove("the second account is refused", ends[second] == "rejected_duplicate" and same == actor.party_id),
            prove("his number is nowhere in plain text", NUMBER not in certifications),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        for finding in findings:
            print(f"  {finding.table} {finding.row}: {finding.message}")
        return 0 if all(held) else 1

    def _advance(self, **duration: float) -> None:
        self.clock.at += timedelta(**duration)
        self.player.send(lambda: None)
