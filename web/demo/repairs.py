"""Repair orders of the demo data, and the people who send, lead, repair, verify and sign."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

from PIL import ExifTags, Image, ImageDraw
from sqlalchemy import select

from engine.services.identity.people import revoke_role
from engine.services.onboarding.capacities import INDIVIDUAL
from engine.services.repairs.commands import open_order, request_repair
from engine.services.repairs.inputs import read_draft
from engine.services.repairs.people import TECHNICIAN
from engine.services.repairs.tables import repair_order
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.ids import new_token
from web.demo import PASSWORD
from web.demo.demands import Fields, type_time
from web.demo.player import Player

LOGINS = [
    ("cao", "曹颖 调度员 / dispatches repair orders"),
    ("yan", "严谨 验收工程师 / verifies repair reports"),
    ("ding", "丁强 维修技术人员，组长 / technician, leads a team"),
    ("hao", "郝明 维修技术人员 / technician"),
    ("shi", "石磊 维修技术人员 / technician"),
    ("peng", "彭飞 维修技术人员 / technician"),
]
NAMES = {
    "cao": ("曹颖", "Cao Ying"),
    "yan": ("严谨", "Yan Jin"),
    "ding": ("丁强", "Ding Qiang"),
    "hao": ("郝明", "Hao Ming"),
    "shi": ("石磊", "Shi Lei"),
    "peng": ("彭飞", "Peng Fei"),
}
STAFF = {"cao": "repair_dispatcher", "yan": "repair_verifier"}
SITE = (30.2741, 120.1551)
LINES = (
    ("空调", "AC-01", "压缩机不启动，显示 E-11", "urgent"),
    ("空调", "AC-02", "制冷不足", "usual"),
    ("循环水泵", "P-02", "运行异响", "usual"),
)
_COLOURS = ((52, 73, 94), (120, 144, 156), (161, 136, 127), (84, 110, 122), (141, 110, 99))


class RepairOffice:
    """The people, and what they do with repair orders."""

    def __init__(self, player: Player, customer: Actor) -> None:
        self.player, self.customer = player, customer
        self.engine = player.engine
        self.people: dict[str, Actor] = {}
        self.pictures = 0
        for login, names in NAMES.items():
            self.hire(login, *names)

    def hire(self, login: str, name_zh: str, name_en: str) -> Actor:
        """Somebody new: one of the platform's people, or a technician."""
        person = self.player.person(login, PASSWORD, name_zh, name_en)
        if login in STAFF:
            self.people[login] = self.player.grant(person, PLATFORM, STAFF[login])
            return self.people[login]
        self.player.certify(person.party_id)
        revoke_role(self.engine, SYSTEM, person.user_id, person.party_id, INDIVIDUAL)
        self.people[login] = self.player.grant(person, person.party_id, INDIVIDUAL, [TECHNICIAN])
        return self.people[login]

    def do(self, who: str | Actor, order_id: str, element: str, fields: Fields | None = None) -> None:
        """Somebody completes a task of an order."""
        actor = self.people[who] if isinstance(who, str) else who
        self.player.do(actor, order_id, element, fields)

    def send(self, title: str, leader: str, assistants: list[str], *, deputy: str = "", days: int = 2) -> str:
        """An order, made and sent to a team that has begun; gives its id. Lines go to the assistants in turn."""
        order_id = self.player.send(lambda: open_order(self.engine, self.people["cao"], new_token()))
        due = self.player.local_now() + timedelta(days=days)
        numbers = [str(number) for number in range(1, len(LINES) + 1)]
        fields: dict[str, str | list[str]] = {
            "order_action": "create",
            "customer_party": self.customer.party_id,
            "title": title,
            "description": "早上八点起机组报警停机，会场温度上升。现场有备用电源，作业前请断电。",
            "site": "杭州市西湖区文三路 1 号 3 号楼 B1 机房",
            "latitude": str(SITE[0]),
            "longitude": str(SITE[1]),
            "contact": "周敏 0571-8888 0000",
            "repair_due": type_time(due),
            "safety": "断电挂牌，双人作业。",
            "parts_expected": "电容 CBB65、轴承 6203",
            "lines": numbers,
        }
        for number, line in zip(numbers, LINES, strict=True):
            names = ("system", "equipment", "symptom", "priority")
            fields |= {f"lines-{number}-{name}": value for name, value in zip(names, line, strict=True)}
        self.do("cao", order_id, "create_repair_order", fields)
        team = {"leader": self.id_of(leader), "deputy": self.id_of(deputy) if deputy else ""}
        chosen: Fields = {"team_action": "send", **team, "assistants": [self.id_of(one) for one in assistants]}
        self.do("cao", order_id, "choose_team", chosen)
        self.do(leader, order_id, "accept_order", {"answer": "accept"})
        workers = assistants or [leader]
        split: Fields = {
            f"owners-{place + 1:02d}": [self.id_of(workers[place % len(workers)])] for place in range(len(LINES))
        }
        self.do(leader, order_id, "brief_team", split)
        return order_id

    def id_of(self, login: str) -> str:
        """How process data name somebody."""
        return self.people[login].user_id

    def report(self, login: str, order_id: str, *findings: Mapping[str, str], is_own: bool = False) -> None:
        """Somebody sends what he found; the leader's is his own."""
        fields: dict[str, str | list[str]] = {"findings": [str(number) for number in range(1, len(findings) + 1)]}
        for number, said in enumerate(findings, 1):
            fields |= {f"findings-{number}-{name}": value for name, value in ({"result": "fixed"} | {**said}).items()}
        self.do(login, order_id, "own_info" if is_own else "submit_info", fields)

    def photograph(self, login: str, order_id: str, *shots: tuple[str, str, str]) -> None:
        """Somebody hands in photos of his own: of which line, at which stage, with which caption."""
        fields: Fields = {
            "photos": [self.player.upload(self.people[login], f"{login}.jpg", self.picture()) for _ in shots],
            "photos-line": [line for line, _, _ in shots],
            "photos-stage": [stage for _, stage, _ in shots],
            "photos-caption": [caption for _, _, caption in shots],
        }
        self.do(login, order_id, "upload_photos", fields)

    def picture(self) -> bytes:
        """A picture of its own, with the time and place a camera would write into it."""
        self.pictures += 1
        number = self.pictures
        image = Image.new("RGB", (640, 480), _COLOURS[number % len(_COLOURS)])
        pen = ImageDraw.Draw(image)
        for step in range(6):
            left, top = 40 + (number * 37 + step * 90) % 480, 60 + (number * 53 + step * 70) % 300
            shade = 90 + (number * 29 + step * 23) % 140
            pen.rounded_rectangle((left, top, left + 120, top + 90), 8, fill=(shade, shade, min(shade + 12, 255)))
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = self.player.local_now().strftime(
            "%Y:%m:%d %H:%M:%S"
        )
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N",
                ExifTags.GPS.GPSLatitude: _degrees(SITE[0]),
                ExifTags.GPS.GPSLongitudeRef: "E",
                ExifTags.GPS.GPSLongitude: _degrees(SITE[1]),
            }
        )
        out = BytesIO()
        image.save(out, "JPEG", quality=80, exif=exif)
        return out.getvalue()

    def merge(self, leader: str, order_id: str, analysis: str) -> None:
        """The leader decides all that is open and writes his analysis."""
        with self.engine.database.read() as connection:
            draft = read_draft(connection, order_id)
        fields: dict[str, str | list[str]] = {"analysis": analysis}
        fields |= {f"merged-pair-{one.id}": "same" for one in draft.pairs}
        fields |= {f"merged-choice-{one.id}": one.options[0].text for one in draft.conflicts}
        self.do(leader, order_id, "merge_and_analyse", fields)

    def state(self, order_id: str) -> str:
        """How far an order is."""
        with self.engine.database.read() as connection:
            return str(connection.execute(select(repair_order.c.state).where(repair_order.c.id == order_id)).scalar())


