"""A payment by a real provider, from the code on the page to money in the wallet, through a gateway of the test."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.ledger.views import wallet_view
from engine.services.payments.payments import list_payments, start_top_up
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.settings import Settings
from tests.engine.services.payments.gateway import Gateway, config, sign_notice
from tests.support.clock import ManualClock
from tests.support.web import make_app
from tests.web.visitor import Visitor, register

CODE = "https://qr.alipay.com/bax1"


@pytest.fixture
def gateway() -> Iterator[tuple[Gateway, str]]:
    """The gateway and its address."""
    found = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = found(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *facts: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found, f"http://127.0.0.1:{server.server_port}/gateway.do"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def engine(gateway: tuple[Gateway, str], sqlite_url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Engine]:
    """An engine that pays by Alipay."""
    folder, told = tmp_path / "keys" / "alipay", config()
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(
        f'app_id = "{told.app_id}"\nnotify_url = "{told.notify_url}"\ngateway = "{gateway[1]}"\n'
    )
    (folder / "app_private_key.pem").write_text(told.app_private_key)
    for name in ("app_cert", "alipay_cert", "alipay_root_cert"):
        (folder / f"{name}.crt").write_text(getattr(told, name))
    made = Engine(Settings(database_url=sqlite_url, data_dir=tmp_path, payments="alipay", password_cost=1), clock)
    yield made
    made.close()


def test_a_payment_is_scanned_noticed_and_credited(
    engine: Engine, gateway: tuple[Gateway, str], clock: ManualClock
) -> None:
    app, alipay = make_app(engine), gateway[0]
    wang = register(engine, "wang")
    actor = Actor(wang, wang, "individual")
    alipay.answers["alipay.trade.precreate"] = {"qr_code": CODE}
    payment_id, forgotten_id = (start_top_up(engine, actor, 5_000, new_id()) for _ in range(2))
    settle(engine)
    visitor = Visitor(app)
    visitor.sign_in("wang")
    page = visitor.get(f"/wallet/top-ups/{payment_id}").text
    assert "<svg" in page
    assert f'href="{CODE}"' in page
    alipay.answers["alipay.trade.query"] = {"trade_status": "TRADE_SUCCESS", "total_amount": "50.00", "trade_no": "T1"}
    told = {"app_id": "2026", "out_trade_no": payment_id, "trade_status": "TRADE_SUCCESS"}
    outside = app.test_client()
    assert outside.post("/payments/notice", data=sign_notice(told, "forger")).status_code == 400
    settle(engine)
    with engine.database.read() as connection:
        assert wallet_view(connection, wang).available_fen == 0  # nothing is believed that is not signed
    for _ in range(2):  # Alipay repeats what it is not sure was heard
        assert outside.post("/payments/notice", data=sign_notice(told)).text == "success"
    settle(engine)
    with engine.database.read() as connection:
        assert wallet_view(connection, wang).available_fen == 5_000
    alipay.answers["alipay.trade.query"] = {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
    clock.advance(days=1, hours=1)
    settle(engine)
    with engine.database.read() as connection:
        ended = {one.id: (one.status, one.failure) for one in list_payments(connection, wang)}
    assert ended == {payment_id: ("succeeded", None), forgotten_id: ("failed", "expired")}
