"""Words of the dispatch in messages, which both languages share a row of."""

from collections.abc import Mapping

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "fetch_parcel": ("帮拿快递", "Fetch a parcel"),
    "buy": ("帮买东西", "Buy something"),
    "deliver": ("帮忙送东西", "Deliver something"),
    "print": ("帮忙打印", "Print"),
    "answer": ("帮忙解答", "Answer a question"),
    "other": ("其它", "Other"),
}
"""The six kinds of errands (ER-05), Chinese and English."""
