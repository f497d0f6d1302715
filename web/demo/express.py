"""An express task in the demo data: six lines, one each paid, to be confirmed, found wrong, two invited, one faulty."""

import csv
import io
from datetime import timedelta

from sqlalchemy import select
from stdnum.cn import ric

from engine.runtime.tasks import fetch_task
from engine.scenarios.pasts import hold_number
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.express import states
from engine.services.express.commands import create_express_task
from engine.services.express.importing import import_list
from engine.services.express.tables import express_line
from engine.services.payments.methods import set_payout_method
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.demo.demands import Fields
from web.demo.player import APPROVAL, PIXEL, Player

TITLE = "展会布展与撤展"
_SEEDS = {"王海涛": 101, "何美玲": 202, "沈建国": 303, "赵一鸣": 404, "Maria Lopez": 505, "钱多多": 606}
_BAD_PHONE = "钱多多"
_PAYS = ("320.00", "280.00", "300.00", "300.00", "360.00", "240.00")


def load_express(player: Player, operator: Actor, reviewer: Actor, workers: tuple[Actor, Actor, Actor]) -> None:
    """Plays it: `workers` are the first three of the list, in its order."""
    for actor, (name, seed) in zip(workers, _SEEDS.items(), strict=False):
        hold_number(player.engine, actor, _number(seed))
        account = {"kind": "bank", "account": f"62220000{seed:08}", "holder": name}
        set_payout_method(player.engine, actor, **account, is_verified=True)
    task_id = _publish(player, operator)
    while _is_in_review(player, task_id):
        player.do(reviewer, task_id, "review", APPROVAL)
    with player.engine.database.read() as connection:
        query = select(express_line.c.case_id).where(express_line.c.task_id == task_id).order_by(express_line.c.number)
        cases = list(connection.execute(query).scalars())
    paid, _, wrong = workers
    _sign(player, paid, cases[0], "王海涛")
    player.do(paid, cases[0], "view_confirmation", {"took_part": "yes", "confirm_info": "yes"})
    player.do(paid, cases[0], "final_confirm", {"final_answer": "yes"})
    _sign(player, wrong, cases[2], "沈建国")
    said = {"problem_type": "amount", "problem_text": "约定的是三天 360 元，名单上写了 300 元。"}
    player.do(wrong, cases[2], "view_confirmation", {"took_part": "yes", "confirm_info": "no", **said})


def _is_in_review(player: Player, task_id: str) -> bool:
    with player.engine.database.read() as connection:
        return bool(states.fetch_task(connection, task_id)["state"] == "in_review")


def _publish(player: Player, operator: Actor) -> str:
    engine, today = player.engine, player.local_now().date()
    task_id = player.send(lambda: create_express_task(engine, operator, new_token()))
    import_list(engine, operator, task_id, new_token(), _write_list())
    fields: Fields = {
        "title": TITLE,
        "category": "event",
        "content": "在展会现场完成三天的布展、值守与撤展，每人每天八小时，现场主管已在考勤表上签字。",
        "period_from": (today - timedelta(days=4)).isoformat(),
        "period_to": (today - timedelta(days=2)).isoformat(),
        "deliverable_source": "enterprise",
        "evidence": [player.upload(operator, "attendance.png", PIXEL + task_id.encode())],
        "confirm_deadline_days": "7",
        "fee_bearer": "deducted_from_pay",
        "declaration": "true",
    }
    player.do(operator, task_id, "draft_express", fields)
    player.do(operator, task_id, "fix_list", {"list_choice": "leave_out"})
    return task_id


def _write_list() -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("姓名", "证件号码", "手机号", "报酬"))
    for (name, seed), pay in zip(_SEEDS.items(), _PAYS, strict=True):
        rows.writerow((name, _number(seed), "139" if name == _BAD_PHONE else f"139{seed:08}", pay))
    return text.getvalue().encode()


def _sign(player: Player, worker: Actor, case: str, name: str) -> None:
    engine = player.engine
    view = fetch_task(engine, worker, player.task_id(worker, case, "sign_commitment"))
    typed = read_and_accept(engine, worker, view, "agreements")
    code = ask_for_code(engine, worker, case)
    player.do(worker, case, "sign_commitment", {"letter_choice": "sign", **typed, "signer_name": name, "code": code})


def _number(seed: int) -> str:
    """A resident number with a right check digit."""
    body = f"11010119900{1 + seed % 9}{1 + seed % 27:02}{seed:03}"
    return body + str(ric.calc_check_digit(body + "0"))
