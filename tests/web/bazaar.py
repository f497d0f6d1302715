"""A market with people who sign in: two sides, a rival, a company with several members, the platform's staff."""

from io import BytesIO

from flask import Flask
from sqlalchemy import update

from engine.services.identity.people import grant_role, groups_of, register_organisation
from engine.services.orders.commands import create_order, take_order
from engine.services.orders.queries import fetch_order
from engine.services.payments.payments import start_top_up
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import party
from tests.processes.hire_order.hiring import CHECKLIST, DEMAND
from tests.support.stage import SKILLS, Stage
from tests.support.web import make_app
from tests.web.visitor import Visitor, register

PHONE = "13800001234"
MASKED_PHONE = "138****1234"
ADDRESS = "文三路 90 号 7 楼 701"
NAMES = {
    "li": ("李文博", "Li Wenbo"),
    "zhou": ("周航", "Zhou Hang"),
    "wang": ("王倩", "Wang Qian"),
    "chen": ("陈思远", "Chen Siyuan"),
    "lin": ("林悦", "Lin Yue"),
    "sun": ("孙立", "Sun Li"),
    "gao": ("高明", "Gao Ming"),
}
COMPANY_ROLES = {"chen": "enterprise_operator", "lin": "enterprise_acceptor", "sun": "enterprise_operator"}


class Bazaar:
    """Li publishes, Zhou takes, Wang would like to; Chen, Lin and Sun act for a company; Gao reviews."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.engine = stage.engine
        self.app: Flask = make_app(self.engine)
        self.ids = {login: register(self.engine, login, *names) for login, names in NAMES.items()}
        self.company = register_organisation(
            self.engine, SYSTEM, name_zh="杭州晨星科技有限公司", name_en="Hangzhou Morningstar"
        )
        for login, role in COMPANY_ROLES.items():
            grant_role(self.engine, SYSTEM, self.ids[login], self.company, role)
        grant_role(self.engine, SYSTEM, self.ids["lin"], self.company, "enterprise_finance")
        grant_role(self.engine, SYSTEM, self.ids["gao"], PLATFORM, "platform_reviewer", sorted(SKILLS))
        certified = update(party).values(is_certified=1, has_agreement=1)
        self.engine.database.transact(lambda unit: unit.connection.execute(certified))

    # --- who acts ---------------------------------------------------------------------------------------------------
    def actor(self, login: str) -> Actor:
        """Somebody as he acts in these tests: for the company if he is one of its members."""
        role = COMPANY_ROLES.get(login, "platform_reviewer" if login == "gao" else "individual")
        party_id = {"individual": self.ids[login], "platform_reviewer": PLATFORM}.get(role, self.company)
        skills = SKILLS if party_id == PLATFORM else frozenset[str]()
        return Actor(self.ids[login], party_id, role, groups_of(role), skills)

    def visit(self, login: str, role: str = "") -> Visitor:
        """A browser in which somebody has signed in."""
        acting, visitor = self.actor(login), Visitor(self.app)
        visitor.sign_in(login)
        visitor.act_as(acting.party_id, role or acting.role)
        return visitor

    def read_in(self, visitor: Visitor, language: str) -> None:
        """Changes the language of a browser and its account."""
        visitor.send("/preferences", {"language": language}, page="/wallet")

    # --- what they do -------------------------------------------------------------------------------------------------
    def fund(self, login: str, amount_fen: int = 100_000) -> None:
        """Money in a wallet, through the simulated provider."""
        start_top_up(self.engine, self.actor(login), amount_fen, new_id())
        self.stage.settle()

    def draft(self, login: str = "li") -> str:
        order_id = create_order(self.engine, self.actor(login), new_id())
        self.stage.settle()
        return order_id

    def publish(self, login: str = "li", **changed: Plain) -> str:
        """An order with its demand described; on the market if the wallet has its reward. A minute passes."""
        order_id = self.draft(login)
        self.stage.do(self.actor(login), order_id, "describe_demand", {**DEMAND, **changed})
        self.stage.wait(minutes=1)
        return order_id

    def take(self, order_id: str, login: str = "zhou") -> None:
        take_order(self.engine, self.actor(login), order_id, new_id())
        self.stage.settle()

    def start(self, order_id: str, login: str = "zhou") -> None:
        self.stage.do(self.actor(login), order_id, "start_work", {"has_started": "true"})

    def deliver(self, order_id: str, login: str = "zhou", publisher: str = "li") -> None:
        """What is due is handed over, passed by Gao and confirmed: it is paid."""
        engine, taker = self.engine, self.actor(login)
        content = BytesIO(b"\x89PNG\r\n\x1a\n" + new_id().encode())
        photo = engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, "photo.png", content, taker.party_id)
        )
        done: dict[str, Plain] = {"summary": "全部完成，照片见附件。", "files": [photo.id], "receiver": "李文博"}
        self.stage.do(taker, order_id, "hand_over", {**done, "handed_over_at": "2026-11-28T18:00"})
        checked: dict[str, Plain] = dict.fromkeys((f"checklist-{item}" for item in CHECKLIST), "yes")
        self.stage.do(self.actor("gao"), order_id, "review", {"decision": "approve", **checked})
        self.stage.do(self.actor(publisher), order_id, "confirm_or_object", {"publisher_answer": "confirm"})

    # --- what came of it ----------------------------------------------------------------------------------------------
    def state(self, order_id: str, login: str = "li") -> str:
        return fetch_order(self.engine, self.actor(login), order_id).card.state
