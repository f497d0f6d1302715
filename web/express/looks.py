"""How the states of express tasks and of their lines look, and at which step of its way each stands."""

from engine.services.express.queries import FAULTY, GROUPS

# state: tone of the badge, icon
TASK_LOOKS: dict[str, tuple[str, str]] = {
    "draft": ("", "pencil"),
    "funding": ("warn", "hourglass"),
    "in_review": ("", "file-search"),
    "running": ("accent", "play"),
    "completed": ("ok", "circle-check"),
    "completed_partially": ("ok", "split"),
    "content_rejected": ("bad", "ban"),
    **dict.fromkeys(("abandoned", "not_funded", "cancelled"), ("", "circle-x")),
}
LINE_LOOKS: dict[str, tuple[str, str]] = {
    "listed": ("", "list"),
    "awarded": ("", "file-search"),
    "awaiting_confirmation": ("warn", "hourglass"),
    "problem": ("bad", "triangle-alert"),
    "confirmed": ("accent", "check"),
    "committed": ("accent", "signature"),
    "rechecked": ("accent", "shield-check"),
    "requested": ("accent", "hourglass"),
    "paid": ("ok", "circle-check"),
    "refunded": ("", "undo-2"),
    "denied": ("bad", "user-x"),
    "expired": ("", "clock"),
}
TASK_STEPS = ("list", "fund", "review", "confirm", "close")
LINE_STEPS = ("commit", "confirm", "check", "paid")
"""As the policy of the platform orders them: the letter first (`express_commitment_first`)."""
_TASK_AT = {"draft": 1, "funding": 2, "in_review": 3, "running": 4}
_TASK_AT |= dict.fromkeys(("completed", "completed_partially"), len(TASK_STEPS) + 1)
_LINE_AT = {
    **dict.fromkeys(("awaiting_confirmation", "problem"), 1),
    "confirmed": 2,
    "committed": 3,
    "rechecked": 3,
    "requested": 4,
    "paid": len(LINE_STEPS) + 1,
}
TASK_GUIDES = {
    **dict.fromkeys(("express_task/draft_express", "express_task/fix_list"), "express/_list_guide.html"),
    **dict.fromkeys(
        (f"express_task/{name}" for name in ("view_confirmation", "sign_commitment", "set_payout", "final_confirm")),
        "express/_way_guide.html",
    ),
}
"""What the page of a user task shows above its form, by the form."""
FORM_STEPS = {
    "express_task/sign_commitment": 1,
    "express_task/view_confirmation": 2,
    "express_task/set_payout": 3,
    "express_task/final_confirm": 3,
}
HELPERS = {
    "express_task_looks": TASK_LOOKS,
    "express_line_looks": LINE_LOOKS,
    "express_task_steps": TASK_STEPS,
    "express_line_steps": LINE_STEPS,
    "express_task_at": _TASK_AT,
    "express_line_at": _LINE_AT,
    "express_groups": (*GROUPS, FAULTY),
}
