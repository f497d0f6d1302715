"""A version of a report put out: as a page, as PDF, and as the very bytes whose hash it is known by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response, abort, g, render_template, url_for
from sqlalchemy import Connection, RowMapping, select

from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden
from engine.services.repairs.access import Access, look
from engine.services.repairs.merging import LEADER
from engine.services.repairs.tables import repair_photo
from engine.storage.actor import Actor
from web.auditor.names import Names
from web.papers import PaperUnavailable
from web.rendering.display import Display

PAGE, PDF, JSON = "html", "pdf", "json"


@dataclass(frozen=True)
class Output:
    """A version of a report before one reader. `report` is what `merging.Report` is as plain data; `photo_ids` are the
    photos he may see, by their file.
    """

    row: RowMapping
    access: Access
    report: Mapping[str, Any]
    photo_ids: Mapping[str, str]
    maker: str

    @property
    def people(self) -> dict[str, dict[str, str]]:
        """The members by their marks, the leader first."""
        members = sorted(self.report["order"]["members"], key=lambda one: one["mark"] != LEADER)
        return {one["mark"]: one for one in members}

    @property
    def lines(self) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
        """The lines of the order, each with what was found on it; at the end what belongs to none of them."""
        found = self.report["draft"]["statements"]
        lines = self.report["order"]["lines"]
        known = {line["key"] for line in lines}
        grouped = [(line, [one for one in found if one["line"] == line["key"]]) for line in lines]
        others = [one for one in found if one["line"] not in known]
        return [*grouped, *([({"key": "", "title": "", "equipment": ""}, others)] if others else [])]

    @property
    def stacks(self) -> list[list[dict[str, Any]]]:
        """The photos; those that look alike lie on one stack, in the order they were taken."""
        stacks: dict[str, list[dict[str, Any]]] = {}
        for photo in self.report["photos"]:
            stacks.setdefault(photo["stack"], []).append(photo)
        return [*stacks.values()]

    @property
    def photos(self) -> dict[str, dict[str, Any]]:
        """The photos by their content."""
        return {photo["sha256"]: photo for photo in self.report["photos"]}

    @property
    def has_sources(self) -> bool:
        """Whether the reader may have its bytes, with all raw information in them."""
        return JSON in list_formats(self.access)

    def sources_of(self, statement: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the reader may see of the information behind a statement: his own, or all if he leads or watches."""
        return [one for one in statement["provenance"] if self.access.sees_all or one["mark"] in self.own_marks]

    @property
    def own_marks(self) -> set[str]:
        """The marks of the places the reader has had in the team."""
        return {one["mark"] for one in self.report["order"]["members"] if one["id"] in self.access.former_ids}

    def picture_of(self, photo: Mapping[str, Any]) -> str | None:
        """The id under which the reader sees a photo, None where he may not."""
        return next((self.photo_ids[one["file"]] for one in photo["uploads"] if one["file"] in self.photo_ids), None)


def list_formats(access: Access) -> list[str]:
    """In which forms somebody may have a report he may read."""
    return [PAGE, PDF, *([JSON] if access.sees_all else [])]


def write_report(engine: Engine, actor: Actor, row: RowMapping, kind: str) -> Response:
    """A version of a report for somebody who may read it; its bytes, which hold all raw information, for who may read
    that as well. Raises Forbidden.
    """
    if kind == JSON:
        _check_sources(engine, actor, row)
        response = Response(row["content"], mimetype="application/json")
        response.set_etag(row["sha256"])
    elif kind == PDF:
        response = Response(_write_pdf(engine, read_output(engine, actor, row)), mimetype="application/pdf")
    elif kind == PAGE:
        return Response(
            render_template("repairs/report.html", one=read_output(engine, actor, row), show=Display(g.fmt))
        )
    else:
        abort(404)
    number = orjson.loads(row["content"])["order"]["number"]
    response.headers["Content-Disposition"] = f'attachment; filename="{number}-v{row["version"]}.{kind}"'
    return response


def _check_sources(engine: Engine, actor: Actor, row: RowMapping) -> None:
    with engine.database.read() as connection:
        if JSON not in list_formats(look(connection, actor, row["order_id"])):
            raise Forbidden("Expected who leads or watches, but raw information is in it", order_id=row["order_id"])


def read_output(engine: Engine, actor: Actor, row: RowMapping) -> Output:
    """A version of a report with what its reader may see of it."""
    with engine.database.read() as connection:
        access = look(connection, actor, row["order_id"])
        maker = Names(connection, {row["made_by"]}, g.fmt).of(row["made_by"])
        return Output(row, access, orjson.loads(row["content"]), _list_visible(connection, access), maker)


def _list_visible(connection: Connection, access: Access) -> dict[str, str]:
    rows = connection.execute(select(repair_photo).where(repair_photo.c.order_id == access.order["id"])).mappings()
    return {row["file_id"]: row["id"] for row in rows if access.sees_photo(row)}


def _write_pdf(engine: Engine, output: Output) -> bytes:
    from web.repairs.paper import set_report  # the library of PDFs takes a quarter of a server's start

    row = output.row
    address = url_for("repairs.report", order_id=row["order_id"], version=row["version"], kind=PAGE, _external=True)
    try:
        return set_report(output, engine.files, engine.zone, address)
    except PaperUnavailable:
        abort(503)
