"""Web push (RFC 8030): encrypted for one browser (RFC 8291), signed by the platform's key (RFC 8292)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import time
from urllib.parse import urlsplit

import http_ece
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from engine.services.notifications.channels.port import PUSH, AddressUnfit, Message, Receipt
from engine.services.notifications.channels.posting import TIMEOUT_SECONDS, send_all
from engine.services.notifications.devices import Device, read_devices
from engine.storage.settings import Settings

# The services of the browsers; a name that begins with a dot stands for all below it.
_SERVICES = ("fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
_ORDER = int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)  # of P-256 (SEC 2, 2.4.2)
TOKEN_SECONDS, KEPT_SECONDS = 12 * 3600, 24 * 3600
MAX_ENDPOINT = 1_000
MAX_BODY = 600  # characters; a push service takes 4,096 bytes
_GONE = (404, 410)


def push_hosts(settings: Settings) -> tuple[str, ...]:
    """The services that may be posted to beside those of the known browsers, by host and port."""
    return tuple(one.strip() for one in settings.push_hosts.split(",") if one.strip())


def check_device(settings: Settings, device: Device) -> None:
    """Raises AddressUnfit for an address of no push service, and for keys that are none."""
    if len(device.endpoint) > MAX_ENDPOINT:
        raise AddressUnfit(PUSH)
    _check_endpoint(device.endpoint, push_hosts(settings))
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decode(device.p256dh))
        is_secret = len(_decode(device.auth)) == 16
    except ValueError:
        is_secret = False
    if not is_secret:
        raise AddressUnfit(PUSH)


def public_key_of(seed: bytes) -> str:
    """What a browser has to know to take messages of this platform only."""
    point = _private_key(seed).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()


@dataclass(frozen=True)
class PushChannel:
    """`forget` is told of browsers that have gone: of whom and which endpoint."""

    seed: bytes
    sender: str
    hosts: tuple[str, ...]
    forget: Callable[[str, str], None]

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """See `Channel`. One browser of a person that has it is enough."""
        return send_all(messages, self._send_one)

    def _send_one(self, message: Message) -> Receipt:
        errors = [self._push(message, device) for device in read_devices(message.address)]
        is_taken = "" in errors
        return Receipt(message.id, "" if is_taken else "; ".join(errors)[:500] or "no browser", is_delivered=False)

    def _push(self, message: Message, device: Device) -> str:
        """What went wrong; empty if the service has it."""
        content = {"id": message.id, "title": message.title, "body": message.body[:MAX_BODY], "path": message.path}
        try:
            _check_endpoint(device.endpoint, self.hosts)
            answer = requests.post(
                device.endpoint,
                data=_encrypt(json.dumps(content, ensure_ascii=False).encode(), device),
                headers=self._sign(device.endpoint)
                | {"Content-Encoding": "aes128gcm", "TTL": str(KEPT_SECONDS), "Topic": message.id[:32]},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except (requests.RequestException, AddressUnfit) as error:
            return f"{type(error).__name__}: {error}"
        if answer.status_code in _GONE:
            self.forget(message.user_id, device.endpoint)
        return "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"

    def _sign(self, endpoint: str) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(time()) + TOKEN_SECONDS,
            "sub": f"mailto:{self.sender}",
        }
        signed: dict[str, str] = Vapid02(_private_key(self.seed)).sign(claims)
        return signed


def _encrypt(content: bytes, device: Device) -> bytes:
    sealed: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decode(device.p256dh),
        auth_secret=_decode(device.auth),
    )
    return sealed


def _check_endpoint(endpoint: str, hosts: tuple[str, ...]) -> None:
    parts = urlsplit(endpoint)
    name = parts.hostname or ""
    is_known = any(name.endswith(one) if one.startswith(".") else name == one for one in _SERVICES)
    if not (parts.scheme == "https" and parts.port is None and is_known) and parts.netloc not in hosts:
        raise AddressUnfit(PUSH)


def _private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
