"""A dispute about a hire order from its opening to a decision of 70 to 30, told step by step, with proofs."""

from engine.runtime.engine import Engine
from engine.services.cases.queries import fetch_case, list_cases
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.posting import balance_of
from engine.services.orders.commands import open_dispute
from engine.services.verification import count_rows, verify
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_token
from web.demo.data import gather
from web.demo.demands import Fields, read_demands
from web.demo.player import Player
from web.demo.telling import prove, say
from web.demo.throwaway import open_throwaway

PAY, REFUND = "252.00", "108.00"  # 70 to 30
FEE_FEN, PAY_FEN, REFUND_FEN = 2_520, 25_200, 10_800
REASONS = (
    "双方提交的照片与说明相互印证：大部分工作已按约定完成，其余没有完成，故按七三分配，自送达之日起生效，双方应当履行。"
)


def play_dispute() -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    with open_throwaway() as (engine, _):
        return _play(Player(engine))


def _play(player: Player) -> int:
    cast, engine = gather(player), player.engine
    service, arbiter = _staff("service", "customer_service"), _staff("arbiter", "arbiter")
    demand: Fields = {**read_demands(player.local_now())["projector"], "reward_fen": "360.00"}
    order_id = player.publish(cast.chen, demand)
    player.take(cast.wang, order_id)
    player.start(cast.wang, order_id)
    before_fen = _balance(engine, accounts.wallet(cast.wang.party_id))
    player.send(lambda: open_dispute(engine, cast.chen, order_id, new_token(), "一间会议室没有完成，要求退款。"))
    say("Chen disputes the order while it runs: the reward stays in the escrow, and the facts are collected.")
    player.do(service, order_id, "triage", {"matter": "dispute"})
    player.do(cast.wang, order_id, "respond", {"response": "refuse", "text": "两间都已完成，只差一处布线。"})
    say("Customer service takes it as a dispute; Wang refuses the claim.")
    proposal = {"split-pay_fen": "180.00", "split-refund_fen": "180.00", "text": "双方各让一步，各得一半。"}
    player.do(service, order_id, "mediate", proposal)
    player.do(cast.wang, order_id, "answer_proposal", {"proposal_answer": "refuse"})
    say("Customer service proposes half and half; Wang refuses, so an arbiter decides.")
    ruling = {"ruling": "split", "fault": "both", "reasons": REASONS}
    player.do(arbiter, order_id, "arbitrate", ruling | {"split-pay_fen": PAY, "split-refund_fen": REFUND})
    say(f"The arbiter decides: {PAY} yuan for the work, {REFUND} back. It is carried out at once.")
    for party in (cast.chen, cast.wang):
        player.do(party, order_id, "appeal_decision", {"appeal_choice": "accept"})
    say("Both accept the decision, and the order is closed.")
    (case,) = list_cases(engine, cast.chen, order_id)
    paid_fen = _balance(engine, accounts.wallet(cast.wang.party_id)) - before_fen
    return _prove(engine, order_id, (cast.chen, cast.wang), case.ref, paid_fen)


def _prove(engine: Engine, order_id: str, parties: tuple[Actor, Actor], case_ref: str, paid_fen: int) -> int:
    findings = list(verify(engine))
    mine, theirs = (fetch_case(engine, party, case_ref) for party in parties)
    case = mine.summary
    with engine.database.read() as connection:
        escrow_fen = balance_of(connection, accounts.escrow(order_id))
        difference_fen = trial_balance(connection).difference_fen
        counts = count_rows(connection)
    split = (case.state, case.outcome, case.pay_fen, case.refund_fen)
    held = [
        prove("the decision is 70 to 30", split == ("closed", "decided", PAY_FEN, REFUND_FEN), f"{PAY} and {REFUND}"),
        prove("the fee is taken of the awarded part only", paid_fen == PAY_FEN - FEE_FEN, f"{paid_fen} fen net"),
        prove("both parties read the same timeline", mine == theirs, f"{len(mine.entries)} entries"),
        prove("the escrow of the order is 0", escrow_fen == 0, f"{escrow_fen} fen"),
        prove("the trial balance is 0", difference_fen == 0, f"{difference_fen} fen"),
        prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
    ]
    for finding in findings:
        print(f"  {finding.table} {finding.row}: {finding.message}")
    return 0 if all(held) else 1


def _staff(name: str, role: str) -> Actor:
    """One of the platform's people, for this play only."""
    return Actor(name, PLATFORM, role, frozenset({role}))


def _balance(engine: Engine, account: str) -> int:
    with engine.database.read() as connection:
        return balance_of(connection, account)
