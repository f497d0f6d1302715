"""How each kind of document is set, from what it says and for one reader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from flask import url_for
from sqlalchemy import Connection

from engine.runtime.engine import Engine
from engine.services.agreements.texts import fetch_version
from engine.services.documents.confirmations import find_consent
from engine.services.documents.drafting import next_month
from engine.services.documents.issuing import Document
from engine.storage import vault
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain
from web.auditor.names import Names
from web.formatting import Formatter
from web.market.statements import name_movement
from web.papers.pdf import Paper, Seal
from web.texts import text

_PARTIES = ("party_id", "payer_id", "payee_id", "enterprise_id", "signer_id", "worker_id")


@dataclass(frozen=True)
class Reading:
    """A document before one reader: what it says, and the ways to put that into words."""

    engine: Engine
    connection: Connection
    document: Document
    fmt: Formatter  # of the day it was issued, so that a document never changes
    names: Names
    party_id: str

    @property
    def told(self) -> dict[str, Any]:
        return dict(self.document.content)

    def at(self, name: str) -> str:
        """An instant of the document."""
        return self.fmt.full(parse_instant(str(self.told[name])))

    def open(self, reference: Plain) -> str:
        """A text of the vault; of somebody erased, that it is gone."""
        if not vault.is_reference(reference):
            return text("paper.none")
        return vault.open_reference(self.connection, self.engine.keys, reference) or text("paper.erased")


def render_pdf(engine: Engine, document: Document, language_fmt: Formatter, party_id: str) -> bytes:
    """A document as PDF, in the reader's language. Raises PaperUnavailable."""
    fmt = Formatter(language_fmt.language, engine.zone, document.issued_at)
    with engine.database.read() as connection:
        names = Names(connection, set(_find_parties(document.content)), fmt)
        reading = Reading(engine, connection, document, fmt, names, party_id)
        check_url = url_for("documents.check", number=document.number, sha256=document.sha256, _external=True)
        seal = Seal(document.number, document.sha256, document.issued_at, check_url)
        title = text(f"document.kind.{document.kind}")
        paper = Paper(seal, title, text("paper.issuer"), text("paper.page", page="{page}", pages="{pages}"))
        LAYOUTS[document.kind](paper, reading)
    paper.proof(
        text("paper.proof"),
        [
            (text("document.number"), document.number),
            (text("document.issued"), fmt.full(document.issued_at)),
            (text("document.sha256"), document.sha256),
            (text("document.check"), url_for("documents.check", _external=True)),
        ],
    )
    return paper.finish()


def _find_parties(content: Plain) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            if name in _PARTIES and isinstance(value, str):
                yield value
            yield from _find_parties(value)
    elif isinstance(content, list):
        for one in content:
            yield from _find_parties(one)


def _set_statement(paper: Paper, one: Reading) -> None:
    told, fmt = one.told, one.fmt
    since = parse_instant(str(told["since"])).astimezone(one.engine.zone).date()
    last = next_month(since) - timedelta(days=1)
    paper.lead(f"{one.names.of(told['party_id'])} · {fmt.month(since)}")
    paper.table(
        [
            (text("wallet.time"), 25, "L"),
            (text("wallet.what"), 46, "L"),
            (text("wallet.order"), 30, "L"),
            (text("wallet.amount"), 24, "R"),
            (text("wallet.balance"), 24, "R"),
        ],
        [
            (fmt.day(since), text("document.opening"), "", "", fmt.money(told["opening_fen"])),
            *(_tell_movement(fmt, movement) for movement in told["movements"]),
        ],
        (fmt.day(last), text("document.closing"), "", "", fmt.money(told["closing_fen"])),
    )
    paper.facts(
        [
            (text("document.in"), fmt.signed(told["in_fen"])),
            (text("document.out"), fmt.signed(-told["out_fen"])),
        ]
    )


