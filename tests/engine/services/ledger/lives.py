"""Lives of orders in every mode, and what happens beside them. A life is a generator: one operation between yields."""

from collections.abc import Callable, Generator

from engine.services.ledger import accounts, rules, treasury
from engine.storage.plain import PlainDict
from tests.engine.services.ledger.paper import ON_TOP, Changes, Clerk, Terms, add

PARTIES = ("ann", "bob", "cai", "dan", "eve")
PROVIDER = "test"
Life = Generator[None]


def draw_terms(clerk: Clerk, may_be_on_top: bool = True) -> Terms:
    """Terms as an operator may set them; nothing, everything and limits included."""
    draw = clerk.random
    return Terms(
        rate_bps=draw.choice((0, 1, 300, 600, 1_000, 2_000, 9_999, 10_000)),
        min_fen=draw.choice((0, 0, 0, 100)),
        max_fen=draw.choice((None, None, 5_000)),
        vat_bps=draw.choice((0, 100, 600, 1_300)),
        bearer=ON_TOP if may_be_on_top and draw.random() < 0.4 else "deducted_from_pay",
    )


class Order:
    """What every life of an order needs: two sides, terms, a name of its own, and the common ways to end."""

    def __init__(self, clerk: Clerk, process: str, may_be_on_top: bool = True) -> None:
        self.clerk = clerk
        self.process = process
        self.payer, self.payee = clerk.random.sample(PARTIES, 2)
        self.terms = draw_terms(clerk, may_be_on_top)
        self.ref = f"{process}-{clerk.operations}-{clerk.random.randrange(10**6)}"

    @property
    def held(self) -> int:
        return self.clerk.of(f"escrow:{self.ref}")

    @property
    def pay(self) -> PlainDict:
        """What every settling topic is given."""
        terms = self.terms
        return {"payee": self.payee, "fee": terms.plain(), "process": self.process}

    def happens(self, chance: float) -> bool:
        return self.clerk.random.random() < chance

    def amount(self, most: int = 200_000) -> int:
        return self.clerk.random.randint(1, most)

    def freeze(self, fen: int, reason: str = "reward") -> bool:
        prefix = {"goods": "goods", "guarantee": "guarantee"}.get(reason, "escrow")
        changes = {f"wallet:{self.payer}": -fen, f"{prefix}:{self.ref}": fen}
        sides: PlainDict = {"payer": self.payer, "escrow_ref": self.ref, "order_ref": self.ref}
        return self.clerk.topic("freeze_funds", changes, amount_fen=fen, reason=reason, **sides)

    def release(self, source: str = "escrow") -> None:
        left = self.clerk.of(f"{source}:{self.ref}")
        changes = {f"{source}:{self.ref}": -left, f"wallet:{self.payer}": left}
        self.clerk.topic("release_funds", changes, escrow_ref=self.ref, payer=self.payer, source=source)

    def settle(self, gross: int) -> None:
        got, charge = self.terms.pay(self.payee, self.process, gross)
        bearer = self.terms.bearer
        changes = add({f"escrow:{self.ref}": -charge}, got)
        self.clerk.topic("settle_reward", changes, escrow_ref=self.ref, gross_fen=gross, fee_bearer=bearer, **self.pay)

    def cancel(self) -> None:
        charge = self.clerk.random.randint(0, self.held)
        worker = self.clerk.random.randint(0, charge)
        platform, vat = charge - worker, Terms(0, 0, None, 600, "").vat(charge - worker)
        changes = add(
            {f"escrow:{self.ref}": -self.held, f"wallet:{self.payer}": self.held - charge},
            {f"wallet:{self.payee}": worker, "rev:cancellation": platform - vat, "vat:payable": vat},
        )
        sides: PlainDict = {"escrow_ref": self.ref, "payer": self.payer, "payee": self.payee}
        self.clerk.topic("split_cancellation", changes, compensation_fen=worker, platform_fen=platform, **sides)

    def dispute(self, gross: int) -> None:
        """A decision over what is in the escrow: any part of the pay to the payee, the rest back."""
        held, part = self.held, self.clerk.random.randint(0, gross)
        got, charge = self.terms.pay(self.payee, self.process, part)
        changes = add({f"escrow:{self.ref}": -held, f"wallet:{self.payer}": held - charge}, got)
        self.clerk.topic(
            "split_dispute",
            changes,
            case_ref="D",
            escrow_ref=self.ref,
            payer=self.payer,
            pay_fen=part,
            refund_fen=held - charge,
            fee_bearer=self.terms.bearer,
            **self.pay,
        )


