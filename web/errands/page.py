"""The page of an errand as one of its two sides sees it, put together from what the services tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g, url_for
from markupsafe import Markup
from sqlalchemy import Connection, RowMapping

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.tasks import TaskView, ViewContext, bind_task, fetch_task
from engine.services.errands.commands import COURIER, REQUESTER
from engine.services.errands.exceptions import KINDS, RELAYED
from engine.services.errands.notes import BUY
from engine.services.errands.proofs import ANSWER, ARRIVAL, DELIVERY, PICKUP, PURCHASE, RETURN
from engine.services.errands.queries import ErrandView, Spot
from engine.services.errands.states import HELD, RETURNING, fetch_row
from engine.services.errands.views import errand_facts
from engine.services.ratings.queries import RatingView, Standing, rating_of, ratings_of_case
from engine.services.tracking.queries import TrackView, read_track
from engine.storage.actor import Actor
from web.errands.looks import Step, list_steps
from web.errands.money import Sum, list_sums
from web.rendering import render_form
from web.rendering.display import Display, Shown, ShownFile, show_file
from web.texts import catalogue, current_language, text
from web.tracking.showing import Arrival, find_arrival, map_ends, map_places

SIGNATURE = "baton:signature"
PROVED = {
    ARRIVAL: "arrive",
    PURCHASE: "buy",
    PICKUP: "pick_up",
    ANSWER: "answer",
    DELIVERY: "hand_over",
    RETURN: "bring_back",
}
"""The stages of proofs, and the steps of the way that are done with them."""
ABOVE = frozenset({"number", "category", "description", "station_code"})


@dataclass(frozen=True)
class Other:
    """The other side: its name in both languages, the key of its role, how it is rated."""

    name: tuple[str, str]
    role: str
    standing: Standing


@dataclass(frozen=True)
class Code:
    """Digits to be shown: `kind` is delivery, pickup or station."""

    kind: str
    digits: str


@dataclass(frozen=True)
class NextStep:
    """The task that is the reader's to do now, with its form as drawn; `verb` is what its button says."""

    task: TaskView
    fields: Markup
    verb: str
    has_files: bool
    has_signature: bool

    @property
    def action(self) -> str:
        return url_for("staff.complete", task_id=self.task.id)


@dataclass(frozen=True)
class Trouble:
    """What came in between: its name in both languages, and the key of what follows from it for the reader."""

    name: tuple[str, str]
    words: str


@dataclass(frozen=True)
class ErrandPage:
    """All of the page but its chat. `places`: what is on the map, as the map's script reads it; `trouble`: what keeps
    the errand from going on as agreed.
    """

    view: ErrandView
    step: NextStep | None
    others_tasks: Mapping[str, str]
    other: Other | None
    codes: list[Code]
    track: TrackView | None
    arrival: Arrival | None
    places: str
    steps: list[Step]
    notes: Mapping[str, str]
    facts: list[tuple[str, Shown]]
    proofs: Mapping[str, list[ShownFile]]
    sums: list[Sum]
    ratings: list[RatingView]
    trouble: Trouble | None

    @property
    def is_carrying(self) -> bool:
        """Whether the reader is the courier, and still has the errand; an answer is carried nowhere."""
        card = self.view.card
        has_way = self.view.pickup is not None or self.view.dropoff is not None
        return card.side == COURIER and card.state in HELD and has_way

    @property
    def has_map(self) -> bool:
        return self.view.pickup is not None and self.view.card.closed_at is None


class PageMaker:
    """Puts pages together, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def make(self, actor: Actor, view: ErrandView) -> ErrandPage:
        """The page for a side of the errand."""
        step, others_tasks = self._find_step(actor, view)
        with self.engine.database.read() as connection:
            row = fetch_row(connection, view.card.id)
            other = _find_other(connection, view, row["requester_id"])
            ratings = ratings_of_case(connection, self.engine.keys, view.card.id, actor.party_id)
            sums = list_sums(connection, actor.party_id, view.card, row)
        track = self._find_track(actor, view.card.id)
        return ErrandPage(
            view,
            step,
            others_tasks,
            other,
            _list_codes(view),
            track,
            find_arrival(track, g.fmt.now) if track else None,
            _place(view, track),
            _list_steps(view, row["offered_at"]),
            _list_notes(view),
            self._list_facts(actor, view),
            _list_proofs(view),
            sums,
            ratings,
            _find_trouble(view),
        )

    def _find_step(self, actor: Actor, view: ErrandView) -> tuple[NextStep | None, Mapping[str, str]]:
        """The first of the reader's tasks, ready to be filled in, and the others."""
        for element, task_id in view.tasks.items():
            others = {name: other for name, other in view.tasks.items() if name != element}
            try:
                task = fetch_task(self.engine, actor, task_id)
            except NotFound:  # done meanwhile
                continue
            return self._draw_step(actor, task), others
        return None, {}

    def _draw_step(self, actor: Actor, task: TaskView) -> NextStep:
        key = f"errands.verb.{task.element.id}"
        verb = text(key if key in catalogue() else "proc.submit")
        if task.form is None:
            return NextStep(task, Markup(), verb, has_files=False, has_signature=False)
        bound = bind_task(self.engine, actor, task, current_language())
        action = url_for("staff.complete", task_id=task.id)
        fields = render_form(current_app.jinja_env, bound, g.fmt, action)
        kinds = {part.type for part in task.form.inputs.values()}
        return NextStep(task, fields, verb, has_files=bool(task.form.file_keys), has_signature=SIGNATURE in kinds)

    def _list_facts(self, actor: Actor, view: ErrandView) -> list[tuple[str, Shown]]:
        """What is asked for, as the forms of the errand show it; its number and category stand above."""
        language, display = current_language(), Display(g.fmt)
        with self.engine.database.read() as connection:
            asked = ViewContext(
                *(connection, self.engine.keys, view.card.id, {}, actor, g.fmt.now, language, self.engine)
            )
            found = errand_facts(asked)
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        shown = []
        for row in rows:
            name, value = str(row["name"]), row["value"]
            if isinstance(value, dict) and value.keys() == {"zh", "en"}:
                value = value[language]
            if name not in ABOVE:
                shown.append((str(row[language]), display.show_datum(name, value)))
        return shown

    def _find_track(self, actor: Actor, order_id: str) -> TrackView | None:
        try:
            return read_track(self.engine, actor, order_id)
        except NotFound:
            return None