def _tell_movement(fmt: Formatter, movement: dict[str, Any]) -> tuple[str, ...]:
    subject = fmt.name(movement["subject_zh"], movement["subject_en"])
    words = text(name_movement(movement["rule"], movement["amount_fen"]))
    return (
        fmt.instant(parse_instant(movement["at"])),
        f"{words} · {subject}" if subject else words,
        movement["number"],
        fmt.signed(movement["amount_fen"]),
        fmt.money(movement["balance_fen"]),
    )


def _set_settlement(paper: Paper, one: Reading) -> None:
    told, fmt = one.told, one.fmt
    if subject := fmt.name(told["subject_zh"], told["subject_en"]):
        paper.lead(subject)
    facts = [
        (text("document.payer"), one.names.of(told["payer_id"])),
        (text("document.payee"), one.names.of(told["payee_id"])),
        (text("document.settled"), one.at("at")),
        (text("document.business"), text(name_movement(told["rule"], 1))),
    ]
    if told["order_number"]:
        facts.append((text("wallet.order"), told["order_number"]))
    if "milestone" in told:
        facts.append(("", text("document.milestone", number=told["milestone"])))
    if "batch" in told:
        price = fmt.money(told["unit_price_fen"])
        words = text("document.batch", number=told["batch"], count=told["quantity"], price=price)
        facts.append(("", words))
    paper.facts(facts)
    paper.sums(*_sum_settlement(told, fmt, told["payee_id"] == one.party_id))


def _sum_settlement(
    told: dict[str, Any], fmt: Formatter, is_own: bool
) -> tuple[list[tuple[str, str]], tuple[str, str]]:
    is_on_top = told.get("fee_bearer") == "on_top"
    rate = f" ({fmt.percent(told['rate_bps'])})" if told.get("rate_bps") else ""
    fee = text("document.fee_on_top") if is_on_top else text("document.fee") + rate
    extra = {name: told.get(name, 0) for name in ("tip_fen", "spent_fen")}
    rows = [
        (text("document.gross"), fmt.money(told["gross_fen"])),
        (fee, fmt.money(told["fee_fen"] if is_on_top else -told["fee_fen"])),
        (text("order.vat"), fmt.money(told["vat_fen"])),
        (text("document.tax"), fmt.money(-told["tax_fen"])),
        *(
            (text("document.tip" if name == "tip_fen" else "document.goods"), fmt.money(fen))
            for name, fen in extra.items()
            if fen
        ),
    ]
    return rows, (
        text("document.net_yours" if is_own else "document.net"),
        fmt.money(told["net_fen"] + sum(extra.values())),
    )


def _set_confirmation(paper: Paper, one: Reading) -> None:
    told, fmt = one.told, one.fmt
    paper.lead(told["title"])
    paper.facts(
        [
            (text("paper.enterprise"), one.names.of(told["enterprise_id"])),
            (text("paper.task"), told["task_number"]),
            (text("paper.mode"), text(f"paper.mode.{told['mode']}")),
            (text("paper.closed"), one.at("closed_at")),
        ]
    )
    columns = [(text("paper.worker"), 34, "L"), (text("paper.state"), 26, "L")]
    columns += [(text(f"paper.column.{name}"), 22, "R") for name in ("gross", "fee", "tax", "net")]
    amounts = ("gross_fen", "fee_fen", "tax_fen", "net_fen")
    paper.table(
        columns,
        [
            (
                one.names.of(line["worker_id"]),
                text(f"paper.engagement.{line['state']}"),
                *(fmt.money(line[name]) for name in amounts),
            )
            for line in told["lines"]
        ],
        (text("paper.total"), "", *(fmt.money(told[name]) for name in amounts)),
    )
    fee = text("document.fee_on_top" if told["is_fee_on_top"] else "paper.fee_included")
    paper.sums(
        [(text("document.gross"), fmt.money(told["gross_fen"])), (fee, fmt.money(told["fee_fen"]))],
        (text("paper.charged"), fmt.money(told["charged_fen"])),
    )
    consent = find_consent(one.connection, one.document.id)
    if consent is None:
        paper.note(text("paper.not_confirmed"))
    else:
        who = Names(one.connection, {consent.user_id}, fmt).of(consent.user_id)
        paper.facts([(text("paper.confirmed"), f"{who} · {fmt.full(consent.confirmed_at)}")])


