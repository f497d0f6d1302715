"""To-do items of the demo data, and the people who keep, handle and supervise them."""

from sqlalchemy import func, select

from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.todos.commands import add_item, change_item
from engine.services.todos.tables import todo_handling, todo_item
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from web.demo import PASSWORD
from web.demo.demands import Fields
from web.demo.player import Player

LOGINS = [
    ("su", "苏敏 事项管理人员 / keeps the to-do items"),
    ("pan", "潘岳 事项复核 / reviews their changes"),
    ("liu", "刘洋 处理人员 / handles items"),
    ("sun", "孙倩 处理人员 / handles items"),
    ("wei", "魏然 处理人员 / handles items"),
    ("jiang", "江涛 事项主管 / supervises them"),
    ("heming", "贺明 异常负责人 / owns exceptions"),
]
NAMES = {
    "su": ("苏敏", "Su Min"),
    "pan": ("潘岳", "Pan Yue"),
    "liu": ("刘洋", "Liu Yang"),
    "sun": ("孙倩", "Sun Qian"),
    "wei": ("魏然", "Wei Ran"),
    "jiang": ("江涛", "Jiang Tao"),
    "heming": ("贺明", "He Ming"),
}
ROLES = {
    "su": "todo_manager",
    "pan": "todo_reviewer",
    "liu": "todo_handler",
    "sun": "todo_handler",
    "wei": "todo_handler",
    "jiang": "todo_supervisor",
    "heming": "exception_owner",
}
_USUAL: Fields = {
    "item_class": "routine",
    "priority": "3",
    "reminder_rule": "usual",
    "assignment": "one",
    "allowed": ["complete", "transfer", "exception"],
    "change_action": "submit",
    "due_rule": "WT:P2D",
}


class TodoOffice:
    """The people, and what they do with items."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.engine = player.engine
        self.people: dict[str, Actor] = {}
        for login, names in NAMES.items():
            person = player.person(login, PASSWORD, *names)
            self.people[login] = player.grant(person, PLATFORM, ROLES[login])

    def add(self, handlers: list[str], **fields: str | list[str]) -> str:
        """An item that is filled in and waits for its review; gives the case of that change."""
        case = self.player.send(lambda: add_item(self.engine, self.people["su"], new_id()))
        chosen: Fields = {**_USUAL, **fields, "handlers": [self.people[one].user_id for one in handlers]}
        self.player.do(self.people["su"], case, "edit_item", chosen)
        return case

    def approve(self, case: str) -> str:
        """The second person approves a change; gives the id of the newest item."""
        self.player.do(self.people["pan"], case, "four_eyes", {"review_decision": "approve"})
        return self.newest()

    def newest(self) -> str:
        """The id of the item added last."""
        with self.engine.database.read() as connection:
            return str(connection.execute(select(func.max(todo_item.c.id))).scalar_one())

    def case_of(self, item_id: str) -> str:
        """The case of the newest handling of an item."""
        with self.engine.database.read() as connection:
            query = select(todo_handling.c.instance_id).where(todo_handling.c.item_id == item_id)
            return str(connection.execute(query.order_by(todo_handling.c.id.desc()).limit(1)).scalar_one())

    def do(self, login: str, item_id: str, element: str, **fields: str | list[str]) -> None:
        """Somebody completes a task of an item."""
        self.player.do(self.people[login], self.case_of(item_id), element, dict(fields))

    def transfer(self, item_id: str, by: str, to: str, reason: str) -> None:
        """Somebody offers an item to another handler."""
        target = self.people[to].user_id
        chosen: Fields = {"action": "transfer", "transfer_to": target, "transfer_reason": reason, "keep_informed": "on"}
        self.player.do(self.people[by], self.case_of(item_id), "handle", chosen)


def load_todos(player: Player) -> None:
    """Items in every state that real commands can bring about at once."""
    office = TodoOffice(player)
    mail = Preferences({"mail": Address("liu.yang@example.org")})
    save_preferences(player.engine, office.people["liu"], mail)
    office.approve(
        office.add(
            ["liu"],
            title="核对九月对账单差额",
            body="九月对账单第 3 页与系统相差 128.50 元。\n请核对凭证，并在财务系统中登记原因。",
            item_class="finance",
            priority="2",
            business_link="https://finance.example.org/statements/2026-09",
        )
    )
    visit = office.approve(
        office.add(
            ["liu", "sun"],
            assignment="any",
            title="回访客户：投诉单 KS-2041",
            body="客户反映安装后有异响。请在两个工作日内电话回访，记录结论。",
            item_class="customer",
        )
    )
    office.transfer(visit, "sun", "wei", "安装由魏然负责，他更了解现场。")
    outage = office.approve(
        office.add(
            ["wei"], title="上传门店巡检照片", body="将 11 月巡检照片上传至资产系统，每店至少三张。", priority="2"
        )
    )
    office.do(
        *("wei", outage, "handle"),
        action="exception",
        event_type="system_outage",
        description="资产系统自上午九点起无法登录，照片无法上传。",
        proposed_action="恢复后补传；请运维告知预计时间。",
    )
    done = office.approve(office.add(["sun"], title="更新值班表", body="将十二月值班表发布到公告栏。"))
    office.do("sun", done, "handle", action="complete", result="done", comment="已发布，并通知各部门。")
    office.approve(
        office.add(
            ["liu", "sun", "wei"],
            title="每日核对收款流水",
            body="核对前一日收款流水与订单，差异登记在册。",
            recurrence="RRULE:FREQ=DAILY;COUNT=30",
            due_rule="WT:PT4H",
        )
    )
    office.add(["sun"], title="更换消防器材标签", body="三楼灭火器标签已过期，请更换并拍照。", item_class="safety")
    case = player.send(lambda: change_item(player.engine, office.people["su"], new_id(), done, "handlers"))
    chosen: Fields = {"handlers": [office.people["liu"].user_id], "assignment": "one", "change_action": "submit"}
    player.do(office.people["su"], case, "edit_handlers", chosen)
