"""Anybody may check whether a document he was given is one of ours: its number and its hash must both fit."""

from flask import Blueprint, render_template, request

from engine.runtime.engine import Engine
from engine.services.documents.issuing import find_genuine


def make_documents(engine: Engine) -> Blueprint:
    """The blueprint `documents`."""
    blueprint = Blueprint("documents", __name__)

    def check() -> str:
        """Asks for number and hash; says whether they belong together, and what kind of document it is."""
        number, sha256 = (request.args.get(name, "").strip() for name in ("number", "sha256"))
        found = None
        if number and sha256:
            with engine.database.read() as connection:
                found = find_genuine(connection, number, sha256)
        is_asked = bool(number or sha256)
        return render_template("document_check.html", number=number, sha256=sha256, found=found, is_asked=is_asked)

    blueprint.add_url_rule("/documents", "check", check)
    return blueprint