def _set_agreement(paper: Paper, one: Reading) -> None:
    told = one.told
    version = fetch_version(one.connection, told["definition_id"])
    paper.lead(f"{version.text.name.of(told['language'])} · {text('form.agreement.version', version=told['version'])}")
    paper.clauses(version.text.blocks(told["language"]))
    paper.new_page()
    paper.section(text("paper.evidence"))
    origin = told["origin"] and one.open(told["origin"])
    place = orjson.loads(origin) if origin and origin.startswith("{") else {}
    paper.facts(
        [
            (text("paper.bound"), one.names.of(told["party_id"])),
            (text("form.signer"), one.open(told["signer_name"])),
            (text("paper.account"), f"{one.names.of(told['signer_id'])} · {text('acting.' + told['acting_role'])}"),
            (text("paper.signed"), one.at("signed_at")),
            (text("paper.method"), text(f"paper.method.{told['method']}")),
            (text("paper.code_sent"), one.at("code_sent_at")),
            (text("paper.code_verified"), one.at("code_verified_at")),
            (text("paper.address"), place.get("address", text("paper.none"))),
            (text("paper.browser"), place.get("user_agent", text("paper.none"))),
            (text("paper.text_sha256"), told["text_sha256"]),
            (text("paper.case"), told["case_id"]),
        ]
    )
    paper.note(text("paper.evidence.about"))


def _set_invoice(paper: Paper, one: Reading) -> None:
    told, fmt = one.told, one.fmt
    facts = [
        (text("paper.buyer"), one.names.of(told["party_id"])),
        (text("paper.seller"), text("paper.issuer")),
        (text("paper.month"), fmt.month(date.fromisoformat(f"{told['month']}-01"))),
        (text("paper.item"), text("document.fee")),
    ]
    if told["tax_number"]:
        facts.insert(1, (text("paper.tax_number"), told["tax_number"]))
    paper.facts(facts)
    net_fen = told["fee_fen"] - told["vat_fen"]
    paper.sums(
        [(text("paper.net_of_vat"), fmt.money(net_fen)), (text("paper.vat"), fmt.money(told["vat_fen"]))],
        (text("paper.invoice_total"), fmt.money(told["fee_fen"])),
    )
    paper.note(text("paper.invoice.about"))


def _set_withholding(paper: Paper, one: Reading) -> None:
    told, fmt = one.told, one.fmt
    paper.lead(f"{one.names.of(told['party_id'])} · {fmt.month(date.fromisoformat(told['month'] + '-01'))}")
    columns = [(text("wallet.time"), 28, "L"), (text("document.payer"), 60, "L")]
    columns += [(text("paper.column.gross"), 28, "R"), (text("paper.column.tax"), 28, "R")]
    paper.table(
        columns,
        [
            (
                fmt.instant(parse_instant(line["at"])),
                one.names.of(line["payer_id"]),
                fmt.money(line["gross_fen"]),
                fmt.money(line["tax_fen"]),
            )
            for line in told["lines"]
        ],
        (text("paper.total"), "", fmt.money(told["gross_fen"]), fmt.money(told["tax_fen"])),
    )
    paper.note(text("paper.withholding.about"))


LAYOUTS: dict[str, Callable[[Paper, Reading], None]] = {
    "statement": _set_statement,
    "settlement": _set_settlement,
    "confirmation": _set_confirmation,
    "agreement": _set_agreement,
    "invoice": _set_invoice,
    "withholding": _set_withholding,
}
