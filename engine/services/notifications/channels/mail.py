"""Mail by SMTP: one connection for a whole batch."""

import re
import smtplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from time import monotonic
from urllib.parse import unquote, urlsplit

from engine.services.notifications.channels.port import AddressUnfit, Message, Receipt

_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[A-Za-z0-9.-]{1,190}")
TIMEOUT_SECONDS = 5.0
BUDGET_SECONDS = 5.0


def check_address(address: str) -> None:
    """Raises AddressUnfit for what is no mail address."""
    if not _ADDRESS.fullmatch(address):
        raise AddressUnfit("mail")


@dataclass(frozen=True)
class MailChannel:
    """`url`: smtp://user:password@host:port, or smtps:// for TLS from the first byte. STARTTLS is used if offered."""

    url: str
    sender: str

    def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """See `Channel`."""
        receipts: list[Receipt] = []
        end = monotonic() + BUDGET_SECONDS
        try:
            with self._connect() as server:
                for message in messages:
                    if monotonic() > end:
                        break
                    receipts.append(self._send_one(server, message))
        except (OSError, smtplib.SMTPException) as error:
            known = {receipt.id for receipt in receipts}
            receipts += [Receipt(one.id, _describe(error)) for one in messages if one.id not in known]
        return receipts

    @contextmanager
    def _connect(self) -> Iterator[smtplib.SMTP]:
        parts = urlsplit(self.url)
        kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
        with kind(parts.hostname or "localhost", parts.port or 0, timeout=TIMEOUT_SECONDS) as server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server

    def _send_one(self, server: smtplib.SMTP, message: Message) -> Receipt:
        """One refusal does not keep the others; a connection that is lost does, and raises."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, message.address, message.title
        mail["Message-ID"] = f"<{message.id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        try:
            server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            return Receipt(message.id, _describe(error))
        return Receipt(message.id)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
