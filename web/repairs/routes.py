"""Repair orders in the browser; what is filled in is a task in the inbox, these pages show and lead there."""

from flask import Blueprint, Response, g, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.services.repairs import commands
from engine.services.repairs.access import DISPATCHER, Act, fetch_info, fetch_photo, is_customers_person, look
from engine.services.repairs.queries import fetch_report, fetch_view, list_orders
from engine.storage.actor import PLATFORM
from engine.storage.files import SHOWN
from engine.storage.ids import new_token
from engine.storage.tables import file
from web.auditor.names import Names
from web.repairs.outputs import list_formats, write_report
from web.security import current_actor
from web.uploads import show_thumbnail

STEPS = (
    "created",
    "sent",
    "accepted",
    "working",
    "merging",
    "submitted",
    "merged",
    "verifying",
    "signing",
    "completed",
)


def make_repairs(engine: Engine) -> Blueprint:
    """The blueprint `repairs`."""
    blueprint = Blueprint("repairs", __name__, template_folder="templates")
    desk, post = RepairDesk(engine), ("POST",)
    blueprint.add_url_rule("/repairs", "orders", desk.list_orders)
    blueprint.add_url_rule("/repairs/new", "open_order", desk.open_order, methods=post)
    blueprint.add_url_rule("/repairs/request", "request_repair", desk.request_repair, methods=post)
    blueprint.add_url_rule("/repairs/<order_id>", "order", desk.show_order)
    blueprint.add_url_rule("/repairs/<order_id>/infos/<info_id>", "info", desk.show_info)
    blueprint.add_url_rule("/repairs/<order_id>/photos/<photo_id>", "photo", desk.show_photo)
    blueprint.add_url_rule("/repairs/<order_id>/reports/<int:version>.<kind>", "report", desk.show_report)
    for act in Act:
        view = getattr(desk, act.value)
        blueprint.add_url_rule(f"/repairs/<order_id>/{act.value.replace('_', '-')}", act.value, view, methods=post)
    return blueprint


class RepairDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_orders(self) -> str:
        """The orders, the newest first; a dispatcher begins one, a customer asks for one."""
        actor = current_actor()
        with self.engine.database.read() as connection:
            lines = list_orders(connection, actor)
            names = Names(connection, {line.row["customer_id"] for line in lines}, g.fmt)
        return render_template(
            "repairs/orders.html",
            lines=lines,
            names=names,
            steps=STEPS,
            token=new_token(),
            may_open=actor.role == DISPATCHER,
            may_ask=actor.party_id != PLATFORM,
            was_sent="sent" in request.args,
        )

    def open_order(self) -> BaseResponse:
        """A dispatcher's order: its form opens."""
        case = commands.open_order(self.engine, current_actor(), _token())
        with self.engine.database.read() as connection:
            for task_id in find_tasks_of_case(connection, current_actor(), case).values():
                return redirect(url_for("staff.task", task_id=task_id, next=url_for("repairs.orders")), 303)
        return redirect(url_for("repairs.orders"), 303)

    def request_repair(self) -> BaseResponse:
        """A customer's request; a dispatcher makes the order of it."""
        title, description = (request.form.get(name, "") for name in ("title", "description"))
        commands.request_repair(self.engine, current_actor(), _token(), title, description)
        return redirect(url_for("repairs.orders", sent=1), 303)

    def show_order(self, order_id: str) -> str | BaseResponse:
        """One order: its lines, who is on the team and how far, photos, reports, and what the reader may do.

        Who belongs to the customer, but acts as somebody else, is asked for his role.
        """
        actor = current_actor()
        try:
            view = fetch_view(self.engine, actor, order_id)
        except NotFound:
            with self.engine.database.read() as connection:
                if not is_customers_person(connection, actor.user_id, order_id):
                    raise
            return redirect(url_for("identity.role", next=request.path), 303)
        people = {one.member["user_id"] for one in (*view.places, *view.former)} | {view.order["customer_id"]}
        people |= {one["made_by"] for one in view.reports} | {one["by_id"] for one in view.verdicts}
        with self.engine.database.read() as connection:
            names = Names(connection, people, g.fmt)
        users = {one.member["id"]: one.member["user_id"] for one in (*view.places, *view.former)}
        marks = {one.member["id"]: one.mark for one in (*view.places, *view.former)}
        return render_template(
            "repairs/order.html",
            view=view,
            order=view.order,
            names=names,
            users=users,
            marks=marks,
            steps=STEPS,
            formats=list_formats(view.access),
            may={act.value: view.access.may(act) for act in Act},
            token=new_token(),
        )

    def show_info(self, order_id: str, info_id: str) -> str:
        """What somebody sent, as he sent it."""
        with self.engine.database.read() as connection:
            access = look(connection, current_actor(), order_id)
            info = fetch_info(connection, order_id, info_id)
        if not access.sees_info(info):
            raise Forbidden("Expected one's own information, or the leader's eyes", order_id=order_id)
        return render_template("repairs/info.html", order=access.order, info=info)

    def show_photo(self, order_id: str, photo_id: str) -> Response:
        """A photo as it was taken, or small."""
        with self.engine.database.read() as connection:
            access = look(connection, current_actor(), order_id)
            photo = fetch_photo(connection, order_id, photo_id)
            stored = connection.execute(file.select().where(file.c.id == photo["file_id"])).one()
        if not access.sees_photo(photo):
            raise Forbidden("Expected one's own photo, or the leader's eyes", order_id=order_id)
        path = self.engine.files.path(photo["sha256"])
        if "small" in request.args:
            return show_thumbnail(path, photo_id)
        is_shown = stored.media_type in SHOWN
        return send_file(
            path,
            mimetype=stored.media_type if is_shown else "application/octet-stream",
            as_attachment=not is_shown,
            download_name=stored.name,
            etag=photo["sha256"],
        )

    def show_report(self, order_id: str, version: int, kind: str) -> Response:
        """A version of the report: as page, as PDF, or the very bytes that were kept."""
        actor = current_actor()
        return write_report(self.engine, actor, fetch_report(self.engine, actor, order_id, version), kind)

    # --- what is done on the page -----------------------------------------------------------------------------------
    def submit(self, order_id: str) -> BaseResponse:
        """The complete report goes to the server."""
        commands.submit_report(self.engine, current_actor(), order_id, _token())
        return _back(order_id)

    def close(self, order_id: str) -> BaseResponse:
        """The leader goes on without somebody's information."""
        turn, reason = request.form.get("turn", ""), request.form.get("reason", "")
        commands.close_without(self.engine, current_actor(), order_id, turn, _token(), reason)
        return _back(order_id)

    def open_info(self, order_id: str) -> BaseResponse:
        """The leader lets the team read what one of them sent."""
        commands.open_info(self.engine, current_actor(), order_id, request.form.get("info", ""), _token())
        return _back(order_id)

    def appoint(self, order_id: str) -> BaseResponse:
        """An assistant may merge and submit from now on."""
        commands.appoint_deputy(self.engine, current_actor(), order_id, request.form.get("member", ""), _token())
        return _back(order_id)

    def replace(self, order_id: str) -> BaseResponse:
        """Somebody else takes a member's place."""
        member, user, reason = (request.form.get(name, "") for name in ("member", "user", "reason"))
        commands.replace_member(self.engine, current_actor(), order_id, member, user, _token(), reason)
        return _back(order_id)

    def cancel(self, order_id: str) -> BaseResponse:
        """The order is called off."""
        commands.cancel_order(self.engine, current_actor(), order_id, _token(), request.form.get("reason", ""))
        return _back(order_id)

    def add(self, order_id: str) -> BaseResponse:
        """A member adds what comes late."""
        line, text = request.form.get("line", ""), request.form.get("text", "")
        commands.add_addendum(self.engine, current_actor(), order_id, _token(), line, text)
        return _back(order_id)


def _token() -> str:
    return request.form.get("token", "")


def _back(order_id: str) -> BaseResponse:
    return redirect(url_for("repairs.order", order_id=order_id), 303)
