"""Push services take only what is encrypted for one browser and signed by the platform."""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.notifications.channels.port import PUSH, AddressUnfit
from engine.services.notifications.channels.push import check_device, public_key_of
from engine.services.notifications.devices import MOST, Device, forget_device, list_devices, register_device
from engine.services.notifications.preferences import Preferences, fetch_preferences, save_preferences
from engine.services.notifications.queries import list_outbox
from engine.storage.actor import Actor
from tests.engine.services.notifications.test_notifications import NO_QUIET, say, states
from tests.web.visitor import register

SECRET = b"sixteen bytes of"


@dataclass
class Service:
    """A push service with one browser behind it: what came, opened with the browser's keys; what it answers."""

    host: str = ""
    status: int = 201
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    arrivals: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    def device(self, path: str = "one") -> Device:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Device(f"http://{self.host}/{path}", encode(point), encode(SECRET), "Chrome · Android")


def encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def service(any_engine: Engine) -> Iterator[Service]:
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            opened = http_ece.decrypt(content, private_key=found.key, auth_secret=SECRET)
            found.arrivals.append(json.loads(opened))
            found.signatures.append(self.headers["Authorization"])
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    any_engine.settings = replace(any_engine.settings, push="live", push_hosts=found.host)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ann(any_engine: Engine) -> Actor:
    user_id = register(any_engine, "ann")
    return Actor(user_id, user_id, "individual")


def test_a_browser_is_told_whatever_the_channels_of_the_notice(
    any_engine: Engine, ann: Actor, service: Service
) -> None:
    register_device(any_engine, ann, service.device())
    save_preferences(any_engine, ann, Preferences(hours=NO_QUIET))
    assert list_devices(any_engine, ann) == [service.device()], "other preferences leave the browsers alone"
    assert fetch_preferences(any_engine, ann).addresses == {}
    say(any_engine, ann, channels=[])
    settle(any_engine)
    (told,) = service.arrivals
    assert told["title"] == "任务等待您处理：盘点"
    assert told["path"].startswith("/notices/")
    assert Vapid02.verify(service.signatures[0])
    assert service.signatures[0].endswith(public_key_of(any_engine.keys.push))
    assert states(any_engine) == {PUSH: "sent"}


def test_a_browser_that_has_gone_is_forgotten_and_another_is_enough(
    any_engine: Engine, ann: Actor, service: Service
) -> None:
    save_preferences(any_engine, ann, Preferences(hours=NO_QUIET))
    register_device(any_engine, ann, service.device())
    service.status = 410
    say(any_engine, ann)
    settle(any_engine)
    assert (list_devices(any_engine, ann), states(any_engine)) == ([], {PUSH: "queued"})
    for number in range(MOST + 1):
        register_device(any_engine, ann, service.device(str(number)))
    assert [one.endpoint[-2:] for one in list_devices(any_engine, ann)] == [
        f"/{number}" for number in range(1, MOST + 1)
    ]
    forget_device(any_engine, ann.user_id, service.device("1").endpoint)
    assert len(list_devices(any_engine, ann)) == MOST - 1


def test_nothing_is_posted_to_what_is_no_push_service(any_engine: Engine, service: Service) -> None:
    good, settings = service.device(), any_engine.settings
    check_device(settings, good)
    check_device(settings, replace(good, endpoint="https://web.push.apple.com/token"))
    for endpoint in (
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://push.apple.com.evil/x",
    ):
        with pytest.raises(AddressUnfit):
            check_device(settings, replace(good, endpoint=endpoint))
    for wrong in (
        {"p256dh": "AAAA"},
        {"auth": "AAAA"},
        {"auth": "*"},
        {"endpoint": "https://fcm.googleapis.com/" + "x" * 1000},
    ):
        with pytest.raises(AddressUnfit):
            check_device(settings, replace(good, **wrong))


def test_without_a_way_out_it_is_written_to_the_outbox(any_engine: Engine, ann: Actor, service: Service) -> None:
    any_engine.settings = replace(any_engine.settings, push="outbox")
    save_preferences(any_engine, ann, Preferences(hours=NO_QUIET))
    register_device(any_engine, ann, service.device())
    say(any_engine, ann)
    settle(any_engine)
    with any_engine.database.read() as connection:
        assert [one.channel for one in list_outbox(connection, 9)] == [PUSH]
    assert service.arrivals == []
