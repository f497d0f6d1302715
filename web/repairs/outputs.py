"""A version of a report as a file."""

from flask import Response, abort
from sqlalchemy import RowMapping

JSON = "application/json"
FORMATS = ("json",)


def write_report(row: RowMapping, kind: str) -> Response:
    """The very bytes that were kept, with their hash."""
    if kind != "json":
        abort(404)
    response = Response(row["content"], mimetype=JSON)
    response.headers["ETag"] = f'"{row["sha256"]}"'
    response.headers["Content-Disposition"] = f'inline; filename="report-{row["version"]}.json"'
    return response