def _degrees(value: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(value * 3600, 60)
    degrees, minutes = divmod(minutes, 60)
    return degrees, minutes, seconds


CAPACITOR = {
    "line": "01",
    "equipment": "AC-01",
    "component": "压缩机",
    "fault_code": "E-11",
    "finding": "压缩机启动电容击穿",
    "action": "更换启动电容",
    "part_number": "CBB65-35",
    "part_quantity": "1",
}


def load_repairs(player: Player, customer: Actor) -> None:
    """A request that waits, an order whose leader is to merge, and one that lies before the customer to sign."""
    office = RepairOffice(player, customer)
    engine = office.engine
    player.send(
        lambda: request_repair(engine, customer, new_token(), "展厅配电箱跳闸", "下午两点起反复跳闸，照明时断时续。")
    )
    merging = office.send("3 号楼空调机组停机", "ding", ["hao", "shi"], deputy="hao")
    office.report("hao", merging, CAPACITOR | {"measure_name": "电容", "measure_value": "21", "measure_unit": "μF"})
    office.report(
        *("shi", merging, CAPACITOR | {"measure_name": "电容", "measure_value": "24", "measure_unit": "μF"}),
        {"line": "03", "equipment": "P-02", "finding": "前轴承磨损，有轴向窜动", "action": "更换轴承 6203"},
    )
    office.report(
        *(
            "ding",
            merging,
            {"line": "03", "equipment": "P-02", "finding": "前轴承磨损，有轴向窜动。", "action": "加注润滑脂"},
        ),
        {"line": "02", "equipment": "AC-02", "finding": "冷媒不足，补充 0.8 kg", "result": "temporary"},
        is_own=True,
    )
    office.photograph("hao", merging, ("01", "before", "停机时的控制面板"), ("01", "after", "新电容已装上"))
    signing = office.send("2 号厅循环水泵异响", "ding", ["peng"], days=3)
    office.report("peng", signing, CAPACITOR, {"line": "02", "finding": "过滤网堵塞，已清洗"})
    office.report("ding", signing, {"line": "03", "finding": "水泵轴承磨损，已更换"}, is_own=True)
    office.photograph("peng", signing, ("01", "after", "电容"), ("02", "after", "清洗后的滤网"))
    office.photograph("ding", signing, ("03", "after", "新轴承"))
    office.merge("ding", signing, "三台设备均已恢复运行，建议每季度清洗滤网。")
    office.do("peng", signing, "ack_merge", {"ack": "agree"})
    office.do("ding", signing, "submit_report", {"is_complete": "true"})
    office.do("yan", signing, "verify", {"verdict": "accept"})
