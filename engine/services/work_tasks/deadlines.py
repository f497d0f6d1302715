"""By when a work task is to be awarded."""

from datetime import datetime

from engine.definitions.registry import TopicCall
from engine.services.work_tasks.notes import later
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict


def find_deadlines(call: TopicCall, signup_deadline: datetime) -> PlainDict:
    """By when sign-up and award are due; reminders at the deadline and on the two days after it."""
    return {
        "signup_deadline": format_instant(signup_deadline),
        "award_reminders": f"R3/{format_instant(signup_deadline)}/P1D",
        "award_escalation": format_instant(later(call, "task_award_escalation", signup_deadline)),
        "award_limit": format_instant(later(call, "task_award_limit", signup_deadline)),
    }
