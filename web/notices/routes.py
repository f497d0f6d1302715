"""Notifications in the browser: the bell of every page, the list, and how somebody wants to be told."""

from datetime import time

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.services.notifications.channels.port import CHANNELS, AddressUnfit
from engine.services.notifications.hours import Hours, read_time
from engine.services.notifications.preferences import Address, Preferences, fetch_preferences, save_preferences
from engine.services.notifications.queries import (
    count_deliveries,
    list_outbox,
    list_told,
    note_shown,
    open_notification,
    read_all,
)
from web.auditor.names import Names
from web.here import kept
from web.notices.devices import add_devices
from web.security import current_actor, is_partial
from web.texts import current_language

SHOWN = 100
TIMES = ("quiet_from", "quiet_until", "digest_at")


def make_notices(engine: Engine) -> Blueprint:
    """The blueprint `notices`."""
    blueprint = Blueprint("notices", __name__, template_folder="templates")
    desk = NoticeDesk(engine)
    post = ("POST",)
    blueprint.add_url_rule("/notices", "show", desk.show)
    blueprint.add_url_rule("/notices/bell", "bell", desk.show_bell)
    blueprint.add_url_rule("/notices/<notification_id>/open", "open", desk.open)
    blueprint.add_url_rule("/notices/read", "read", desk.read_all, methods=post)
    blueprint.add_url_rule("/notices/preferences", "preferences", desk.show_preferences)
    blueprint.add_url_rule("/notices/preferences", "save_preferences", desk.save_preferences, methods=post)
    blueprint.add_url_rule("/cases/<instance_id>/open", "case", desk.open_case)
    blueprint.add_url_rule("/outbox", "outbox", desk.show_outbox)
    blueprint.record(lambda state: state.app.jinja_env.globals.update(count_notices=count_notices))
    add_devices(blueprint, engine)
    return blueprint


class NoticeDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_bell(self) -> str:
        """The bell alone, for a page that is open."""
        return render_template("notices/bell.html")

    def show(self) -> str:
        """The list; what is in it has reached its reader."""
        actor = current_actor()
        told = list_told(self.engine, actor, current_language(), SHOWN)
        note_shown(self.engine, actor)
        template = "notices/_list.html" if is_partial(request) else "notices/list.html"
        return render_template(template, told=told)

    def open(self, notification_id: str) -> Response:
        """Leads to what a notification is about, and marks it as read."""
        return redirect(open_notification(self.engine, current_actor(), notification_id), 303)

    def read_all(self) -> Response:
        """Marks all of them as read."""
        read_all(self.engine, current_actor())
        return redirect(url_for("notices.show"), 303)

    def open_case(self, instance_id: str) -> Response:
        """The task of a case that is the reader's to do, else his list."""
        with self.engine.database.read() as connection:
            tasks = find_tasks_of_case(connection, current_actor(), instance_id)
        for task_id in tasks.values():
            return redirect(url_for("staff.task", task_id=task_id), 303)
        return redirect(url_for("staff.inbox"), 303)

    def show_preferences(self) -> str:
        """How somebody wants to be told."""
        return self._render_preferences(fetch_preferences(self.engine, current_actor()))

    def save_preferences(self) -> Response | tuple[str, int]:
        """Keeps what was chosen; an address that cannot be used comes back with what is wrong."""
        wanted = _read_preferences()
        if isinstance(wanted, str):
            return self._render_preferences(fetch_preferences(self.engine, current_actor()), wanted), 422
        try:
            save_preferences(self.engine, current_actor(), wanted)
        except AddressUnfit as unfit:
            return self._render_preferences(wanted, unfit.reason), 422
        return redirect(url_for("notices.preferences", saved=1), 303)

    def _render_preferences(self, preferences: Preferences, wrong: str = "") -> str:
        settings = self.engine.settings
        live = {"mail": bool(settings.smtp_url), "webhook": bool(settings.webhook_hosts)}
        return render_template(
            "notices/preferences.html",
            preferences=preferences,
            channels=[name for name in CHANNELS if name != "webhook" or live["webhook"]],
            is_live=live | {"messenger": settings.messengers == "live"},
            wrong=wrong,
            is_saved="saved" in request.args,
        )

    def show_outbox(self) -> str:
        """What would have left the machine, for operators."""
        with self.engine.database.read() as connection:
            written, counts = list_outbox(connection, SHOWN), count_deliveries(connection)
            return render_template(
                "notices/outbox.html",
                written=written,
                counts=sorted(counts.items()),
                waiting=sum(count for (_, state), count in counts.items() if state == "queued"),
                names=Names(connection, {one.user_id for one in written}, g.fmt),
            )


def count_notices() -> int:
    """How many notifications whoever acts has not opened."""
    session = kept().session
    return session.unread if session is not None and session.actor is not None else 0


def _read_preferences() -> Preferences | str:
    """What the form says; the name of a time that is none."""
    form = request.form
    found: dict[str, time] = {}
    for name in TIMES:
        try:
            found[name] = read_time(form.get(name, ""))
        except ValueError:
            return name
    typed = {channel: form.get(channel, "").strip() for channel in CHANNELS}
    addresses = {
        channel: Address(text, is_digest=f"{channel}_digest" in form) for channel, text in typed.items() if text
    }
    return Preferences(addresses, Hours(**found))
