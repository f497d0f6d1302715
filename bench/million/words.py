"""What cases are about and whom they belong to: few words that many use, many that few do."""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

PLACES = (
    *(("杭州", "Hangzhou"), ("上海", "Shanghai"), ("苏州", "Suzhou"), ("宁波", "Ningbo"), ("绍兴", "Shaoxing")),
    *(("南京", "Nanjing"), ("无锡", "Wuxi"), ("嘉兴", "Jiaxing"), ("温州", "Wenzhou"), ("金华", "Jinhua")),
    *(("合肥", "Hefei"), ("湖州", "Huzhou"), ("台州", "Taizhou"), ("舟山", "Zhoushan"), ("衢州", "Quzhou")),
    *(("丽水", "Lishui"), ("黄山", "Huangshan"), ("芜湖", "Wuhu"), ("景德镇", "Jingdezhen"), ("漠河", "Mohe")),
)
THINGS = (
    *(("空调", "air conditioner"), ("电梯", "elevator"), ("会议室投影", "meeting room projector")),
    *(("仓库盘点", "warehouse stock count"), ("展台", "exhibition booth"), ("水泵", "water pump")),
    *(("办公楼外墙", "office facade"), ("消防管道", "fire pipe"), ("服务器机柜", "server rack")),
    *(("快递分拣线", "parcel sorting line"), ("厨房排烟", "kitchen exhaust"), ("地下车库照明", "garage lighting")),
    *(
        ("门禁", "door lock"),
        ("充电桩", "charging station"),
        ("污水处理", "sewage treatment"),
        ("屋顶光伏", "solar roof"),
    ),
    *(
        ("实验室通风橱", "laboratory fume hood"),
        ("钢琴", "piano"),
        ("古籍", "rare book"),
        ("鎏金佛像", "gilded statue"),
    ),
)
ACTIONS = (
    *(
        ("维修", "repair"),
        ("安装", "installation"),
        ("保养", "maintenance"),
        ("检查", "inspection"),
        ("清洗", "cleaning"),
    ),
    *(("搬运", "transport"), ("测量", "survey"), ("更换", "replacement"), ("拆除", "removal"), ("翻新", "renovation")),
    *(("校准", "calibration"), ("修复", "restoration"), ("鉴定", "appraisal"), ("熏蒸", "fumigation")),
)
SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉萍红玲辉建国华文斌鑫波宇浩凯秀珍健俊帆雪帅"
TRADES = (
    ("科技", "Technology"),
    ("工程", "Engineering"),
    ("物流", "Logistics"),
    ("会展", "Exhibitions"),
    ("文物", "Relics"),
)


class Skewed(Generic[T]):
    """Things of which the first is chosen most often, the n-th about n times less (Zipf)."""

    def __init__(self, random: Random, things: Sequence[T], exponent: float = 1.0) -> None:
        self._random = random
        self._things = things
        self._weights = list(accumulate(1 / (place + 1) ** exponent for place in range(len(things))))

    def choose(self) -> T:
        return self._random.choices(self._things, cum_weights=self._weights)[0]


class Subjects:
    """Subjects in both languages; half of them have one text for both, as titles people wrote do."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._places = Skewed(random, PLACES)
        self._things = Skewed(random, THINGS)
        self._actions = Skewed(random, ACTIONS)

    def make(self) -> tuple[str, str]:
        subject = _write(self._places.choose(), self._things.choose(), self._actions.choose())
        return subject if self._random.random() < 0.5 else (subject[0], subject[0])


@cache
def _write(place: tuple[str, str], thing: tuple[str, str], action: tuple[str, str]) -> tuple[str, str]:
    english = f"{thing[1].capitalize()} {action[1]}, {place[1]}"
    return f"{place[0]}{thing[0]}{action[0]}", english


def name_person(random: Random) -> tuple[str, str]:
    """A name as people have it; many share theirs."""
    chinese = random.choice(SURNAMES) + "".join(random.choices(GIVEN, k=random.choice((1, 2))))
    return chinese, f"{random.choice('ABCDEFGHJKLMNPQRSTWXYZ')}. {random.choice(PLACES)[1][:-2]}son"


def name_company(random: Random) -> tuple[str, str]:
    """A company of some place."""
    place, trade, word = random.choice(PLACES), random.choice(TRADES), "".join(random.choices(GIVEN, k=2))
    return f"{place[0]}{word}{trade[0]}有限公司", f"{place[1]} {random.choice(SURNAMES)} {trade[1]}"
