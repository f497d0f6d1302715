"""Whether people may act for the platform as history granted, no more and no less."""

from collections.abc import Iterator

from sqlalchemy import Connection

from engine.runtime.engine import Engine
from engine.services.identity.people import STREAM
from engine.services.verification.findings import Finding, read_events
from engine.services.verification.raw_rows import read_rows
from engine.storage.actor import PLATFORM
from engine.storage.plain import Plain
from engine.storage.tables import membership


def verify_roles(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """Each role at the platform was granted with these skills, and each that was granted is there."""
    granted: dict[tuple[str, str], Plain] = {}
    for _, fact in read_events(connection, STREAM):
        held = str(fact.get("user")), str(fact.get("role"))
        if fact.get("party") == PLATFORM and fact.get("kind") == "grant_role":
            granted[held] = fact.get("skills")
        elif fact.get("party") == PLATFORM and fact.get("kind") == "revoke_role":
            granted.pop(held, None)
    for row in read_rows(connection, membership, membership.c.party_id == PLATFORM):
        if granted.pop((row["user_id"], row["role"]), None) != row["skills"]:
            bad = "Expected a role at the platform as history granted it, but it granted none or another"
            yield Finding("membership", f"{row['user_id']}/{PLATFORM}/{row['role']}", bad)
    for user_id, role in granted:
        bad = "Expected the role at the platform that history granted, but it is gone"
        yield Finding("membership", f"{user_id}/{PLATFORM}/{role}", bad)
