"""What a page shows of a room: bubbles with the times between them, lines in words, what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from flask import g, request

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.lines import LINE
from engine.services.chat.looking import list_looks
from engine.services.chat.queries import Message, RoomView, fetch_room
from engine.services.chat.rooms import may_look
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.formatting import Formatter
from web.navigation import may_open
from web.texts import text

QUIET = timedelta(minutes=10)  # after so long a pause the time is written again
WAVE_WIDTH, WAVE_HEIGHT = 112, 24


@dataclass(frozen=True)
class Bubble:
    """A message as drawn. `when`: the time above it, where it is worth a line. `words`: of a line of the system."""

    message: Message
    when: str
    words: str

    @property
    def length(self) -> str:
        """How long a voice message is: 0:07."""
        seconds = cast(int, self.message.content.get("seconds") or 0)
        return f"{seconds // 60}:{seconds % 60:02}"

    @property
    def wave(self) -> str:
        """How loud a voice message is, as the path of a drawing."""
        bars = cast(list[int], self.message.content.get("bars") or [3] * 20)
        step, middle = WAVE_WIDTH / len(bars), WAVE_HEIGHT / 2
        lines = ((step * (place + 0.5), 1 + bar * 10 / 15) for place, bar in enumerate(bars))
        return "".join(f"M{x:.1f} {middle - half:.1f}V{middle + half:.1f}" for x, half in lines)


@dataclass(frozen=True)
class ChatRoom:
    """A room as a template draws it. `page`: where forms come back to. `draft`, `refused`: what was just sent, and why
    it was not taken. `looks`: who of the platform has read it and why, for those who read it so.
    """

    view: RoomView
    bubbles: list[Bubble]
    others: str
    page: str
    looks: list[tuple[str, str | None]] = field(default_factory=list)
    token: str = field(default_factory=new_token)
    draft: str = ""
    refused: MessageUnfit | None = None

    @property
    def order_id(self) -> str:
        return self.view.order_id

    @property
    def may_say(self) -> bool:
        """Whether the reader writes here, now and in his role; somebody must be there to read it."""
        return self.view.may_write and bool(self.others) and may_open("chat.say")

    @property
    def state(self) -> str:
        """What the head and the foot of the room depend on: a page draws them anew when it changes."""
        return state_of(self.view)

    @property
    def may_call(self) -> bool:
        """Whether there is a number to dial."""
        return self.view.side is not None and self.view.phone.state == "bound" and may_open("chat.call")

    @property
    def unread(self) -> int:
        """How many messages of others the reader has not seen."""
        return sum(one.seq > self.view.own_seq and not one.is_own and one.kind != LINE for one in self.view.messages)


def state_of(view: RoomView) -> str:
    """See `ChatRoom.state`."""
    return f"{view.phone.state}.{int(view.is_closed)}.{len(view.names)}"


def find_chat(engine: Engine, actor: Actor, order_id: str) -> ChatRoom | None:
    """The room of an order for its page; None where it has none that is the reader's business."""
    try:
        return show_chat(engine, actor, order_id)
    except NotFound:
        return None


def show_chat(
    engine: Engine,
    actor: Actor,
    order_id: str,
    *,
    before: int | None = None,
    draft: str = "",
    refused: MessageUnfit | None = None,
) -> ChatRoom:
    """The room of an order, its newest messages or a page of older ones. Raises NotFound, for a stranger as well."""
    view = fetch_room(engine, actor, order_id, before=before)
    page = request.full_path.rstrip("?") if request.method == "GET" else ""
    bubbles = draw_bubbles(view, None)
    looks = list_looks(engine, actor, order_id) if may_look(actor) else []
    return ChatRoom(view, bubbles, name_others(view), page, looks, draft=draft, refused=refused)


def show_newer(engine: Engine, actor: Actor, order_id: str, after: int) -> tuple[RoomView, list[Bubble]]:
    """What was said behind a message, the times counted on from it. Raises NotFound."""
    view = fetch_room(engine, actor, order_id, after=max(0, after - 1))
    known = [one for one in view.messages if one.seq <= after]
    bubbles = draw_bubbles(view, known[-1].sent_at if known else None)
    return view, [one for one in bubbles if one.message.seq > after]


def name_others(view: RoomView) -> str:
    """Whom the reader talks to."""
    fmt: Formatter = g.fmt
    return " · ".join(fmt.name(*names) for side, names in view.names.items() if side != view.side)


def draw_bubbles(view: RoomView, last: datetime | None) -> list[Bubble]:
    """Every message with the time above it where a while has passed since the one before."""
    bubbles = []
    for one in view.messages:
        is_pause = last is None or one.sent_at - last > QUIET
        when = say_time(one.sent_at) if is_pause else ""
        bubbles.append(Bubble(one, when, say_line(one) if one.kind == LINE else ""))
        last = one.sent_at
    return bubbles


def say_time(at: datetime) -> str:
    """The day by its name where it is near, and the time."""
    fmt: Formatter = g.fmt
    ago = (fmt.now.astimezone(fmt.zone).date() - at.astimezone(fmt.zone).date()).days
    if ago == 0:
        return text("chat.today", time=fmt.time(at))
    return text("chat.yesterday", time=fmt.time(at)) if ago == 1 else fmt.instant(at)


def say_line(message: Message) -> str:
    """A line of the system in words."""
    fmt: Formatter = g.fmt
    facts = dict(cast(Mapping[str, object], message.content["facts"]))
    told: dict[str, object] = {}
    if "amount_fen" in facts:
        told["amount"] = fmt.money(cast(int, facts["amount_fen"]))
    if "seconds" in facts:
        seconds = cast(int, facts["seconds"])
        told["length"] = f"{seconds // 60}:{seconds % 60:02}"
    told["who"] = text("chat.you") if message.is_own else fmt.name(*message.by)
    return text(f"chat.line.{message.content['line']}", **told)
