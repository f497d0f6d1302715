"""Which phone provider the settings name."""

from engine.runtime.engine import Engine
from engine.services.chat.phones.dypls import DYPLS, DyplsConfig, DyplsPhones
from engine.services.chat.phones.port import PhoneProvider
from engine.services.chat.phones.simulator import SIMULATOR, EmbeddedPhones


def provider_of(engine: Engine) -> PhoneProvider:
    """The provider of numbers. Raises ValueError for one we do not have."""
    if engine.settings.phones == SIMULATOR:
        return EmbeddedPhones(engine.database, engine.settings.simulator_seed)
    if engine.settings.phones == DYPLS:
        return DyplsPhones(DyplsConfig.read(engine.settings.data_dir / "keys" / DYPLS))
    raise ValueError(f"Expected a phone provider we have, but the settings name {engine.settings.phones!r}")
