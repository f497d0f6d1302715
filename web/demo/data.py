"""Demo data: people and organisations, orders and work tasks in every state real commands can bring about at once."""

from dataclasses import dataclass

from sqlalchemy import func, select

from engine.runtime.engine import Engine
from engine.services.orders.commands import open_dispute, request_cancellation
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_token
from engine.storage.tables import user
from web.demo import PASSWORD
from web.demo.couriers import LOGINS as COURIER_LOGINS
from web.demo.couriers import load_couriers
from web.demo.delivering import load_errands
from web.demo.demands import Fields, read_demands
from web.demo.express import load_express
from web.demo.player import APPROVAL, REVIEW_SKILLS, Player
from web.demo.repairs import LOGINS as REPAIR_LOGINS
from web.demo.repairs import load_repairs
from web.demo.tasks import Workshop
from web.demo.todos import LOGINS as TODO_LOGINS
from web.demo.todos import load_todos

LOGINS: list[tuple[str, str]] = [
    ("chen", "陈思远 个人发布方，兼企业经办人 / a person who publishes, and operates for an enterprise"),
    ("zhou", "周敏 企业管理员 / administrator of the publishing enterprise"),
    ("xu", "徐静 企业验收人 / its acceptor"),
    ("qian", "钱雅琴 企业财务 / its finance"),
    ("wang", "王海涛 个人接单方 / a person who takes orders"),
    ("emily", "何美玲 个人接单方 / Emily Ho, another person who takes orders"),
    ("shen", "沈建国 接单单位管理员 / administrator of an organisation that takes orders"),
    ("gao", "高洁 平台审核员 / platform reviewer"),
    ("luo", "罗远 高级审核员 / senior reviewer"),
    ("tang", "唐丽 平台财务 / platform finance"),
    ("meng", "孟佳 平台财务，复核 / platform finance, the second person"),
    ("bai", "白露 客服 / customer service"),
    ("fang", "方正 仲裁员 / arbiter"),
    ("lei", "雷鸣 仲裁员，复核与申诉 / arbiter, the second one and for appeals"),
    ("ye", "叶青 业务分析员 / business analyst"),
    ("du", "杜衡 审计员 / auditor"),
    ("qin", "秦川 平台运维 / platform operator"),
    *TODO_LOGINS,
    *REPAIR_LOGINS,
    *COURIER_LOGINS,
]
NAMES = {
    "chen": ("陈思远", "Chen Siyuan"),
    "zhou": ("周敏", "Zhou Min"),
    "xu": ("徐静", "Xu Jing"),
    "qian": ("钱雅琴", "Qian Yaqin"),
    "wang": ("王海涛", "Wang Haitao"),
    "emily": ("何美玲", "Emily Ho"),
    "shen": ("沈建国", "Shen Jianguo"),
    "gao": ("高洁", "Gao Jie"),
    "luo": ("罗远", "Luo Yuan"),
    "tang": ("唐丽", "Tang Li"),
    "meng": ("孟佳", "Meng Jia"),
    "bai": ("白露", "Bai Lu"),
    "fang": ("方正", "Fang Zheng"),
    "lei": ("雷鸣", "Lei Ming"),
    "ye": ("叶青", "Ye Qing"),
    "du": ("杜衡", "Du Heng"),
    "qin": ("秦川", "Qin Chuan"),
}
STAFF: dict[str, tuple[str, tuple[str, ...]]] = {
    "gao": ("platform_reviewer", REVIEW_SKILLS),
    "luo": ("platform_senior_reviewer", REVIEW_SKILLS),
    "tang": ("platform_finance", ()),
    "meng": ("platform_finance", ()),
    "bai": ("customer_service", ("safety",)),
    "fang": ("arbiter", ()),
    "lei": ("arbiter", ()),
    "ye": ("analyst", ()),
    "du": ("auditor", ()),
    "qin": ("platform_operator", ()),
}
PERSON_FEN, ENTERPRISE_FEN = 1_000_000, 10_000_000


@dataclass(frozen=True)
class Cast:
    """Who acts in the demo, each in the role he acts in."""

    chen: Actor
    enterprise: Actor  # Chen for the publishing enterprise, as its operator
    acceptor: Actor  # Xu, who accepts for it
    wang: Actor
    emily: Actor
    shen: Actor  # as an individual
    builders: Actor  # Shen for the organisation that takes orders
    gao: Actor


def load_demo(engine: Engine) -> None:
    """Fills an empty database; does nothing where there is already somebody."""
    with engine.database.read() as connection:
        if connection.execute(select(func.count()).select_from(user)).scalar_one():
            return
    player = Player(engine)
    cast = gather(player)
    play_orders(player, cast)
    Workshop(player, cast.enterprise, cast.acceptor, cast.gao).play(cast.wang, cast.emily, cast.shen)
    load_todos(player)
    load_repairs(player, cast.enterprise)
    load_errands(player, cast.chen, cast.emily, load_couriers(player))
    load_express(player, cast.enterprise, cast.gao, (cast.wang, cast.emily, cast.shen))


