"""Whom a worker may call about the work, and where it is: who reads that, and from when on (B.6.7)."""

from sqlalchemy import RowMapping

from engine.storage.plain import PlainDict

AFTER_AWARD, AFTER_CONFIRMATION, NEVER = "after_award", "after_confirm", "platform"


def find_contact(task: RowMapping, engagement: RowMapping) -> PlainDict | None:
    """The vault reference of the contact, if the worker of the engagement may read it by now."""
    is_open = task["contact_visibility"] == AFTER_AWARD or (
        task["contact_visibility"] == AFTER_CONFIRMATION and engagement["confirmed_at"] is not None
    )
    contact = task["contact"] if is_open else None
    return contact if isinstance(contact, dict) else None
