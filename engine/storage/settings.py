"""The settings of a running process, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.storage.setting_rules import SettingInvalid, check_setting


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two installations; each field is `BATON_<NAME>` in the environment."""

    database_url: str = ""  # none: SQLite in the data folder
    data_dir: Path = field(default_factory=lambda: Path("data"))
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 64
    timezone: str = "Asia/Shanghai"
    password_cost: int = 3  # argon2 time cost
    payments: str = "simulator"
    simulator_seed: int = 1
    routes: str = "simulator"  # or the address of an OSRM server
    invoices: str = "pdf"  # through what invoices are issued
    codes: str = "outbox"  # through what one-time codes are sent
    phones: str = "simulator"  # through whom people call each other without seeing each other's numbers
    messengers: str = "outbox"  # live: notifications go out to messengers
    smtp_url: str = ""  # none: mail goes to the outbox page; else smtp://user:password@host:port or smtps://
    mail_from: str = "baton@localhost"
    webhook_hosts: str = ""  # host:port, comma list, to which webhooks of one's own may be posted
    push: str = "outbox"  # live: notifications go out to the browsers that people have registered
    push_hosts: str = ""  # host:port, comma list, of push services besides those of the known browsers
    checkpoints: str = ""  # where signed checkpoints are shipped to: a file, or an address of https; none: nowhere
    base_url: str = ""  # how the pages are reached from outside, for links in messages

    @property
    def url(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'baton.db'}"

    @property
    def public_url(self) -> str:
        """Where the pages are, without a slash at the end."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `BATON_…` variables. Raises SettingInvalid naming the first unfit one: no typing error passes."""
    environment = os.environ if environment is None else environment
    kinds: dict[str, type[Path] | type[int] | type[str]] = {
        "data_dir": Path,
        "port": int,
        "threads": int,
        "password_cost": int,
        "simulator_seed": int,
    }
    values: dict[str, str | int | Path] = {}
    for name, text in environment.items():
        if not name.startswith("BATON_"):
            continue
        key = name.removeprefix("BATON_").lower()
        if key not in Settings.__dataclass_fields__:
            raise SettingInvalid(f"Expected a known setting, but got {name}")
        check_setting(key, text)
        values[key] = kinds.get(key, str)(text)
    return Settings(**values)  # type: ignore[arg-type]  # each value was made by the field's own type just above
