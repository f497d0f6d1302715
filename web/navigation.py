"""The side bar and the bottom bar: which pages each role sees, in which order.

An entry appears once its page exists, so a folder of pages can be added or left out without touching this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for
from markupsafe import Markup

from web.here import kept, running
from web.policy import COURIERS, INDIVIDUALS, RULES, STAFF, Verdict, judge

BOTTOM_BAR_LENGTH = 4
REPAIR_ROLES = ("repair_dispatcher", "repair_verifier")


@dataclass(frozen=True)
class Place:
    """One entry."""

    endpoint: str
    icon: str
    key: str  # of its text


@dataclass(frozen=True)
class Group:
    """Entries under one heading."""

    key: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Link:
    """An entry as drawn."""

    place: Place
    url: str


@dataclass(frozen=True)
class Bars:
    """What the side bar and the bottom bar have for everybody of a role, as HTML."""

    side: Markup
    bottom: Markup
    account: Markup
    foot: Markup


INBOX = Place("staff.inbox", "inbox", "proc.inbox")
FIND_CASES = Place("auditor.cases", "search", "nav.find_cases")
LEDGER = Place("auditor.ledger", "banknote", "nav.ledger")
VERIFY = Place("auditor.verify", "shield-check", "nav.verify")
DEFINITIONS = Place("analyst.definitions", "workflow", "nav.processes")
WORK = Group("nav.work", (INBOX, FIND_CASES))
REPAIRS = Place("repairs.orders", "wrench", "nav.repairs")
_CASES = Place("market.cases", "scale", "nav.cases")

_PERSONAL = (
    Place("market.wallet", "wallet", "nav.wallet"),
    Place("market.papers", "file-text", "nav.papers"),
    _CASES,
    Place("market.ratings", "star", "nav.ratings"),
    Place("market.certification", "badge-check", "nav.certification"),
)
_INDIVIDUAL = (
    Group(
        "nav.work",
        (
            Place("market.tasks", "store", "nav.market"),
            INBOX,
            Place("market.own_tasks", "clipboard-list", "nav.my_tasks_taken"),
            Place("errands.orders", "bike", "nav.errands"),
            Place("market.orders", "briefcase", "nav.my_orders"),
            REPAIRS,
        ),
    ),
    Group("nav.personal", _PERSONAL),
)
_COURIER = (
    Group(
        "nav.work",
        (
            Place("errands.home", "bike", "nav.courier"),
            INBOX,
            Place("errands.deliveries", "package-check", "nav.courier_orders"),
        ),
    ),
    Group("nav.personal", (*_PERSONAL, Place("couriers.profile", "settings-2", "nav.courier_profile"))),
)
_OUR_ORDERS = Place("market.orders", "briefcase", "nav.our_orders")
_FUNDS = Place("market.wallet", "wallet", "nav.funds")
_PAPERS = Place("market.papers", "file-text", "nav.papers")
_RATINGS = Place("market.ratings", "star", "nav.ratings")
_CERTIFIED = Place("market.company", "badge-check", "nav.company_certification")
_OUR_TASKS = Place("market.own_tasks", "clipboard-list", "nav.our_tasks")
_OPERATOR_WORK = Group(
    "nav.work", (Place("market.tasks", "store", "nav.market"), INBOX, _OUR_TASKS, _OUR_ORDERS, REPAIRS)
)
_COMPANY = (
    Place("market.open_task", "plus", "nav.open_task"),
    Place("market.publish", "plus", "nav.publish"),
    *(_FUNDS, _PAPERS, _CASES, _RATINGS),
)
_ENTERPRISE: dict[str, tuple[Group, ...]] = {
    "enterprise_admin": (
        _OPERATOR_WORK,
        Group("nav.company", (*_COMPANY, Place("identity.members", "users", "nav.members"), _CERTIFIED)),
    ),
    "enterprise_operator": (_OPERATOR_WORK, Group("nav.company", (*_COMPANY, _CERTIFIED))),
    "enterprise_acceptor": (
        Group("nav.work", (INBOX, _OUR_TASKS, _OUR_ORDERS, REPAIRS)),
        Group("nav.company", (_PAPERS, _CASES, _RATINGS, _CERTIFIED)),
    ),
    "enterprise_finance": (
        Group("nav.work", (INBOX, _OUR_TASKS, _OUR_ORDERS)),
        Group("nav.company", (_FUNDS, _PAPERS, _CASES, _CERTIFIED)),
    ),
}
_AUDITOR = (Group("nav.audit", (FIND_CASES, LEDGER, REPAIRS)), Group("nav.proof", (VERIFY,)))
_ANALYST = (Group("nav.design", (DEFINITIONS, Place("analyst.migrations", "split", "nav.migrations"))), WORK)
_FINANCE = (
    Group("nav.work", (INBOX,)),
    Group(
        "nav.treasury",
        (
            Place("finance.custody", "landmark", "nav.custody"),
            Place("finance.differences", "git-compare", "nav.differences"),
            Place("finance.postings", "pen-line", "nav.postings"),
            Place("finance.income", "file-text", "nav.income"),
        ),
    ),
)
_OPERATOR = (
    Group(
        "nav.running",
        (
            Place("operator.incidents", "triangle-alert", "nav.incidents"),
            Place("operator.waiting", "hourglass", "nav.waiting"),
            FIND_CASES,
            Place("operator.jobs", "layers", "nav.jobs"),
            Place("operator.workers", "monitor-smartphone", "nav.workers"),
            Place("notices.outbox", "send", "nav.outbox"),
        ),
    ),
    Group("nav.who", (Place("operator.people", "users", "nav.people"),)),
    Group("nav.design", (DEFINITIONS,)),
)
ITEMS = Place("todos.items", "list-checks", "nav.todo_items")
SUPERVISION = Place("todos.supervision", "alarm-clock", "nav.todo_supervision")
ABSENCE = Place("todos.absence", "calendar-clock", "nav.todo_absence")
RULES_OF_ITEMS = Place("todos.rules", "bell-ring", "nav.todo_rules")
_TODO = {
    "todo_manager": (ITEMS, RULES_OF_ITEMS, SUPERVISION),
    "todo_reviewer": (ITEMS, RULES_OF_ITEMS),
    "todo_supervisor": (ITEMS, RULES_OF_ITEMS, SUPERVISION),
    "exception_owner": (SUPERVISION,),
    "todo_handler": (ABSENCE,),
}
GROUPS: dict[str, tuple[Group, ...]] = {
    **dict.fromkeys(STAFF, (WORK,)),
    **dict.fromkeys(REPAIR_ROLES, (Group("nav.work", (INBOX, REPAIRS, FIND_CASES)),)),
    **{role: (WORK, Group("nav.todos", places)) for role, places in _TODO.items()},
    **dict.fromkeys(INDIVIDUALS, _INDIVIDUAL),
    **dict.fromkeys(COURIERS, _COURIER),
    **_ENTERPRISE,
    "platform_finance": _FINANCE,
    "auditor": _AUDITOR,
    "analyst": _ANALYST,
    "platform_operator": _OPERATOR,
}


def list_groups() -> list[tuple[str, list[Link]]]:
    """Headings and their entries for who acts in this request; none that he may not open or that does not exist.

    All depends on the acting role alone, so it is worked out once for each.
    """
    session = kept().session
    actor = session.actor if session else None
    if actor is None:
        return []
    known: dict[str, list[tuple[str, list[Link]]]] = running().extensions.setdefault("navigation", {})
    if actor.role not in known:
        listed = [(group.key, list(_list_links(group))) for group in GROUPS.get(actor.role, ())]
        known[actor.role] = [(key, links) for key, links in listed if links]
    return known[actor.role]


def draw_bars(here: str) -> Bars:
    """Both bars, on the page of an endpoint. Only who acts sees bars."""
    groups, now = list_groups(), kept()
    is_listed = any(link.place.endpoint == here for _, links in groups for link in links)
    key = (now.session.actor.role, now.language, now.theme, here if is_listed else "")
    drawn: dict[tuple[str, ...], Bars] = running().extensions.setdefault("bars", {})
    if key not in drawn:
        draw: Any = running().jinja_env.get_template("_bars.html").module
        bottom = draw.bottom(list_bottom_links(), here)
        drawn[key] = Bars(draw.side(groups, here), bottom, draw.account(), draw.foot())
    return drawn[key]


def list_bottom_links() -> list[Link]:
    """The entries of the bottom bar: the first few, whatever their heading."""
    return [link for _, links in list_groups() for link in links][:BOTTOM_BAR_LENGTH]


def _list_links(group: Group) -> Iterator[Link]:
    for place in group.places:
        exists = place.endpoint in running().view_functions and place.endpoint in RULES
        if exists and judge(place.endpoint, kept().session) is Verdict.ALLOWED:
            yield Link(place, url_for(place.endpoint))


def may_open(endpoint: str) -> bool:
    """Whether the acting role has this page."""
    return judge(endpoint, kept().session) is Verdict.ALLOWED
