"""People who act through public commands only, with the fields a browser would send."""

from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from engine.commands.tasks import complete_task
from engine.commands.work import settle
from engine.queries.inbox import list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import grant_role, groups_of, register_organisation, register_person
from engine.services.identity.standing import set_standing
from engine.services.orders.commands import create_order, take_order
from engine.services.payments.payments import start_top_up
from engine.storage.actor import SYSTEM, Actor
from engine.storage.files import store_file
from engine.storage.ids import new_token
from web.demo.demands import Fields, type_time

T = TypeVar("T")
REVIEW_SKILLS = ("content", "undertaker", "deliverable", "qualification", "result")
CHECKLIST = ("complete", "lawful", "no_contact", "plausible", "files_opened")
APPROVAL: Fields = {"decision": "approve", **{f"checklist-{item}": "yes" for item in CHECKLIST}}
# a picture of one pixel; a number behind it makes each upload a file of its own
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000"
    "00907753de0000000c4944415478da63d089c9040001a900f2181bcb750000000049454e44ae426082"
)


class Player:
    """Lets people act on one engine. After each command everything that is due is done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._passwords = Passwords(engine.settings.password_cost)

    def send(self, command: Callable[[], T]) -> T:
        """Runs one command and then whatever became due by it."""
        result = command()
        settle(self.engine)
        return result

    # --- people -----------------------------------------------------------------------------------------------------
    def person(self, login: str, password: str, name_zh: str, name_en: str) -> Actor:
        """A new person, acting for himself; not certified yet."""
        user_id = register_person(
            self.engine, self._passwords, SYSTEM, login=login, password=password, name_zh=name_zh, name_en=name_en
        )
        return Actor(user_id, user_id, "individual", frozenset({"individual"}))

    def organisation(self, name_zh: str, name_en: str) -> str:
        """A new certified organisation; gives its party id."""
        party_id = register_organisation(self.engine, SYSTEM, name_zh=name_zh, name_en=name_en)
        self.certify(party_id)
        return party_id

    def certify(self, party_id: str) -> None:
        """The party may take orders from now on."""
        set_standing(self.engine, SYSTEM, party_id, is_certified=True, has_agreement=True)

    def grant(self, person: Actor, party_id: str, role: str, skills: Iterable[str] = ()) -> Actor:
        """The person may act in one more role; gives him acting in it."""
        grant_role(self.engine, SYSTEM, person.user_id, party_id, role, list(skills))
        return Actor(person.user_id, party_id, role, groups_of(role), frozenset(skills))

    def top_up(self, actor: Actor, amount_fen: int) -> None:
        """Money in the wallet of the actor's party, by way of the payment provider."""
        token = new_token()
        self.send(lambda: start_top_up(self.engine, actor, amount_fen, token))

    # --- orders -----------------------------------------------------------------------------------------------------
    def publish(self, actor: Actor, demand: Fields) -> str:
        """A new order whose demand is described; gives its id."""
        token = new_token()
        order_id = self.send(lambda: create_order(self.engine, actor, token))
        self.do(actor, order_id, "describe_demand", demand)
        return order_id

    def take(self, actor: Actor, order_id: str) -> int:
        """The order is locked for the actor's party; gives the version of the lock."""
        token = new_token()
        return self.send(lambda: take_order(self.engine, actor, order_id, token))

    def do(self, actor: Actor, instance_id: str, element: str, fields: Fields | None = None) -> None:
        """Completes the open task of an element."""
        task_id, token, submitted = self.task_id(actor, instance_id, element), new_token(), as_submitted(fields or {})
        self.send(lambda: complete_task(self.engine, actor, task_id, token, submitted))

    def start(self, actor: Actor, order_id: str) -> None:
        """The taker begins to work."""
        self.do(actor, order_id, "start_work", {"has_started": "true"})

    def hand_over(self, actor: Actor, order_id: str, summary: str, receiver: str) -> None:
        """The taker uploads a photo and says what was done, to whom and when."""
        photo = self.upload(actor, "photo.png", PIXEL + order_id.encode())
        fields: Fields = {
            "summary": summary,
            "files": [photo],
            "receiver": receiver,
            "handed_over_at": type_time(self.local_now()),
        }
        self.do(actor, order_id, "hand_over", fields)

    def upload(self, actor: Actor, name: str, content: bytes) -> str:
        """A stored file of the actor's party; gives its id."""
        engine = self.engine
        stored = engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, name, BytesIO(content), actor.party_id)
        )
        return stored.id

    # --- what one needs to act --------------------------------------------------------------------------------------
    def task_id(self, actor: Actor, instance_id: str, element: str) -> str:
        """The open task of an element that the actor may do. Raises LookupError."""
        rows = list_tasks(self.engine, actor, limit=MAX_LIMIT).rows
        for row in rows:
            if row.instance_id == instance_id and row.element.id == element:
                return row.id
        raise LookupError(f"Expected {element} to be open for {actor.role}, but it is not")

    def local_now(self) -> datetime:
        """The time on the wall of where the platform is."""
        return self.engine.clock().astimezone(self.engine.zone)


def as_submitted(fields: Fields) -> MultiDict[str, str]:
    """Fields as a browser sends them."""
    return MultiDict(
        (name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])
    )
