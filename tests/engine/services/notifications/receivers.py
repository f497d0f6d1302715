"""What stands at the other end of channels: a mail server and a system that takes webhooks, both on this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Inbox:
    """A mail server: mailboxes that show a Message-ID once, and how often each came."""

    port: int = 0
    refuses: set[str] = field(default_factory=set)
    taken: list[tuple[datetime, bytes]] = field(default_factory=list)  # when each came, and what

    @property
    def arrivals(self) -> list[EmailMessage]:
        """All that came, in order."""
        return [message_from_bytes(content, policy=default) for _, content in list(self.taken)]

    @property
    def shown(self) -> dict[str, EmailMessage]:
        """What mailboxes show: one mail of each Message-ID."""
        return {str(mail["Message-ID"]): mail for mail in self.arrivals}


@dataclass(frozen=True)
class Taker:
    """What aiosmtpd calls. It reads all attributes with every connection: there must be no more than this."""

    inbox: Inbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes a mail, which is read later: what reading costs is not the sender's."""
        if self.inbox.refuses & set(envelope.rcpt_tos):
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        self.inbox.taken.append((datetime.now(UTC), envelope.content))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Inbox]:
    """A mail server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        inbox = Inbox(free.getsockname()[1])
    controller = Controller(Taker(inbox), hostname="127.0.0.1", port=inbox.port)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


@dataclass
class Hook:
    """A system that takes webhooks: what came, with its Idempotency-Key, and how many it refuses first."""

    port: int = 0
    failures: int = 0
    arrivals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def webhook_server() -> Iterator[Hook]:
    """A receiver of webhooks on a free port."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.failures:
                hook.failures -= 1
                self.send_response(503)
            else:
                hook.arrivals.append((self.headers["Idempotency-Key"], content))
                self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
