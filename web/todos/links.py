"""Signed links: a page that asks for confirmation, and the press of its button. They act for who they were made for."""

from flask import abort, render_template

from engine.commands.tasks import FormRejected
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict, TaskAlreadyClaimed, TaskAlreadyCompleted
from engine.services.todos.acting import Page, act, look
from engine.services.todos.links import Link, LinkUnfit, read_link

STATUS = {"ready": 200, "done": 200, "expired": 410, "gone": 409}


class LinkDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self, token: str) -> tuple[str, int]:
        """What the link would do; following it does nothing yet."""
        link = self._read(token)
        return _render(link, look(self.engine, link), token)

    def act(self, token: str) -> tuple[str, int]:
        """Does it, once; pressed again the page shows what came of it."""
        link = self._read(token)
        try:
            page = act(self.engine, link)
        except (FormRejected, NotFound, SubmissionConflict, TaskAlreadyClaimed, TaskAlreadyCompleted):
            page = look(self.engine, link)  # somebody was faster
        return _render(link, page, token)

    def _read(self, token: str) -> Link:
        try:
            link = read_link(self.engine.keys, token)
            look(self.engine, link)
        except (LinkUnfit, LookupError):
            abort(404)
        return link


def _render(link: Link, page: Page, token: str) -> tuple[str, int]:
    return render_template("todos/act.html", link=link, page=page, token=token), STATUS[page.outcome]
