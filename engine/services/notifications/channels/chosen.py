"""Which way out each channel takes, as the settings say."""

from functools import partial

from engine.runtime.engine import Engine
from engine.services.notifications.channels.mail import MailChannel, check_address
from engine.services.notifications.channels.outbox import OutboxChannel
from engine.services.notifications.channels.port import MAIL, MESSENGER, PUSH, WEBHOOK, AddressUnfit, Channel
from engine.services.notifications.channels.posting import MessengerChannel, WebhookChannel, make_plugin
from engine.services.notifications.channels.push import PushChannel, push_hosts
from engine.services.notifications.devices import forget_device
from engine.storage.settings import Settings

OUTBOX, LIVE = "outbox", "live"
MAX_ADDRESS = 500


def channel_of(engine: Engine, name: str) -> Channel:
    """The channel of a name. Raises ValueError for settings that name no way we have."""
    settings = engine.settings
    for chosen in (settings.messengers, settings.push):
        if chosen not in (OUTBOX, LIVE):
            raise ValueError(f"Expected messengers and push to be outbox or live, but got {chosen!r}")
    if name == MAIL and settings.smtp_url:
        return MailChannel(settings.smtp_url, settings.mail_from)
    if name == WEBHOOK and settings.webhook_hosts:
        return _webhooks(settings)
    if name == MESSENGER and settings.messengers == LIVE:
        return MessengerChannel()
    if name == PUSH and settings.push == LIVE:
        return PushChannel(engine.keys.push, settings.mail_from, push_hosts(settings), partial(forget_device, engine))
    return OutboxChannel(engine.database, name)


def check_channel_address(settings: Settings, channel: str, address: str) -> None:
    """Raises AddressUnfit for an address the channel cannot or must not send to."""
    if not address or len(address) > MAX_ADDRESS:
        raise AddressUnfit(channel)
    if channel == MAIL:
        check_address(address)
    elif channel == WEBHOOK:
        _webhooks(settings).check_address(address)
    else:
        make_plugin(address)


def _webhooks(settings: Settings) -> WebhookChannel:
    return WebhookChannel(frozenset(one.strip() for one in settings.webhook_hosts.split(",") if one.strip()))
