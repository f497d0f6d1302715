"""Alipay: what we send is signed, what comes is verified, and what it means. The gateway is ours, with its own keys."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from engine.services.payments.alipay import AlipayProvider
from engine.services.payments.provider import Destination, FileLine, OrderStatus, ProviderUnavailable
from tests.engine.services.payments.gateway import DAY, Gateway, config, sign_notice

KEY = "01a2" * 8
WANG = Destination("e_wallet", "wang@example.com", "王海涛")


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def provider(gateway: Gateway) -> AlipayProvider:
    return AlipayProvider(config(), gateway)


def test_a_payment_is_a_code_to_scan_until_it_is_paid(gateway: Gateway, provider: AlipayProvider) -> None:
    gateway.answers["alipay.trade.precreate"] = {"qr_code": "https://qr.alipay.com/bax1"}
    started = provider.start_payment(KEY, 123_405)
    assert (started.status, started.pay_code) == (OrderStatus.PENDING, "https://qr.alipay.com/bax1")
    assert gateway.asked[0][1]["total_amount"] == "1234.05"
    query = gateway.answers
    query["alipay.trade.query"] = {"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"}
    assert provider.query_payment(KEY) is None
    for state, status, cost_fen in (
        ("WAIT_BUYER_PAY", OrderStatus.PENDING, 0),
        ("TRADE_SUCCESS", OrderStatus.SUCCEEDED, 740),
        ("TRADE_CLOSED", OrderStatus.FAILED, 0),
    ):
        query["alipay.trade.query"] = {"trade_status": state, "total_amount": "1234.05", "trade_no": "2026112022001"}
        found = provider.query_payment(KEY)
        assert found is not None
        assert (found.status, found.cost_fen, found.provider_ref) == (status, cost_fen, "2026112022001")


def test_what_is_not_signed_by_alipay_is_no_answer(provider: AlipayProvider) -> None:
    forger = Gateway(signer="forger")
    forger.answers["alipay.trade.query"] = {"trade_status": "TRADE_SUCCESS", "total_amount": "1.00", "trade_no": "1"}
    with pytest.raises(ProviderUnavailable):
        AlipayProvider(config(), forger).query_payment(KEY)

    def break_off(url: str) -> bytes:
        raise TimeoutError

    unclear = Gateway()
    unclear.answers["alipay.trade.query"] = {"code": "20000", "sub_code": "isp.unknow-error"}
    for transport in (break_off, lambda url: b"<html>", unclear):
        with pytest.raises(ProviderUnavailable):
            AlipayProvider(config(), transport).query_payment(KEY)


def test_transfers_and_refunds(gateway: Gateway, provider: AlipayProvider) -> None:
    gateway.answers |= {
        "alipay.fund.trans.uni.transfer": {"status": "SUCCESS", "order_id": "T1"},
        "alipay.fund.trans.common.query": {"status": "DEALING", "order_id": "T1"},
        "alipay.trade.refund": {"fund_change": "Y"},
        "alipay.trade.fastpay.refund.query": {"refund_status": "REFUND_SUCCESS", "refund_amount": "5.00"},
    }
    paid = provider.start_payout(KEY, 500, WANG)
    assert (paid.status, paid.provider_ref) == (OrderStatus.SUCCEEDED, "T1")
    assert gateway.asked[-1][1]["payee_info"]["identity"] == "wang@example.com"
    assert provider.start_payout(KEY, 500, replace(WANG, kind="bank")).failure == "account_kind"
    known = provider.query_payout(KEY)
    assert known is not None
    assert known.status is OrderStatus.PENDING
    assert provider.start_refund(KEY, 500, "2026112022001").status is OrderStatus.SUCCEEDED
    returned = provider.query_refund(KEY, "2026112022001")
    assert returned is not None
    assert returned.status is OrderStatus.SUCCEEDED
    gateway.answers["alipay.trade.fastpay.refund.query"] = {}
    assert provider.query_refund(KEY, "2026112022001") is None
    gateway.answers["alipay.fund.trans.common.query"] = {"code": "40004", "sub_code": "ORDER_NOT_EXIST"}
    assert provider.query_payout(KEY) is None
    gateway.answers["alipay.fund.trans.uni.transfer"] = {"code": "40004", "sub_code": "PAYEE_NOT_EXIST"}
    assert provider.start_payout(KEY, 500, WANG).failure == "PAYEE_NOT_EXIST"


@pytest.mark.parametrize(
    ("change", "is_taken"),
    [
        (lambda told: told, True),
        (lambda told: told | {"total_amount": "9.00"}, False),
        (lambda told: told | {"app_id": "other"}, False),
        (lambda told: told | {"sign": "AAAA"}, False),
        (lambda told: told | {"sign": "?"}, False),
        (lambda told: {name: value for name, value in told.items() if name != "sign"}, False),
    ],
)
def test_a_notice_is_taken_only_with_alipay_s_signature(
    provider: AlipayProvider, change: Callable[[dict[str, str]], dict[str, str]], is_taken: bool
) -> None:
    told = {"app_id": "2026", "out_trade_no": KEY, "total_amount": "1.00", "trade_status": "TRADE_SUCCESS"}
    assert provider.read_notice(change(sign_notice(told))) == (KEY if is_taken else None)


def test_the_bills_of_a_day(gateway: Gateway, provider: AlipayProvider) -> None:
    trades = "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号"
    gateway.pack(
        "trade",
        trades,
        f"2026,\t{KEY}\t,交易,2026-11-20 09:00:00,1234.05,",
        f"2026,{KEY},退款,2026-11-20 10:00:00,-5.00,refund1",
        f"2026,{KEY},交易,2026-11-20 07:59:59,1.00,",  # before the span, by the clock of China
    )
    account = "商户订单号,业务类型,发生时间,收入金额（+元）,支出金额（-元）"
    gateway.pack(
        "signcustomer", account, "payout1,转账,2026-11-20 11:00:00,,-8.10", f"{KEY},收费,2026-11-20 09:00:00,,-7.40"
    )
    real = gateway.__call__

    def transport(url: str) -> bytes:
        if url.startswith("https://bill.example/"):
            return gateway.bills[url]
        kind = json.loads(parse_qs(urlsplit(url).query)["biz_content"][0])["bill_type"]
        found = {"bill_download_url": f"https://bill.example/{kind}"}
        gateway.answers["alipay.data.dataservice.bill.downloadurl.query"] = found
        return real(url)

    lines = AlipayProvider(config(), transport).read_file(DAY, DAY + timedelta(hours=16))
    assert lines == [
        FileLine("payment", KEY, 123_405),
        FileLine("refund", "refund1", 500),
        FileLine("payout", "payout1", 810),
    ]