def gather(player: Player) -> Cast:
    """Registers everybody, gives them their roles and money."""
    people = {login: player.person(login, PASSWORD, *names) for login, names in NAMES.items()}
    staff = {login: player.grant(people[login], PLATFORM, *given) for login, given in STAFF.items()}
    fair = player.organisation("杭州晨星会展有限公司", "Hangzhou Morningstar Exhibitions")
    craft = player.organisation("苏州匠心工程服务有限公司", "Suzhou Craftwork Services")
    player.grant(people["zhou"], fair, "enterprise_admin")
    enterprise = player.grant(people["chen"], fair, "enterprise_operator")
    acceptor = player.grant(people["xu"], fair, "enterprise_acceptor")
    finance = player.grant(people["qian"], fair, "enterprise_finance")
    builders = player.grant(people["shen"], craft, "enterprise_admin")
    for login in ("chen", "wang", "emily", "shen"):
        player.certify(people[login].party_id)
    player.top_up(people["chen"], PERSON_FEN)
    player.top_up(finance, ENTERPRISE_FEN)
    taking = (people["wang"], people["emily"], people["shen"])
    return Cast(people["chen"], enterprise, acceptor, *taking, builders, staff["gao"])


def play_orders(player: Player, cast: Cast) -> None:
    """Thirteen orders: four on the market, the others in the middle of things or past them."""
    demands = read_demands(player.local_now())
    for name, publisher in (
        *(("projector", cast.chen), ("booth", cast.enterprise), ("tutoring", cast.chen)),
        *(("warehouse", cast.enterprise), ("signboard", cast.enterprise)),  # the last one waits for a reviewer
    ):
        player.publish(publisher, demands[name])
    player.take(cast.wang, player.publish(cast.chen, demands["cleaning"]))
    survey = player.publish(cast.enterprise, demands["levelling"])
    player.take(cast.emily, survey)
    player.start(cast.emily, survey)
    hand_in(player, cast.enterprise, cast.builders, demands["rigging"], "周敏")
    in_parts = hand_in(player, cast.enterprise, cast.wang, demands["exhibition"], "周敏")
    accept(player, cast.enterprise, cast.gao, in_parts)  # the first milestone of three; the second is under way
    _play_paid(player, cast, demands)
    _play_ended_early(player, cast, demands)


def hand_in(player: Player, publisher: Actor, taker: Actor, demand: Fields, receiver: str) -> str:
    """An order that was published, taken, started and handed over; gives its id."""
    order_id = player.publish(publisher, demand)
    player.take(taker, order_id)
    player.start(taker, order_id)
    player.hand_over(taker, order_id, "全部完成，照片见附件。All done, photos attached.", receiver)
    return order_id


def accept(player: Player, publisher: Actor, reviewer: Actor, order_id: str) -> None:
    """The publisher confirms the result and the platform's audit passes it: the taker is paid."""
    player.do(publisher, order_id, "confirm_or_object", {"publisher_answer": "confirm"})
    player.do(reviewer, order_id, "review", APPROVAL)


def _play_paid(player: Player, cast: Cast, demands: dict[str, Fields]) -> None:
    """One paid order that both sides rated, and one that waits for the publisher's rating."""
    done = hand_in(player, cast.chen, cast.wang, demands["shelf"], "陈思远")
    accept(player, cast.chen, cast.gao, done)
    player.do(cast.chen, done, "rate_a", {"stars": "5", "tags": ["punctual", "careful"], "comment": "又快又稳。"})
    player.do(cast.wang, done, "rate_b", {"stars": "5", "tags": ["clear"], "comment": "要求清楚，付款及时。"})
    half_rated = hand_in(player, cast.enterprise, cast.emily, demands["catalogue"], "Zhou Min")
    accept(player, cast.enterprise, cast.gao, half_rated)
    player.do(cast.emily, half_rated, "rate_b", {"stars": "4", "comment": "Good briefing, quick answers."})


def _play_ended_early(player: Player, cast: Cast, demands: dict[str, Fields]) -> None:
    """One order cancelled right after it was taken, one under dispute."""
    engine, token = player.engine, new_token()
    cancelled = player.publish(cast.chen, demands["curtain"])
    player.take(cast.wang, cancelled)
    player.send(lambda: request_cancellation(engine, cast.chen, cancelled, token, "电机已自行修好。"))
    disputed = player.publish(cast.enterprise, demands["painting"])
    player.take(cast.builders, disputed)
    player.start(cast.builders, disputed)
    reason = "The corridor cannot be entered: the floor was let to somebody else meanwhile."
    player.send(lambda: open_dispute(engine, cast.builders, disputed, token, reason))
