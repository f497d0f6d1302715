"""Channels that post to an address of the web: messengers by apprise, and webhooks of one's own."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests

from engine.services.notifications.channels.port import AddressUnfit, Message, Receipt

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 5.0
BUDGET_SECONDS = 5.0
AT_ONCE = 8
# Each sends to the messenger's own hosts only: nobody makes this machine call another one by an address he gives.
PLUGINS = {
    "dingtalk": ("dingtalk", "NotifyDingTalk"),
    "wecombot": ("wecombot", "NotifyWeComBot"),
    "feishu": ("feishu", "NotifyFeishu"),
    "lark": ("lark", "NotifyLark"),
    "slack": ("slack", "NotifySlack"),
}


def send_all(messages: Sequence[Message], send_one: Callable[[Message], Receipt]) -> list[Receipt]:
    """Some at once, until the time is up."""
    end = monotonic() + BUDGET_SECONDS

    def attempt(message: Message) -> Receipt | None:
        return send_one(message) if monotonic() < end else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [receipt for receipt in pool.map(attempt, messages) if receipt is not None]


def make_plugin(address: str) -> Any:
    """The messenger behind an address such as `dingtalk://token`. Raises AddressUnfit."""
    module, name = PLUGINS.get(urlsplit(address).scheme, ("", ""))
    if not module:
        raise AddressUnfit("messenger")
    plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
    try:
        return plugin(**plugin.parse_url(address))
    except TypeError:  # how apprise says that a part is missing
        raise AddressUnfit("messenger") from None


class MessengerChannel:
    """Robots of DingTalk, WeCom, Feishu, Lark and Slack."""

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """See `Channel`."""
        return send_all(messages, self._send_one)

    def _send_one(self, message: Message) -> Receipt:
        try:
            is_sent = make_plugin(message.address).send(body=message.text, title=message.title)
        except Exception as error:  # whatever a plugin does wrong concerns this message alone
            log.exception("messenger failed")
            return Receipt(message.id, f"{type(error).__name__}: {error}"[:500])
        return Receipt(message.id, "" if is_sent else "refused by the messenger", is_delivered=bool(is_sent))


@dataclass(frozen=True)
class WebhookChannel:
    """Posts JSON to systems of one's own: only hosts the settings name."""

    hosts: frozenset[str]

    def check_address(self, address: str) -> None:
        """Raises AddressUnfit."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or parts.netloc not in self.hosts:
            raise AddressUnfit("webhook")

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """See `Channel`."""
        return send_all(messages, self._send_one)

    def _send_one(self, message: Message) -> Receipt:
        content: dict[str, Any] = {
            "id": message.id,
            "title": message.title,
            "body": message.body,
            "links": [{"words": link.words, "url": link.url} for link in message.links],
            **({"facts": dict(message.facts)} if message.facts else {}),
        }
        try:
            self.check_address(message.address)
            answer = requests.post(
                message.address,
                json=content,
                headers={"Idempotency-Key": message.id},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            is_taken = 200 <= answer.status_code < 300
            return Receipt(message.id, "" if is_taken else f"HTTP {answer.status_code}", is_delivered=is_taken)
        except (requests.RequestException, AddressUnfit) as error:
            return Receipt(message.id, f"{type(error).__name__}: {error}"[:500])