def _find_other(connection: Connection, view: ErrandView, requester_id: str) -> Other | None:
    """Who is on the other side; for the requester nobody as long as there is no courier."""
    card, is_requester = view.card, view.card.side == REQUESTER
    other_id = view.courier_id if is_requester else requester_id
    if other_id is None:
        return None
    role = "role.courier" if is_requester else "errands.requester"
    return Other((card.other_zh, card.other_en), role, rating_of(connection, other_id))


def _place(view: ErrandView, track: TrackView | None) -> str:
    """What is on the map: the way of who carries it, else where it begins and ends."""
    if track is not None and track.pickup is not None:
        return map_places(track)
    pickup, dropoff = (spot.place if spot else None for spot in (view.pickup, view.dropoff))
    return map_ends(pickup, dropoff)


def _list_codes(view: ErrandView) -> list[Code]:
    """While a courier has the errand: the codes he is told when things change hands, and what he shows at a station."""
    if view.card.state not in HELD or view.card.state == RETURNING:
        return []
    is_before, is_courier = view.picked_up_at is None, view.card.side == COURIER
    codes = [
        Code("pickup", view.pickup_code if is_before else ""),
        Code("station", view.station_code if is_before and is_courier else ""),
        Code("delivery", view.delivery_code),
    ]
    return [code for code in codes if code.digits]


def _list_steps(view: ErrandView, offered_at: datetime | None) -> list[Step]:
    card = view.card
    done: dict[str, datetime | None] = {"offer": offered_at, "take": card.taken_at}
    if card.taken_at is not None:
        done |= {PROVED[proof["stage"]]: proof["at"] for proof in _proofs_of_courier(view, card.taken_at)}
        done |= {"pick_up": view.picked_up_at, "hand_over": view.handed_over_at}
    known = {key: at for key, at in done.items() if at is not None}
    is_running = card.closed_at is None
    return list_steps(card.category, known, is_running=is_running, is_returning=card.state == RETURNING)


def _proofs_of_courier(view: ErrandView, taken_at: datetime) -> list[RowMapping]:
    """What proves steps of the courier of now; what a courier before him bought need not be bought again."""
    proofs = [one for one in view.proofs if one["stage"] in PROVED]
    return [one for one in proofs if one["at"] >= taken_at or one["stage"] == PURCHASE]


def _find_trouble(view: ErrandView) -> Trouble | None:
    card, kind = view.card, view.reported[-1]["kind"] if view.reported else ""
    if card.state == "exception":
        return Trouble(KINDS[kind], f"errands.trouble.{card.side}")
    if card.state == "disputed":
        return Trouble((text("errands.state.disputed"),) * 2, "errands.trouble.disputed")
    if card.state == "offering" and kind in RELAYED:
        return Trouble(KINDS[kind], "errands.trouble.relayed")
    return None


def _list_notes(view: ErrandView) -> dict[str, str]:
    """What is said below steps of the way."""
    card, notes = view.card, {}
    if card.category == BUY:
        notes["buy"] = text("errands.note.buy", cap=g.fmt.money(card.goods_cap_fen))
    if view.handed_over_at is None:
        asked = [text("errands.note.code")] if view.needs_delivery_code else []
        absent = [text("errands.note.absent")] if card.side == REQUESTER else []
        notes["hand_over"] = " ".join([*asked, *absent])
    return notes


def _list_proofs(view: ErrandView) -> dict[str, list[ShownFile]]:
    """The pictures and other files that prove steps of the way."""
    found: dict[str, list[ShownFile]] = {}
    for proof in view.proofs:
        step = PROVED.get(proof["stage"])
        files = [show_file(one) for one in proof["files"] if isinstance(one, dict)]
        if step and files:
            found.setdefault(step, []).extend(files)
    return found


def name_spot(spot: Spot | None) -> str:
    """A place in words; one that is only roughly known is told as such."""
    if spot is None:
        return ""
    return text("errands.coarse") if spot.is_coarse else spot.address