def hire_order(clerk: Clerk) -> Life:
    """Frozen, perhaps raised; then done, cancelled, disputed, or nobody came. Some are disputed after all."""
    order = Order(clerk, "hire_order")
    gross = order.amount()
    if not order.freeze(order.terms.charge(gross)):
        return
    yield
    if order.terms.bearer != ON_TOP and order.happens(0.3):
        more = order.amount(20_000)
        gross += more if order.freeze(more, "increase") else 0
        yield
    end = clerk.random.choice(("done", "done", "cancelled", "disputed", "expired"))
    if end == "cancelled":
        order.cancel()
    elif end == "disputed":
        order.dispute(gross)
    elif end == "expired":
        order.release()
    else:
        order.settle(gross)
        if order.happens(0.3):
            yield
            yield from dispute_after_all(clerk, order)
    clerk.check_closed(order.ref)


def dispute_after_all(clerk: Clerk, order: Order) -> Life:
    """Settled money is held, then freed or divided."""
    case, most = f"case-{order.ref}", order.amount()
    held = min(most, clerk.of(f"wallet:{order.payee}"))
    hold = f"hold:{order.payee}:{case}"
    sides: PlainDict = {"case_ref": case, "payee": order.payee}
    changes = {f"wallet:{order.payee}": -held, hold: held}
    clerk.topic("hold_disputed_funds", changes, escrow_ref=order.ref, amount_fen=most, **sides)
    yield
    part = clerk.random.randint(0, held)
    changes = add({hold: -held, f"wallet:{order.payee}": part}, {f"wallet:{order.payer}": held - part})
    if order.happens(0.5):
        clerk.topic("release_hold", {hold: -held, f"wallet:{order.payee}": held}, **sides)
    else:
        parts: PlainDict = {"pay_fen": part, "refund_fen": held - part, "source": "hold", "payer": order.payer}
        clerk.topic("split_dispute", changes, escrow_ref=order.ref, case_ref=case, **parts, **order.pay)


def milestones(clerk: Clerk) -> Life:
    """A reward released in parts; the last ones may be cancelled."""
    order = Order(clerk, "hire_order", may_be_on_top=False)
    parts = [order.amount(50_000) for _ in range(clerk.random.randint(2, 5))]
    if not order.freeze(sum(parts)):
        return
    yield
    for number, gross in enumerate(parts, start=1):
        if order.happens(0.1):
            order.cancel()
            break
        got, charge = order.terms.pay(order.payee, order.process, gross)
        changes = add({f"escrow:{order.ref}": -charge}, got)
        clerk.topic("settle_reward", changes, escrow_ref=order.ref, gross_fen=gross, milestone=number, **order.pay)
        yield
    clerk.check_closed(order.ref)


def prepayment(clerk: Clerk) -> Life:
    """A task with several seats; each is filled or not, its engagement settled, cancelled, disputed or given up."""
    task = Order(clerk, "normal_task")
    gross, seats = task.amount(80_000), clerk.random.randint(1, 4)
    share = task.terms.charge(gross)
    if not task.freeze(share * seats):
        return
    yield
    refs = []
    while task.held >= share and task.happens(0.8):
        seat = Order(clerk, "normal_task")
        seat.payer, seat.terms = task.payer, task.terms
        seat.payee = clerk.random.choice([party for party in PARTIES if party != task.payer])
        changes = {f"escrow:{task.ref}": -share, f"escrow:{seat.ref}": share}
        clerk.topic("allocate_funds", changes, task_ref=task.ref, escrow_ref=seat.ref, amount_fen=share)
        yield
        refs.append(seat.ref)
        take_seat(clerk, task, seat, gross)
        yield
    task.release()
    clerk.check_closed(task.ref, *refs)


def take_seat(clerk: Clerk, task: Order, seat: Order, gross: int) -> None:
    """One engagement ends."""
    end = clerk.random.choice(("done", "done", "cancelled", "disputed", "no_show", "partly"))
    if end == "done":
        seat.settle(gross)
    elif end == "partly":
        seat.settle(clerk.random.randint(1, gross))
        seat.release()
    elif end == "cancelled":
        seat.cancel()
    elif end == "disputed":
        seat.dispute(gross)
    else:
        changes = {f"escrow:{task.ref}": seat.held, f"escrow:{seat.ref}": -seat.held}
        clerk.topic("return_share", changes, task_ref=task.ref, escrow_ref=seat.ref)


def negotiable(clerk: Clerk) -> Life:
    """The agreed price is frozen at award."""
    order = Order(clerk, "normal_task")
    gross = order.amount()
    if not order.freeze(order.terms.charge(gross)):
        return
    yield
    order.settle(gross)
    clerk.check_closed(order.ref)


