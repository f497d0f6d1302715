"""What somebody looks for on the market, read from the address of the page and written into addresses again."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import g, url_for
from werkzeug.datastructures import MultiDict

from engine.definitions.forms.typed import InputRefused, parse_yuan
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
    """A filter as it was asked for. `minimum` is the amount as typed; a wrong one does not narrow."""

    wanted: OrderFilter
    minimum: str
    is_minimum_wrong: bool

    def url(self, **changed: object) -> str:
        """The page with this search, changed in some of its parameters."""
        wanted = self.wanted
        parameters: dict[str, object] = {
            "q": wanted.search,
            "category": sorted(wanted.categories),
            "place": wanted.place_mode,
            "taker": wanted.taker_kind,
            "min_net": self.minimum,
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
            words = text("market.net_from", amount=g.fmt.money(wanted.min_net_fen))
            chips.append(Chip(words, self.url(min_net="")))
        return chips


def read_search(arguments: MultiDict[str, str]) -> Search:
    """The search an address asks for; what it does not know it leaves out."""
    minimum, min_net_fen, is_wrong = arguments.get("min_net", "").strip(), 0, False
    if minimum:
        try:
            min_net_fen = parse_yuan(minimum)
        except InputRefused:
            is_wrong = True
    wanted = OrderFilter(
        search=arguments.get("q", "").strip(),
        categories=frozenset(arguments.getlist("category")) & frozenset(CATEGORIES),
        place_mode=_known(arguments, "place", PLACES),
        taker_kind=_known(arguments, "taker", TAKERS),
        min_net_fen=max(min_net_fen, 0),
        sort=_known(arguments, "sort", SORTS) or NEWEST,
    )
    return Search(wanted, minimum, is_wrong or min_net_fen < 0)


def name_category(category: str) -> str:
    """A category in words; one the form has got since is shown as its value."""
    return text(f"market.category.{category}") if category in CATEGORIES else category


def _known(arguments: MultiDict[str, str], name: str, values: tuple[str, ...]) -> str:
    value = arguments.get(name, "")
    return value if value in values else ""
