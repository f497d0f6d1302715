"""Alipay as payment provider: codes to scan, refunds, transfers to Alipay accounts, the daily bills.

An optional extra (`pip install baton[alipay]`), chosen with BATON_PAYMENTS=alipay. Its folder is `keys/alipay` in the
data folder: `config.toml` (`app_id`, `notify_url`, and if need be `gateway` and `cost_bps`), and as Alipay hands them
out `app_private_key.pem`, `app_cert.crt`, `alipay_cert.crt` and `alipay_root_cert.crt`. Every answer and every notice
is verified by its signature; what a notice says is never believed, only asked for again.
"""

import csv
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from alipay import DCAliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from cryptography import x509
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from engine.services.ledger.fees import share_of
from engine.services.payments.provider import (
    PAYMENT,
    PAYOUT,
    REFUND,
    Destination,
    FileLine,
    OrderStatus,
    ProviderAnswer,
    ProviderUnavailable,
)

ALIPAY = "alipay"
GATEWAY = "https://openapi.alipay.com/gateway.do"
CHINA = ZoneInfo("Asia/Shanghai")
TIMEOUT_SECONDS = 15
COST_BPS = 60
DONE, UNKNOWN = "10000", frozenset({"20000"})
NOT_THERE = frozenset({"ACQ.TRADE_NOT_EXIST", "ORDER_NOT_EXIST"})
UNCLEAR = frozenset({"ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "isp.unknow-error", "aop.ACQ.SYSTEM_ERROR"})
TRADES = {
    "WAIT_BUYER_PAY": OrderStatus.PENDING,
    "TRADE_SUCCESS": OrderStatus.SUCCEEDED,
    "TRADE_FINISHED": OrderStatus.SUCCEEDED,
    "TRADE_CLOSED": OrderStatus.FAILED,
}
TRANSFERS = {"SUCCESS": OrderStatus.SUCCEEDED, "FAIL": OrderStatus.FAILED, "CLOSED": OrderStatus.FAILED}
RSA = frozenset(
    {SignatureAlgorithmOID.RSA_WITH_SHA1, SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA512}
)
TRANSFER = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
Transport = Callable[[str], bytes]


@dataclass(frozen=True)
class AlipayConfig:
    """With what we prove who we are, and with what Alipay does."""

    app_id: str
    notify_url: str
    app_private_key: str
    app_cert: str
    alipay_cert: str
    alipay_root_cert: str
    gateway: str = GATEWAY
    cost_bps: int = COST_BPS  # what Alipay keeps of a payment by contract

    @classmethod
    def read(cls, folder: Path) -> "AlipayConfig":
        """From a folder. Raises OSError for a missing file, TypeError for a wrong setting."""
        files = {
            "app_private_key": "app_private_key.pem",
            **{name: f"{name}.crt" for name in ("app_cert", "alipay_cert", "alipay_root_cert")},
        }
        keys: dict[str, Any] = {name: (folder / file).read_text() for name, file in files.items()}
        return cls(**tomllib.loads((folder / "config.toml").read_text()), **keys)


def fetch_url(url: str) -> bytes:
    """What stands at an address. Raises OSError."""
    with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
    return content


class _Client(DCAliPay):  # type: ignore[misc]  # the library has no types
    """The library's signing and verifying, over a transport of ours."""

    def __init__(self, config: AlipayConfig, transport: Transport) -> None:
        super().__init__(
            appid=config.app_id,
            app_notify_url=config.notify_url,
            app_private_key_string=config.app_private_key,
            app_public_key_cert_string=config.app_cert,
            alipay_public_key_cert_string=config.alipay_cert,
            alipay_root_cert_string=config.alipay_root_cert,
        )
        self._address, self._transport = config.gateway, transport

    @staticmethod
    def get_cert_sn(cert: str) -> str:
        """Alipay's name of a certificate: the library asks for its issuer in a way that is on its way out."""
        return _name_certificate(x509.load_pem_x509_certificate(cert.encode()))

    @staticmethod
    def get_root_cert_sn(rootCert: str) -> str:  # noqa: N803  # the library's name of it
        """Of a chain, those that are signed with RSA."""
        chain = x509.load_pem_x509_certificates(rootCert.encode())
        return "_".join(_name_certificate(one) for one in chain if one.signature_algorithm_oid in RSA)

    def build_body(self, *given: Any, **more: Any) -> dict[str, Any]:
        """The library takes the clock of the machine for that of China."""
        now = datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        body: dict[str, Any] = super().build_body(*given, **more)
        return body | {"timestamp": now}

    def verified_sync_response(self, data: dict[str, Any], response_type: str) -> dict[str, Any]:
        raw = self._transport(f"{self._address}?{self.sign_data(data)}").decode()
        answer: dict[str, Any] = self._verify_and_return_sync_response(raw, response_type)
        return answer


class AlipayProvider:
    """See `PaymentProvider`."""

    name = ALIPAY
    is_simulated = False

    def __init__(self, config: AlipayConfig, transport: Transport = fetch_url) -> None:
        self._config, self._transport = config, transport
        self._client = _Client(config, transport)

    def start_payment(self, key: str, amount_fen: int) -> ProviderAnswer:
        """See `PaymentProvider`. The answer is a code to scan; Alipay closes what is not paid within a day."""
        order = {"out_trade_no": key, "total_amount": _yuan(amount_fen), "subject": "Baton", "timeout_express": "1d"}
        answer = self._call("alipay.trade.precreate", order, notify_url=self._config.notify_url)
        if answer["code"] != DONE:
            return _refused(answer)
        return ProviderAnswer(OrderStatus.PENDING, ALIPAY, key, pay_code=str(answer["qr_code"]))

    def query_payment(self, key: str) -> ProviderAnswer | None:
        """See `PaymentProvider`. Alipay knows a payment from the moment the code was scanned."""
        answer = self._ask("alipay.trade.query", {"out_trade_no": key})
        if answer is None:
            return None
        status = TRADES[answer["trade_status"]]
        cost_fen = share_of(_fen(answer["total_amount"]), self._config.cost_bps)
        failure = "closed" if status is OrderStatus.FAILED else ""
        has_paid = status is OrderStatus.SUCCEEDED
        return ProviderAnswer(status, ALIPAY, str(answer["trade_no"]), cost_fen if has_paid else 0, failure)

    def start_payout(self, key: str, amount_fen: int, destination: Destination) -> ProviderAnswer:
        """See `PaymentProvider`. To Alipay accounts; bank accounts are refused, so that another is asked for."""
        if destination.kind != "e_wallet":
            return ProviderAnswer(OrderStatus.FAILED, ALIPAY, key, failure="account_kind")
        payee = {"identity": destination.account, "identity_type": "ALIPAY_LOGON_ID", "name": destination.holder}
        order = {"out_biz_no": key, "trans_amount": _yuan(amount_fen), "order_title": "Baton", "payee_info": payee}
        answer = self._call("alipay.fund.trans.uni.transfer", TRANSFER | order)
        return _read_transfer(answer) if answer["code"] == DONE else _refused(answer)

    def query_payout(self, key: str) -> ProviderAnswer | None:
        """See `PaymentProvider`."""
        answer = self._ask("alipay.fund.trans.common.query", TRANSFER | {"out_biz_no": key})
        return None if answer is None else _read_transfer(answer)

    def start_refund(self, key: str, amount_fen: int, payment_ref: str) -> ProviderAnswer:
        """See `PaymentProvider`."""
        order = {"trade_no": payment_ref, "refund_amount": _yuan(amount_fen), "out_request_no": key}
        answer = self._call("alipay.trade.refund", order)
        if answer["code"] != DONE:
            return _refused(answer)
        is_done = answer.get("fund_change") == "Y"
        return ProviderAnswer(OrderStatus.SUCCEEDED if is_done else OrderStatus.PENDING, ALIPAY, key)

    def query_refund(self, key: str, payment_ref: str) -> ProviderAnswer | None:
        """See `PaymentProvider`."""
        answer = self._ask("alipay.trade.fastpay.refund.query", {"trade_no": payment_ref, "out_request_no": key})
        if answer is None or "refund_amount" not in answer:
            return None
        is_done = answer.get("refund_status", "REFUND_SUCCESS") == "REFUND_SUCCESS"
        return ProviderAnswer(OrderStatus.SUCCEEDED if is_done else OrderStatus.PENDING, ALIPAY, key)

    def read_file(self, start: datetime, end: datetime) -> list[FileLine]:
        """See `PaymentProvider`: the bills of trades and of the account, of every day the span touches."""
        day, lines = start.astimezone(CHINA).date(), []
        while day <= (end - timedelta(microseconds=1)).astimezone(CHINA).date():
            for bill, read in (("trade", _read_trades), ("signcustomer", _read_account)):
                question = {"bill_type": bill, "bill_date": day.isoformat()}
                answer = self._ask("alipay.data.dataservice.bill.downloadurl.query", question)
                rows = _unpack(self._fetch(answer["bill_download_url"])) if answer else iter(())
                lines += [line for at, line in read(rows) if start <= at < end]
            day += timedelta(days=1)
        return lines

    def read_notice(self, fields: Mapping[str, str]) -> str | None:
        """See `PaymentProvider`."""
        told = {name: value for name, value in fields.items() if name != "sign_type"}
        signature = told.pop("sign", "")
        if told.get("app_id") != self._config.app_id or not signature:
            return None
        try:
            is_genuine = self._client.verify(dict(told), signature)
        except ValueError:  # a signature that is no base64
            return None
        return told.get("out_trade_no") if is_genuine else None

    def _ask(self, method: str, question: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a question; None if what it asks for is not there. Raises ProviderUnavailable."""
        answer = self._call(method, question)
        if answer["code"] == DONE:
            return answer
        if answer.get("sub_code") in NOT_THERE or answer.get("sub_code") == "isp.bill_not_exist":
            return None
        raise ProviderUnavailable(f"Expected an answer to {method}, but got {answer.get('sub_code')}")

    def _call(self, method: str, content: dict[str, Any], **more: str) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.server_api(method, content, **more)
        except (AliPayException, AliPayValidationError, OSError, ValueError) as error:
            raise ProviderUnavailable(f"Expected a signed answer to {method}, but: {error}") from error
        if answer["code"] in UNKNOWN or answer.get("sub_code") in UNCLEAR:
            raise ProviderUnavailable(f"Expected an answer to {method}, but got {answer.get('sub_code')}")
        return answer

    def _fetch(self, url: str) -> bytes:
        try:
            return self._transport(url)
        except OSError as error:
            raise ProviderUnavailable(f"Expected the bill, but: {error}") from error


def _name_certificate(certificate: x509.Certificate) -> str:
    parts = {one.oid: str(one.value) for one in certificate.issuer}
    names = ((NameOID.COMMON_NAME, "CN"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "OU"), (NameOID.ORGANIZATION_NAME, "O"))
    told = ",".join(f"{short}={parts.get(oid)}" for oid, short in (*names, (NameOID.COUNTRY_NAME, "C")))
    return hashlib.md5(f"{told}{certificate.serial_number}".encode(), usedforsecurity=False).hexdigest()


def _read_transfer(answer: dict[str, Any]) -> ProviderAnswer:
    status = TRANSFERS.get(answer["status"], OrderStatus.PENDING)
    failure = str(answer.get("error_code", "declined"))[:80] if status is OrderStatus.FAILED else ""
    return ProviderAnswer(status, ALIPAY, str(answer.get("order_id", "")), failure=failure)


def _refused(answer: dict[str, Any]) -> ProviderAnswer:
    failure = str(answer.get("sub_code") or answer["code"])[:80]
    return ProviderAnswer(OrderStatus.FAILED, ALIPAY, "", failure=failure)


def _unpack(archive: bytes) -> Iterator[dict[str, str]]:
    """The rows of the detailed bill, with their headings."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = [name for name in files.namelist() if "汇总" not in _decode_name(name)]
        text = files.read(names[0]).decode("gb18030")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for row in csv.DictReader(lines):
        yield {name.strip(): (value or "").strip() for name, value in row.items() if name}


def _decode_name(name: str) -> str:
    """A name in an archive of Alipay's, which does not say that it is in GBK."""
    try:
        return name.encode("cp437").decode("gb18030")
    except UnicodeError:
        return name


def _read_trades(rows: Iterator[dict[str, str]]) -> Iterator[tuple[datetime, FileLine]]:
    for row in rows:
        is_refund = row["业务类型"] == "退款"
        reference = row["退款批次号/请求号"] if is_refund else row["商户订单号"]
        amount_fen = abs(_fen(row["订单金额（元）"]))
        yield _at(row["完成时间"]), FileLine(REFUND if is_refund else PAYMENT, reference, amount_fen)


def _read_account(rows: Iterator[dict[str, str]]) -> Iterator[tuple[datetime, FileLine]]:
    for row in rows:
        if row["业务类型"] == "转账" and row["支出金额（-元）"]:
            yield _at(row["发生时间"]), FileLine(PAYOUT, row["商户订单号"], abs(_fen(row["支出金额（-元）"])))


def _at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02}"


def _fen(text: str) -> int:
    return int(Decimal(text) * 100)
