"""Verbs of an enterprise onboarding for the tests: an enterprise that has registered and nothing else."""

from dataclasses import dataclass

from sqlalchemy import insert, update

from engine.commands.work import settle
from engine.services.agreements.filling import ask_for_code
from engine.services.onboarding.enterprises import request_enterprise_onboarding
from engine.services.onboarding.filling import enter_test_amount
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import membership, party, user
from tests.processes.individual_onboarding.joining import Joining
from tests.support.stage import Stage

CODE, OTHER_CODE = "91330106MA2K3N8X15", "91330106MA2H5BQ84E"
REP, REP_NUMBER, ACCOUNT = "陈思远", "330106198506120015", "6222020000001234"
STATED: PlainDict = {
    "legal_name": "杭州启航会展有限公司",
    "credit_code": CODE,
    "register_country": "CN",
    "registered_address": "杭州市西湖区文三路 90 号",
    "industry": "culture",
    "rep_name": REP,
    "rep_id_no": REP_NUMBER,
    "rep_phone": "13800000001",
    "applicant_is_rep": "yes",
    "contact_name": "林悦",
    "contact_phone": "13800000002",
    "contact_email": "lin@example.com",
    "bank_name": "中国银行杭州分行",
    "bank_account": ACCOUNT,
    "tax_rate_type": "general",
    "confirm_true": "true",
}
CHECKLIST = ("complete", "lawful", "no_contact", "plausible", "files_opened")
APPROVAL: PlainDict = {"decision": "approve", **{f"checklist-{item}": "yes" for item in CHECKLIST}}


@dataclass
class Founding:
    """A stage on which enterprises come to the platform."""

    stage: Stage

    def enterprise(self, name: str) -> Actor:
        """An enterprise, neither certified nor bound, with its administrator, named `<name>-admin`."""
        self.stage.organisation(name)
        admin = self.stage.member(f"{name}-admin", name, "enterprise_admin")
        account = {"id": admin.user_id, "login": admin.user_id, "password_hash": "-", "is_disabled": 0}
        own = {"user_id": admin.user_id, "party_id": name, "role": "enterprise_admin", "skills": []}

        def work(unit: UnitOfWork) -> None:
            unit.connection.execute(insert(user), account | {"created_at": unit.now})
            unit.connection.execute(insert(membership), own)
            fresh = update(party).where(party.c.id == name).values(is_certified=0, has_agreement=0)
            unit.connection.execute(fresh)

        self.stage.engine.database.transact(work)
        return admin

    def state(self, actor: Actor, **changes: Plain) -> str:
        """Begins an onboarding and hands in the form, the phone confirmed; gives the case."""
        case = request_enterprise_onboarding(self.stage.engine, actor, new_id())
        self.fill_in(actor, case, **changes)
        if "confirm_phone" in self.stage.open(case):
            self.confirm(actor, case)
        return case

    def fill_in(self, actor: Actor, case: str, **changes: Plain) -> None:
        """Hands in the form."""
        licence = Joining(self.stage).upload(actor)
        self.stage.do(actor, case, "fill_certification", {**STATED, "licence_file": licence, **changes})

    def confirm(self, actor: Actor, case: str) -> None:
        """The phone of the legal representative."""
        self.stage.do(actor, case, "confirm_phone", {"code": ask_for_code(self.stage.engine, actor, case)})

    def certify(self, actor: Actor, reviewer: Actor, **changes: Plain) -> str:
        """As far as the agreement; gives the case."""
        case = self.state(actor, **changes)
        self.stage.do(reviewer, case, "review", APPROVAL)
        self.stage.wait(seconds=10)
        self.tell_amount(actor, case)
        return case

    def tell_amount(self, actor: Actor, case: str) -> None:
        """The amount that has arrived."""
        enter_test_amount(self.stage.engine, actor, case)
        settle(self.stage.engine)