def piecework(clerk: Clerk) -> Life:
    """Batches of accepted pieces up to a cap; the rest goes back."""
    order = Order(clerk, "normal_task")
    price, cap = order.amount(500), clerk.random.randint(1, 300)
    if not order.freeze(order.terms.charge(price * cap)):
        return
    yield
    done, batch = 0, 0
    while done < cap and order.happens(0.8):
        batch, count = batch + 1, clerk.random.randint(1, cap - done)
        got, charge = order.terms.pay(order.payee, order.process, price * count, price * done)
        done += count
        pieces: PlainDict = {"batch": batch, "quantity": count, "unit_price_fen": price}
        clerk.topic(
            "settle_batch",
            add({f"escrow:{order.ref}": -charge}, got),
            escrow_ref=order.ref,
            fee_bearer=order.terms.bearer,
            **pieces,
            **order.pay,
        )
        yield
    order.release()
    clerk.check_closed(order.ref)


def completion(clerk: Clerk) -> Life:
    """Paid when accepted: guarantee first, wallet then; tried again while the wallet is too low."""
    order = Order(clerk, "normal_task")
    gross = order.amount()
    if order.happens(0.6):
        order.freeze(clerk.random.randint(1, gross), "guarantee")
        yield
    for _ in range(4):
        got, charge = order.terms.pay(order.payee, order.process, gross)
        guaranteed = min(charge, clerk.of(f"guarantee:{order.ref}"))
        changes = add({f"guarantee:{order.ref}": -guaranteed, f"wallet:{order.payer}": guaranteed - charge}, got)
        bearer, sides = order.terms.bearer, {"escrow_ref": order.ref, "payer": order.payer}
        is_paid = clerk.topic("settle_completion", changes, gross_fen=gross, fee_bearer=bearer, **sides, **order.pay)
        yield
        if is_paid:
            break
    order.release("guarantee")
    clerk.check_closed(order.ref)


def errand(clerk: Clerk) -> Life:
    """With a tip and with goods, or without; delivered or cancelled."""
    order = Order(clerk, "errand", may_be_on_top=False)
    gross, tip = order.amount(5_000), 0
    if not order.freeze(gross):
        return
    yield
    if order.happens(0.4):
        tip = order.amount(500)
        tip = tip if order.freeze(tip, "increase") else 0
        yield
    if order.happens(0.5):
        order.freeze(order.amount(20_000), "goods")
        yield
    goods = clerk.of(f"goods:{order.ref}")
    if order.happens(0.2):
        order.release("goods")
        order.cancel()
    else:
        spent = clerk.random.randint(0, goods)
        got, charge = order.terms.pay(order.payee, order.process, gross)
        changes = add(
            {
                f"escrow:{order.ref}": -charge - tip,
                f"goods:{order.ref}": -goods,
                f"wallet:{order.payer}": goods - spent,
            },
            got,
            {f"wallet:{order.payee}": tip + spent},
        )
        bought: PlainDict = {"tip_fen": tip, "spent_fen": spent, "gross_fen": gross}
        clerk.topic("settle_errand", changes, escrow_ref=order.ref, payer=order.payer, **bought, **order.pay)
    clerk.check_closed(order.ref)


def money_out(clerk: Clerk) -> Life:
    """A payout, or a refund to where the money came from; it succeeds or comes back."""
    party, name = clerk.random.choice(PARTIES), f"out-{clerk.operations}"
    fen, is_refund = clerk.random.randint(1, 80_000), clerk.random.random() < 0.3

    def begin(book: rules.Book) -> str:
        if is_refund:
            return treasury.refund_original(book, payer=party, amount_fen=fen, refund_id=name)
        return rules.withdraw(book, party_id=party, amount_fen=fen)

    def succeed(book: rules.Book) -> str:
        if is_refund:
            return treasury.refund_ok(book, payer=party, provider=PROVIDER, amount_fen=fen, refund_id=name)
        return rules.payout_ok(book, party_id=party, amount_fen=fen, payout_id=name)

    if not clerk.rule(begin, {f"wallet:{party}": -fen, f"payout:{party}": fen}):
        return
    yield
    if clerk.random.random() < 0.8:
        source = f"psp:{PROVIDER}" if is_refund else "bank:custody"
        clerk.rule(succeed, {f"payout:{party}": -fen, source: -fen})
    else:
        back = {f"payout:{party}": -fen, f"wallet:{party}": fen}
        clerk.rule(lambda book: rules.payout_fail(book, party_id=party, amount_fen=fen, payout_id=name), back)


