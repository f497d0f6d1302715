"""What money moves, shown before anybody decides: as a work task is described, when seats are awarded, at acceptance.

Views of form components with `reads` find the answers of these fields in their data, as they are typed.
"""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select

from engine.definitions.registry import ViewCall, view
from engine.services.ledger import accounts
from engine.services.ledger.fees import Settlement, compute_settlement, read_terms, share_of
from engine.services.ledger.posting import balance_of
from engine.services.work_tasks import states
from engine.services.work_tasks.facts import fact, fetch_deliverable
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK, PREPAYMENT, PROCESS, charge_of, whole
from engine.services.work_tasks.prices import Terms, highest_pay, needed_fen, pay_of_pieces, pay_of_seat
from engine.services.work_tasks.publishing import price_of
from engine.services.work_tasks.quantities import sum_quantities
from engine.services.work_tasks.tables import application, offer
from engine.storage.plain import Plain, PlainDict


@view("work_task_plan", needs=["enterprise"])
def work_task_plan(call: ViewCall) -> Plain:
    """Of the form of draft_task as far as it is filled in: what a seat costs and brings, and what is frozen for all."""
    draft = dict(call.data)
    if not draft.get("mode"):
        return {}
    asked = {"process": PROCESS, "category": draft["mode"], "party_tier": "standard"}
    terms = {
        **price_of(draft),
        "headcount": whole(draft, "headcount", 1),
        "fee": call.decide("fee_schedule", asked).result,
    }
    gross_fen = pay_of_seat(terms)
    if not gross_fen:
        return {}
    wallet_fen = balance_of(call.connection, accounts.wallet(str(call.data["enterprise"])))
    return _show(terms, _split(terms, gross_fen), effects=_list_plan(terms, gross_fen, wallet_fen))


def _list_plan(terms: Terms, gross_fen: int, wallet_fen: int) -> list[Plain]:
    frozen_fen = needed_fen(terms)
    whole_fen = highest_pay(terms) if terms["mode"] == PIECEWORK else gross_fen * terms["headcount"]
    rows = [
        fact("全部席位的报酬，最多", "Pay of all seats, at most", "whole_fen", whole_fen),
        fact("发布时冻结", "Frozen at the publication", "frozen_fen", frozen_fen),
    ]
    if not frozen_fen:
        rows.append(
            fact("每个席位中标时冻结", "Frozen at the award of each seat", "award_fen", _award_fen(terms, gross_fen))
        )
    return [*rows, *_list_wallet(wallet_fen, frozen_fen)]


def _award_fen(terms: Terms, gross_fen: int) -> int:
    """What the award of a seat takes from the wallet, in fen: the agreed price, or the guarantee."""
    if terms["mode"] == NEGOTIABLE and terms["negotiable_settlement"] == "at_award":
        return charge_of(terms, gross_fen)
    return share_of(gross_fen, terms["guarantee_bps"])


def _list_wallet(wallet_fen: int, needed: int) -> list[Plain]:
    rows = [fact("钱包可用余额", "Available in the wallet", "wallet_fen", wallet_fen)]
    if needed > wallet_fen:
        rows.append(fact("还差，须先充值", "Missing, to be topped up", "missing_fen", needed - wallet_fen))
    return rows


@view("work_task_limits", needs=["task_id"])
def work_task_limits(call: ViewCall) -> Plain:
    """What the form of an award may hold: as many applicants as there are free seats."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    return {"chosen": {"maximum": task["headcount"] - task["seats_taken"]}}


@view("work_task_settlement", needs=["task_id"])
def work_task_settlement(call: ViewCall) -> Plain:
    """What the seats of those who are ticked cost and bring; before that, of one seat. Empty without a price."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    chosen = _fetch_chosen(call, task["id"])
    pays = [_pay_of(task, row, whole(dict(call.data), "cap_per_worker")) for row in chosen] or [pay_of_seat(task)]
    if not all(pays) or not task["fee"]:
        return {}
    splits = [_split(task, gross_fen) for gross_fen in pays]
    free = task["headcount"] - task["seats_taken"]
    seats = (
        fact(
            "以上为所选席位，已选 / 空席",
            "For the seats ticked, of those that are free",
            "seats",
            f"{len(chosen)} / {free}",
        )
        if chosen
        else fact("以上为一个席位，空席", "For one seat, of those that are free", "seats", free)
    )
    return _show(task, *splits, effects=[seats, *(_list_award(call, task, splits) if chosen else [])])


def _fetch_chosen(call: ViewCall, task_id: str) -> Sequence[RowMapping]:
    ticked = call.data.get("chosen")
    numbers = [str(one["id"]) for one in ticked if isinstance(one, dict)] if isinstance(ticked, list) else []
    mine = (
        application.c.task_id == task_id,
        application.c.sequence.in_([int(one) for one in numbers if one.isdigit()]),
    )
    return call.connection.execute(select(application).where(*mine)).mappings().all()


def _pay_of(task: RowMapping, row: RowMapping, cap: int) -> int:
    if task["mode"] == PIECEWORK:
        return pay_of_pieces(task, min(cap or row["quantity_wish"] or task["cap_per_worker"], task["cap_per_worker"]))
    return int(row["agreed_fen"] or 0) if task["mode"] == NEGOTIABLE else int(task["pay_fen"])


def _list_award(call: ViewCall, task: RowMapping, splits: Sequence[Settlement]) -> list[Plain]:
    """What the award sets aside of what is frozen, or takes from the wallet."""
    if task["mode"] in (PREPAYMENT, PIECEWORK):
        set_aside_fen = sum(one.charge_fen for one in splits)
        return [
            fact(
                "从已托管的金额中划给这些席位",
                "Set aside for these seats, of what is secured",
                "set_aside_fen",
                set_aside_fen,
            )
        ]
    taken_fen = sum(_award_fen(task, one.gross_fen) for one in splits)
    wallet_fen = balance_of(call.connection, accounts.wallet(task["enterprise_id"]))
    taken = fact("中标后从钱包冻结", "Frozen from the wallet after the award", "taken_fen", taken_fen)
    return [taken, *_list_wallet(wallet_fen, taken_fen)]


