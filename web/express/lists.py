"""The list of an express task: imported from a file, looked through, mended line by line."""

import csv
import io

from flask import abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.express.errors import LineChanged, ListClosed, ListUnreadable
from engine.services.express.importing import correct_line, import_list
from engine.services.express.queries import (
    FAULTY,
    GROUPS,
    count_arriving,
    fetch_express_task,
    fetch_listed,
    list_lines,
)
from engine.services.express.reading import HEADINGS, MAX_BYTES, MAX_LINES, Line
from engine.services.express.removing import remove_line
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_actor
from web.texts import current_language

PAGE_ROWS = 50
MAX_SEARCH = 40
DONE = ("saved", "removed")
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EXAMPLE = {
    "zh": ("张三", "居民身份证", "", "", "1", "100.00", ""),
    "en": ("Zhang San", "Passport", "", "", "1", "100.00", ""),
}
FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "id_type": ("id_type",),
    "id_no": ("id_no", "repeated_id", "black_list"),
    "phone": ("phone", "repeated_phone"),
    "pay": ("pay", "day_limit", "month_limit"),
    "quantity": ("quantity",),
    "note": (),
}
"""The fields of a line, each with the faults that are told beside it."""


class ListDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_lines(self, task_id: str) -> str:
        """The list, page by page: all of it, one state, those with faults, or what is searched for."""
        return self._draw(task_id, new_token())

    def import_list(self, task_id: str) -> Response | tuple[str, int]:
        """Takes a file as the list; one that is no list changes nothing."""
        token, upload = read_token(), request.files.get("list")
        content = upload.stream.read(MAX_BYTES + 1) if upload is not None else b""
        try:
            count = import_list(self.engine, current_actor(), task_id, token, content)
        except ListUnreadable as unreadable:
            return self._draw(task_id, token, unreadable), 422
        return redirect(url_for("express.lines", task_id=task_id, imported=count), 303)

    def show_progress(self, task_id: str) -> Response:
        """How many lines of the import under way are written."""
        return jsonify(lines=count_arriving(self.engine, current_actor(), task_id))

    def edit_line(self, task_id: str, line_id: str) -> Response | str | tuple[str, int]:
        """One line with its faults beside its fields; what is saved with faults stays on this page."""
        actor = current_actor()
        shown = fetch_listed(self.engine, actor, task_id, line_id)
        if not fetch_express_task(self.engine, actor, task_id).may_edit:
            raise ListClosed(task_id)
        if request.method == "GET":
            if shown.said is None:
                raise ListClosed(task_id)
            return self._draw_line(task_id, line_id, shown.said, shown.row["version"], shown.row["faults"])
        typed = Line(**{name: request.form.get(name, "").strip()[:200] for name in HEADINGS})
        version = request.form.get("version", 0, type=int)
        try:
            faults = correct_line(self.engine, actor, line_id, version, typed)
        except LineChanged:
            return self._draw_line(task_id, line_id, typed, shown.row["version"], [], is_stale=True), 409
        if faults:
            return redirect(url_for("express.line", task_id=task_id, line_id=line_id), 303)
        target = url_for("express.lines", task_id=task_id, done="saved", group=request.form.get("group") or None)
        return redirect(target, 303)

    def remove_line(self, task_id: str, line_id: str) -> Response:
        """Takes a line off the list."""
        version = request.form.get("version", 0, type=int)
        remove_line(self.engine, current_actor(), task_id, line_id, version)
        group = request.form.get("group") or None
        return redirect(url_for("express.lines", task_id=task_id, done="removed", group=group), 303)

    def send_template(self, ending: str) -> Response:
        """An empty list to fill in, its headings in the reader's language, every cell a text."""
        language = current_language()
        heading = [names[0] if language == "zh" else names[-1].capitalize() for names in HEADINGS.values()]
        rows = [heading, list(_EXAMPLE[language])]
        content = _write_workbook(rows) if ending == "xlsx" else _write_csv(rows)
        response = Response(content, mimetype=SHEET if ending == "xlsx" else "text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="list.{ending}"'
        return response

    def _draw(self, task_id: str, token: str, unreadable: ListUnreadable | None = None) -> str:
        actor, asked = current_actor(), request.args
        group = asked.get("group", "") if asked.get("group") in (*GROUPS, FAULTY) else ""
        search, after = asked.get("q", "").strip()[:MAX_SEARCH], asked.get("after", 0, type=int)
        if not 0 <= after <= MAX_LINES:
            abort(400)
        done = asked.get("done")
        return render_template(
            "express/lines.html",
            view=fetch_express_task(self.engine, actor, task_id),
            page=list_lines(self.engine, actor, task_id, group, search, after, PAGE_ROWS),
            group=group,
            search=search,
            is_first=after == 0,
            imported=asked.get("imported", type=int),
            done=done if done in DONE else None,
            unreadable=unreadable,
            token=token,
        )

    def _draw_line(
        self, task_id: str, line_id: str, line: Line, version: int, faults: list[str], *, is_stale: bool = False
    ) -> str:
        return render_template(
            "express/line.html",
            task_id=task_id,
            line_id=line_id,
            line=line.as_plain(),
            version=version,
            faults=faults,
            fields=FIELDS,
            is_stale=is_stale,
            group=request.values.get("group", ""),
        )


def _write_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8


def _write_workbook(rows: list[list[str]]) -> bytes:
    from openpyxl import Workbook  # takes a twentieth of a server's start

    book, content = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for column in sheet.iter_cols(max_col=len(rows[0]), max_row=200):
        for cell in column:
            cell.number_format = "@"  # long numbers keep their digits
    book.save(content)
    return content.getvalue()
