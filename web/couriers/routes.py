"""A courier's own page: on duty or not, how far, what, with what, and of which class he is."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.dispatch.couriers import (
    VEHICLES,
    become_ordinary,
    go_off_duty,
    go_on_duty,
    read_profile,
    save_profile,
)
from web.errands.looks import CATEGORIES
from web.security import current_actor, local_target

RANGES_M = (500, 1_000, 2_000, 3_000, 5_000, 10_000)
POST = ("POST",)


def make_couriers(engine: Engine) -> Blueprint:
    """The blueprint `couriers`."""
    blueprint = Blueprint("couriers", __name__, template_folder="templates")
    desk = ProfileDesk(engine)
    blueprint.add_url_rule("/courier/profile", "profile", desk.show)
    blueprint.add_url_rule("/courier/profile", "save", desk.save, methods=POST)
    blueprint.add_url_rule("/courier/profile/duty", "duty", desk.set_duty, methods=POST)
    blueprint.add_url_rule("/courier/profile/become", "become", desk.become, methods=POST)
    return blueprint


class ProfileDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """The profile; for who is no courier yet, how to become one."""
        profile = read_profile(self.engine, current_actor())
        return render_template(
            "couriers/profile.html",
            profile=profile,
            ranges=sorted({*RANGES_M, profile.range_m}),
            categories=CATEGORIES,
            vehicles=VEHICLES,
            is_saved="saved" in request.args,
        )

    def save(self) -> Response:
        """Range, categories and vehicle as sent."""
        range_m = request.form.get("range_m", 0, type=int)
        chosen, vehicle = request.form.getlist("categories"), request.form.get("vehicle", "")
        save_profile(self.engine, current_actor(), range_m, chosen, vehicle)
        return redirect(url_for("couriers.profile", saved=1), 303)

    def set_duty(self) -> Response:
        """On duty with `on`, else off; then to `next`, or back to the profile."""
        change = go_on_duty if request.form.get("on") else go_off_duty
        change(self.engine, current_actor())
        return redirect(local_target(request.form.get("next")) or url_for("couriers.profile"), 303)

    def become(self) -> Response:
        """A certified person becomes an ordinary courier; he acts as one once he has chosen the role."""
        become_ordinary(self.engine, current_actor())
        return redirect(url_for("identity.role", next=url_for("couriers.profile")), 303)