def money_in(clerk: Clerk) -> Life:
    """A top-up arrives at the bank some time later; the payer's bank may take it back, or it was a mistake."""
    party, name = clerk.random.choice(PARTIES), f"in-{clerk.operations}"
    fen, psp = clerk.random.randint(1, 100_000), f"psp:{PROVIDER}"
    posted: list[str] = []

    def arrive(book: rules.Book) -> str:
        one = rules.top_up(book, provider=PROVIDER, party_id=party, amount_fen=fen, provider_ref=name)
        posted.append(one)
        return one

    clerk.rule(arrive, {psp: fen, f"wallet:{party}": fen})
    yield
    if clerk.random.random() < 0.05:
        clerk.rule(lambda book: rules.reverse(book, journal_id=posted[0], reason="Typed twice"),
                   {psp: -fen, f"wallet:{party}": -fen})  # fmt: skip
        return
    cost = fen * 60 // 10_000
    settled = {"bank:custody": fen, psp: -fen, "exp:psp": cost, "bank:own": -cost}
    clerk.rule(lambda book: rules.provider_settlement(book, provider=PROVIDER, amount_fen=fen, cost_fen=cost), settled)
    if clerk.random.random() < 0.1:
        yield
        there = min(fen, clerk.of(f"wallet:{party}"))
        taken = {f"wallet:{party}": -there, f"recv:{party}": fen - there, "bank:custody": -fen}
        clerk.rule(
            lambda book: treasury.charge_back(book, provider=PROVIDER, payer=party, amount_fen=fen, reference=name),
            taken,
        )
        if clerk.own_fen() < 0:
            move_by_hand(clerk, "bank:custody", "bank:own", -clerk.own_fen())


def suspended(clerk: Clerk) -> Life:
    """Money nobody knows waits; then it finds its owner, or goes back."""
    fen, name, party = clerk.random.randint(1, 50_000), f"lost-{clerk.operations}", clerk.random.choice(PARTIES)
    psp, posted = f"psp:{PROVIDER}", list[str]()

    def suspend(book: rules.Book) -> str:
        posted.append(treasury.suspend(book, provider=PROVIDER, amount_fen=fen, reference=name, difference_id=name))
        return posted[-1]

    clerk.rule(suspend, {psp: fen, "suspense": fen})
    yield
    if clerk.random.random() < 0.6:
        found = {"suspense": -fen, f"wallet:{party}": fen}
        clerk.rule(lambda book: treasury.match(book, party_id=party, suspended_id=posted[0]), found, has_case=True)
    else:
        back = {"suspense": -fen, psp: -fen}
        clerk.topic("reverse_entry", back, journal_id=posted[0], reason="Sent back")


def platform(clerk: Clerk) -> Life:
    """The platform takes its income out, remits VAT, compensates, writes off."""
    act = clerk.random.choice(("sweep", "vat", "goodwill", "bad_debt", "move"))
    party, fen = clerk.random.choice(PARTIES), clerk.random.randint(1, 5_000)
    if act == "goodwill":
        changes = {"exp:goodwill": fen, f"wallet:{party}": fen, "bank:custody": fen, "bank:own": -fen}
        clerk.rule(
            lambda book: rules.goodwill(book, party_id=party, amount_fen=fen, case_ref="D"), changes, has_case=True
        )
    elif act == "bad_debt" and (owed := clerk.of(f"recv:{party}")):
        move_by_hand(clerk, "exp:badDebt", f"recv:{party}", owed)
    elif act == "move":
        other = clerk.random.choice([one for one in PARTIES if one != party])
        move_by_hand(clerk, f"wallet:{party}", f"wallet:{other}", fen)
    elif act == "sweep":
        most = max(0, min(clerk.own_fen(), clerk.of("bank:custody")))
        _take_out(clerk, "income", {"bank:own": most, "bank:custody": -most}, most)
    elif act == "vat":
        most = clerk.of("vat:payable")
        _take_out(clerk, "vat", {"vat:payable": -most, "bank:custody": -most}, most)
    yield


def _take_out(clerk: Clerk, purpose: str, changes: Changes, most: int) -> None:
    if most:
        clerk.topic("pay_from_custody", changes, purpose=purpose, amount_fen=most)


def move_by_hand(clerk: Clerk, debit: str, credit: str, fen: int) -> None:
    """A manual posting by two persons."""
    changes = {debit: fen, credit: fen}
    for code in changes:
        kind, is_debit = accounts.kind_of(code), code == debit
        changes[code] = fen if (kind in accounts.DEBIT_KINDS) == is_debit else -fen
    files: PlainDict = {"attachments": [{"file": "f", "name": "decision.pdf", "sha256": "0"}]}
    pair: PlainDict = {"debit": debit, "credit": credit, "amount_fen": fen}
    clerk.topic("post_manual", changes, reason="As decided", maker="staff:mia", **pair, **files)


LIVES: tuple[Callable[[Clerk], Life], ...] = (
    *(hire_order, milestones, prepayment, prepayment, negotiable, piecework, completion, errand),
    *(money_out, money_in, money_in, suspended, platform),
)
