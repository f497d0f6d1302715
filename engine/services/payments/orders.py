"""What payments and payouts have in common: one order at the provider, asked for until its end is known."""

from typing import cast

from engine.runtime.engine import Engine
from engine.services.payments.provider import OrderStatus, PaymentProvider, ProviderAnswer
from engine.services.payments.simulator import SIMULATOR, EmbeddedSimulator
from engine.storage.plain import Plain


def provider_of(engine: Engine) -> PaymentProvider:
    """The provider the settings name. Raises ValueError for an unknown one."""
    if engine.settings.payments == SIMULATOR:
        return EmbeddedSimulator(engine.database, engine.settings.simulator_seed)
    if engine.settings.payments == "alipay":
        from engine.services.payments.alipay import AlipayConfig, AlipayProvider  # an optional extra

        return AlipayProvider(AlipayConfig.read(engine.settings.data_dir / "keys" / "alipay"))
    raise ValueError(f"Expected a payment provider we have, but the settings name {engine.settings.payments!r}")


def read_answer(result: Plain) -> ProviderAnswer | None:
    """The answer a first half handed on; None where there was nothing left to ask."""
    if not isinstance(result, dict):
        return None
    return ProviderAnswer(
        OrderStatus(str(result["status"])),
        str(result["provider"]),
        str(result["provider_ref"]),
        cost_fen=int(cast(int, result["cost_fen"])),
        failure=str(result["failure"]),
        pay_code=str(result.get("pay_code", "")),
    )