@view("negotiation_settlement", needs=["application_id", "task_id"])
def negotiation_settlement(call: ViewCall) -> Plain:
    """What the price that is being typed brings, or else that of the latest offer."""
    task = states.fetch_task_row(call.connection, str(call.data["task_id"]))
    typed = [whole(dict(call.data), name) for name in ("counter_fen", "offer_fen")]
    mine = offer.c.application_id == str(call.data["application_id"])
    latest = select(offer.c.amount_fen).where(mine).order_by(offer.c.version.desc()).limit(1)
    gross_fen = max(typed) or call.connection.execute(latest).scalar_one_or_none()
    return _show(task, _split(task, gross_fen), effects=[]) if gross_fen and task["fee"] else {}


@view("engagement_settlement", needs=["engagement_id"])
def engagement_settlement(call: ViewCall) -> Plain:
    """What is paid now: for all that was delivered, for what of it is accepted, or for the part that was proposed."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    is_piecework = task["mode"] == PIECEWORK
    gross_fen = _find_pieces(call, task, row) if is_piecework and row["version"] else _find_gross(call, row)
    split = _split(task, gross_fen, row["paid_fen"] if is_piecework else 0)
    held_fen = balance_of(call.connection, accounts.escrow(row["id"]))
    effects, rest_fen = _list_charge(call, row, split.charge_fen - held_fen), max(0, held_fen - split.charge_fen)
    is_over = not is_piecework and call.data.get("acceptance_result") not in ("rework", "reject")
    if rest_fen and is_over:
        effects.append(fact("其余退回企业", "The rest goes back to the enterprise", "rest_fen", rest_fen))
    return _show(task, split, effects=effects) | ({"secured_fen": rest_fen} if rest_fen and not is_over else {})


@view("deliverable_settlement", needs=["engagement_id"])
def deliverable_settlement(call: ViewCall) -> Plain:
    """What the worker will be paid if all he delivers is accepted; of piecework the pieces he is typing."""
    row = states.fetch_engagement_row(call.connection, str(call.data["engagement_id"]))
    task = states.fetch_task_row(call.connection, row["task_id"])
    if task["mode"] != PIECEWORK:
        return _show(task, _split(task, row["pay_fen"]), effects=[])
    done, count = sum_quantities(call.connection, row["id"]).accepted, whole(dict(call.data), "quantity")
    gross_fen = pay_of_pieces(task, done + count) - pay_of_pieces(task, done)
    return _show(task, _split(task, gross_fen, row["paid_fen"]), effects=[]) if count else {}


def _find_gross(call: ViewCall, row: RowMapping) -> int:
    """Of other work than piecework: all, the part that is proposed, or nothing, as the answer says."""
    answer, proposed_fen = call.data.get("acceptance_result"), whole(dict(call.data), "proposed_fen")
    if answer == "partial" or "acceptance_result" not in call.data:
        return proposed_fen or int(row["pay_fen"])
    return 0 if answer in ("rework", "reject") else int(row["pay_fen"])


def _find_pieces(call: ViewCall, task: RowMapping, row: RowMapping) -> int:
    """The pay of the pieces of the latest delivery that are accepted, as the answer says."""
    done = sum_quantities(call.connection, row["id"]).accepted
    count = fetch_deliverable(call.connection, row["id"])["quantity"]
    answer = call.data.get("acceptance_result")
    if answer == "partial":
        judged = [call.data.get(name) for name in ("pieces", "pieces_kept_or_scrap")]
        count = sum(min(count, whole(one, "accepted")) for one in judged if isinstance(one, dict))
    elif answer in ("rework", "reject"):
        count = 0
    return pay_of_pieces(task, done + count) - pay_of_pieces(task, done)


def _list_charge(call: ViewCall, row: RowMapping, missing_fen: int) -> list[Plain]:
    """What is still to come from the enterprise's wallet; for the enterprise only."""
    if missing_fen <= 0 or call.actor.party_id != row["enterprise_id"]:
        return []
    guarantee_fen = balance_of(call.connection, accounts.guarantee(row["id"]))
    rows = [fact("来自保证金", "Out of the guarantee", "guarantee_fen", guarantee_fen)] if guarantee_fen else []
    charged_fen = max(0, missing_fen - guarantee_fen)
    wallet_fen = balance_of(call.connection, accounts.wallet(row["enterprise_id"]))
    charged = fact("从钱包扣款", "Charged to the wallet", "charged_fen", charged_fen)
    return [*rows, charged, *_list_wallet(wallet_fen, charged_fen)]


def _split(task: Terms, gross_fen: int, before_fen: int = 0) -> Settlement:
    return compute_settlement(gross_fen, read_terms(task["fee"]), fee_bearer=task["fee_bearer"], before_fen=before_fen)


def _show(task: Terms, *splits: Settlement, effects: list[Plain]) -> PlainDict:
    """Settlements together as the form component of that name shows them."""
    return {
        "gross_fen": sum(one.gross_fen for one in splits),
        "platform_fee_bps": read_terms(task["fee"]).rate_bps,
        "platform_fee_fen": sum(one.fee_fen for one in splits),
        "vat_fen": sum(one.vat_fen for one in splits),
        "tax_fen": sum(one.tax_fen for one in splits),
        "net_fen": sum(one.net_fen for one in splits),
        "fee_bearer": task["fee_bearer"],
        "effects": effects,
    }
