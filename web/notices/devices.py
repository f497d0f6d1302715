"""The browsers a person has registered to be told in while no page is open."""

from hashlib import sha256

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.notifications.channels.port import AddressUnfit
from engine.services.notifications.channels.push import check_device, public_key_of
from engine.services.notifications.devices import Device, forget_device, list_devices, register_device
from web.security import current_actor

MAX_NAME = 60


def add_devices(blueprint: Blueprint, engine: Engine) -> None:
    """Their routes."""
    desk = DeviceDesk(engine)
    blueprint.add_url_rule("/notices/devices", "register", desk.register, methods=("POST",))
    blueprint.add_url_rule("/notices/devices/<mark>/forget", "forget", desk.forget, methods=("POST",))
    blueprint.record(lambda state: state.app.jinja_env.globals.update(read_devices=desk.read))


class DeviceDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self) -> dict[str, object]:
        """What the page shows: the actor's browsers by their marks, and the key a new one needs."""
        devices = {_mark(one.endpoint): one.name for one in list_devices(self.engine, current_actor())}
        is_live = self.engine.settings.push == "live"
        return {"devices": devices, "key": public_key_of(self.engine.keys.push), "is_live": is_live}

    def register(self) -> Response:
        """Adds the browser that asks; the page says so where its push service is none we post to."""
        form, here = request.form, "notices.preferences"
        device = Device(form["endpoint"], form["p256dh"], form["auth"], form.get("name", "").strip()[:MAX_NAME])
        try:
            check_device(self.engine.settings, device)
        except AddressUnfit as unfit:
            return redirect(url_for(here, unfit=unfit.reason), 303)
        register_device(self.engine, current_actor(), device)
        return redirect(url_for(here, saved=1), 303)

    def forget(self, mark: str) -> Response:
        """Takes one of the actor's browsers out; one that is out already is no fault."""
        actor = current_actor()
        for device in list_devices(self.engine, actor):
            if _mark(device.endpoint) == mark:
                forget_device(self.engine, actor.user_id, device.endpoint)
        return redirect(url_for("notices.preferences", saved=1), 303)


def _mark(endpoint: str) -> str:
    """Names a browser in a page: its endpoint is a secret."""
    return sha256(endpoint.encode()).hexdigest()[:16]
