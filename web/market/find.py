"""What somebody looks for on the market, read from the address of the page and written into addresses again."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from flask import g, url_for
from werkzeug.datastructures import MultiDict

from engine.definitions.forms.typed import InputRefused, parse_date, parse_yuan
from engine.services.orders.search import NEWEST, SORTS, OrderFilter
from web.texts import text

CATEGORIES = ("engineering", "installation", "housekeeping", "design", "software", "study", "event", "other")
PLACES = ("on_site", "remote")
TAKERS = ("person", "organisation")


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the page without it."""

    words: str
    url: str


@dataclass(frozen=True)
class Search:
    """A filter as it was asked for: `typed` holds amounts and the date as typed, `wrong` names those of them that are
    none and therefore do not narrow.
    """

    wanted: OrderFilter
    typed: dict[str, str]
    wrong: frozenset[str]

    def url(self, **changed: object) -> str:
        """The page with this search, changed in some of its parameters."""
        wanted = self.wanted
        parameters: dict[str, object] = {
            "q": wanted.search,
            "category": sorted(wanted.categories),
            "place": wanted.place_mode,
            "taker": wanted.taker_kind,
            **self.typed,
            "sort": wanted.sort if wanted.sort != NEWEST else "",
            **changed,
        }
        kept = urlencode({name: value for name, value in parameters.items() if value}, doseq=True)
        return url_for("market.index") + (f"?{kept}" if kept else "")

    @property
    def chips(self) -> list[Chip]:
        """Every filter in force; the search words and the sort are none."""
        wanted = self.wanted
        chips = [
            Chip(name_category(one), self.url(category=sorted(wanted.categories - {one})))
            for one in CATEGORIES
            if one in wanted.categories
        ]
        if wanted.place_mode:
            chips.append(Chip(text(f"market.place.{wanted.place_mode}"), self.url(place="")))
        if wanted.taker_kind:
            chips.append(Chip(text(f"market.taker.{wanted.taker_kind}"), self.url(taker="")))
        if wanted.min_net_fen:
            chips.append(Chip(text("market.net_from", amount=g.fmt.money(wanted.min_net_fen)), self.url(min_net="")))
        if wanted.max_net_fen:
            chips.append(Chip(text("market.net_to", amount=g.fmt.money(wanted.max_net_fen)), self.url(max_net="")))
        if wanted.done_by:
            day = g.fmt.day(wanted.done_by - timedelta(days=1))
            chips.append(Chip(text("market.done_by.chip", day=day), self.url(done_by="")))
        return chips


def read_search(arguments: MultiDict[str, str]) -> Search:
    """The search an address asks for; what it does not know it leaves out."""
    typed = {name: arguments.get(name, "").strip() for name in ("min_net", "max_net", "done_by")}
    values = {"min_net": read_amount(typed["min_net"]), "max_net": read_amount(typed["max_net"])}
    done_by = _read_end_of_day(typed["done_by"])
    wanted = OrderFilter(
        search=arguments.get("q", "").strip(),
        categories=frozenset(arguments.getlist("category")) & frozenset(CATEGORIES),
        place_mode=_known(arguments, "place", PLACES),
        taker_kind=_known(arguments, "taker", TAKERS),
        min_net_fen=values["min_net"] or 0,
        max_net_fen=values["max_net"] or 0,
        done_by=done_by,
        sort=_known(arguments, "sort", tuple(SORTS)) or NEWEST,
    )
    unread = {name for name, value in (*values.items(), ("done_by", done_by)) if typed[name] and value is None}
    return Search(wanted, typed, frozenset(unread))


def read_amount(typed: str) -> int | None:
    """An amount in fen; None for what is no amount."""
    try:
        amount_fen = parse_yuan(typed)
    except InputRefused:
        return None
    return amount_fen if amount_fen >= 0 else None


def _read_end_of_day(typed: str) -> datetime | None:
    """When a day ends where the reader is; None for what is no day."""
    try:
        day = date.fromisoformat(parse_date(typed))
    except InputRefused:
        return None
    return datetime.combine(day + timedelta(days=1), time(), g.fmt.zone)


def name_category(category: str) -> str:
    """A category in words; one the form has got since is shown as its value."""
    return text(f"market.category.{category}") if category in CATEGORIES else category


def _known(arguments: MultiDict[str, str], name: str, values: tuple[str, ...]) -> str:
    value = arguments.get(name, "")
    return value if value in values else ""
