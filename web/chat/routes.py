"""The addresses of the chat rooms."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import NotFound as NoPage
from werkzeug.wrappers import Response as BaseResponse

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.lines import LINE
from engine.services.chat.looking import find_asked_room, give_reason
from engine.services.chat.media import read_recording
from engine.services.chat.phones.bonds import is_simulated
from engine.services.chat.phones.calling import begin_call
from engine.services.chat.queries import fetch_attachment, fetch_room
from engine.services.chat.reporting import REASONS, report_message
from engine.services.chat.rooms import may_look
from engine.services.chat.writing import Sent, mark_read, send_picture, send_voice, write_text
from engine.storage.actor import Actor
from engine.storage.files import MAX_BYTES, FileRefused
from engine.storage.ids import new_token
from web.chat.room import draw_bubbles, name_others, show_chat, show_newer, state_of
from web.market.questions import read_token
from web.security import current_actor, local_target, wants_json
from web.uploads import store_upload

POST = ("POST",)
MAX_MEGABYTES = MAX_BYTES // 1024 // 1024


def make_chat(engine: Engine) -> Blueprint:
    """The blueprint `chat`."""
    blueprint = Blueprint("chat", __name__, template_folder="templates")
    pages = ChatPages(engine)
    room = "/chat/<order_id>"
    blueprint.add_url_rule(room, "room", pages.show_room)
    blueprint.add_url_rule(f"{room}/messages", "messages", pages.show_messages)
    blueprint.add_url_rule(f"{room}/say", "say", pages.say, methods=POST)
    blueprint.add_url_rule(f"{room}/read", "read", pages.read, methods=POST)
    blueprint.add_url_rule(f"{room}/call", "call", pages.call, methods=POST)
    blueprint.add_url_rule(f"{room}/files/<int:seq>", "attachment", pages.show_attachment)
    blueprint.add_url_rule(f"{room}/report", "report", pages.report, methods=("GET", "POST"))
    blueprint.add_url_rule(f"{room}/look", "look", pages.look, methods=POST)
    return blueprint


class ChatPages:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_room(self, order_id: str) -> str:
        """The room as a page of its own; staff say why they read it first."""
        actor = current_actor()
        try:
            room = show_chat(self.engine, actor, order_id, before=request.args.get("before", type=int))
        except NotFound:
            if not may_look(actor):
                raise
            return self._ask_reason(actor, order_id)
        if room.unread:
            mark_read(self.engine, actor, order_id, room.view.last_seq)
        return render_template("chat/room.html", room=room)

    def show_messages(self, order_id: str) -> str:
        """What was said behind the message the reader has: a part of the page."""
        after = request.args.get("after", 0, type=int)
        view, bubbles = show_newer(self.engine, current_actor(), order_id, after)
        return render_template("chat/messages.html", view=view, bubbles=bubbles, state=state_of(view))

    def say(self, order_id: str) -> BaseResponse | str | tuple[str, int]:
        """A text, a picture or a voice message."""
        actor, draft = current_actor(), request.form.get("text", "")
        try:
            sent = self._send(actor, order_id, draft)
        except MessageUnfit as refused:
            if wants_json(request):
                raise
            room = show_chat(self.engine, actor, order_id, draft=draft, refused=refused)
            return render_template("chat/room.html", room=room), 422
        target = self._come_back(order_id)
        if wants_json(request):
            return jsonify(next=target, seq=sent.seq)
        return redirect(target, 303)

    def _send(self, actor: Actor, order_id: str, draft: str) -> Sent:
        token, upload = read_token(), _read_upload()
        if upload is None:
            return write_text(self.engine, actor, order_id, token, draft)
        if draft.strip():
            raise MessageUnfit("two_things")
        try:
            stored = store_upload(self.engine, actor, upload)
        except FileRefused as refused:
            raise MessageUnfit("no_content" if refused.code == "empty" else refused.code, MAX_MEGABYTES) from refused
        if stored.media_type.startswith("image/"):
            return send_picture(self.engine, actor, order_id, token, stored)
        recording = read_recording(request.form.get("seconds", ""), request.form.get("bars", ""))
        return send_voice(self.engine, actor, order_id, token, stored, recording)

    def read(self, order_id: str) -> Response:
        """The reader has seen everything up to a message."""
        mark_read(self.engine, current_actor(), order_id, request.form.get("seq", 0, type=int))
        return Response(status=204)

    def call(self, order_id: str) -> BaseResponse | str:
        """Says which number to dial."""
        actor = current_actor()
        number = begin_call(self.engine, actor, order_id, read_token())
        if wants_json(request):
            return jsonify(number=number, is_simulated=is_simulated(self.engine))
        view = fetch_room(self.engine, actor, order_id)
        return render_template(
            "chat/call.html", view=view, number=number, others=name_others(view), target=self._come_back(order_id)
        )

    def show_attachment(self, order_id: str, seq: int) -> Response:
        """A picture without what the camera wrote into it, or a voice message."""
        found = fetch_attachment(self.engine, current_actor(), order_id, seq)
        if isinstance(found.content, bytes):
            response = Response(found.content, mimetype=found.media_type)
        else:
            response = send_file(found.content, mimetype=found.media_type, conditional=True)
        response.headers["Cache-Control"] = "private, max-age=86400"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def report(self, order_id: str) -> BaseResponse | str:
        """Asks which message is reported and why, then opens the case."""
        actor = current_actor()
        if request.method == "POST":
            seq, reason = request.form.get("seq", 0, type=int), request.form.get("reason", "")
            case_ref = report_message(self.engine, actor, order_id, seq, reason, request.form.get("note", ""))
            return redirect(url_for("market.case", case_ref=case_ref, done="opened"), 303)
        view = fetch_room(self.engine, actor, order_id)
        reported = [one for one in draw_bubbles(view, None) if not one.message.is_own and one.message.kind != LINE]
        if view.side is None and not reported:
            raise NoPage
        return render_template("chat/report.html", view=view, bubbles=reported, reasons=REASONS, token=new_token())

    def look(self, order_id: str) -> BaseResponse | tuple[str, int]:
        """One of the platform's people says why he reads a room."""
        actor, reason = current_actor(), request.form.get("reason", "")
        try:
            give_reason(self.engine, actor, order_id, reason)
        except MessageUnfit as refused:
            return self._ask_reason(actor, order_id, reason, refused), 422
        return redirect(url_for("chat.room", order_id=order_id), 303)

    def _ask_reason(self, actor: Actor, order_id: str, reason: str = "", refused: MessageUnfit | None = None) -> str:
        number = find_asked_room(self.engine, actor, order_id)
        return render_template("chat/look.html", order_id=order_id, number=number, reason=reason, refused=refused)

    def _come_back(self, order_id: str) -> str:
        """The page a form was sent from, at its newest message."""
        page = local_target(request.form.get("next")) or url_for("chat.room", order_id=order_id)
        return f"{page.partition('#')[0]}#chat-end"


def _read_upload() -> FileStorage | None:
    """The file of the form, if one was chosen. Raises MessageUnfit for two: one is a message."""
    chosen = [one for one in request.files.getlist("file") if one.filename]
    if len(chosen) > 1:
        raise MessageUnfit("two_things")
    return chosen[0] if chosen else None
