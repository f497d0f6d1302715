"""Who may open what: one rule per endpoint, and nothing without a rule.

A rule looks at the acting role only. Whether a task, an order or a case is this person's business is decided by the
engine, which answers a forbidden thing exactly as an absent one.
"""

from dataclasses import dataclass
from enum import Enum

from engine.queries.cases import READERS
from engine.services.chat.rooms import READERS as READERS_OF_ROOMS
from engine.services.identity.people import ORGANISATION, PERSON, ROLES
from engine.services.identity.sessions import Session
from engine.services.tracking.queries import TRAIL_READERS
from engine.storage.actor import PLATFORM


@dataclass(frozen=True)
class Rule:
    """Who may open an endpoint."""

    is_public: bool = False
    needs_role: bool = True
    roles: frozenset[str] = frozenset()  # empty: any
    is_signed: bool = False  # proved by a signature in what is sent: no cookie is looked at
    is_for_workers: bool = False  # programs with a token, and nobody else: no cookie is looked at


PUBLIC = Rule(is_public=True, needs_role=False)
SIGNED = Rule(is_public=True, needs_role=False, is_signed=True)
SIGNED_IN = Rule(needs_role=False)  # a role need not be chosen yet
ACTING = Rule()  # in whatever role
WORKERS = Rule(is_for_workers=True)


def roles(*names: str) -> Rule:
    """Only for who acts in one of these roles. Raises ValueError for a role that does not exist."""
    unknown = set(names) - set(ROLES)
    if unknown:
        raise ValueError(f"Expected roles of the identity service, but got {sorted(unknown)}")
    return Rule(roles=frozenset(names))


INDIVIDUALS = tuple(role for role, kind in ROLES.items() if kind == PERSON)
COURIERS = ("courier_ordinary", "courier_professional")
ENTERPRISE = tuple(role for role, kind in ROLES.items() if kind == ORGANISATION)
STAFF = tuple(role for role, kind in ROLES.items() if kind == PLATFORM)
MARKET = (*INDIVIDUALS, *ENTERPRISE)
TRADERS = (*INDIVIDUALS, "enterprise_admin", "enterprise_operator")  # publish, take and end orders
HOLDERS = (*TRADERS, "enterprise_finance")  # see what is in the wallet
PAYERS = (*INDIVIDUALS, "enterprise_admin", "enterprise_finance")  # put money into the wallet

# team members and customers act in roles of the market; whether an order is theirs the service decides
REPAIRS = (*MARKET, "repair_dispatcher", "repair_verifier", "auditor")

TALKERS = (*MARKET, *READERS_OF_ROOMS)  # whether a room is theirs, or they may look, the service decides
TODO_KEEPERS = ("todo_manager", "todo_reviewer", "todo_supervisor")

RULES: dict[str, Rule] = {
    "static": PUBLIC,
    "worker": PUBLIC,
    "manifest": PUBLIC,
    "identity.sign_in": PUBLIC,
    "identity.preferences": PUBLIC,
    "documents.check": PUBLIC,
    "tracking.city": PUBLIC,
    "tracking.city_file": PUBLIC,
    "tracking.follow": PUBLIC,
    "live.follow": PUBLIC,
    "payments.notice": SIGNED,
    "identity.home": SIGNED_IN,
    "identity.role": SIGNED_IN,
    "identity.sign_out": SIGNED_IN,
    "identity.menu": ACTING,
    "identity.join": PUBLIC,
    "identity.register": PUBLIC,
    "identity.found": SIGNED_IN,
    "identity.members": roles("enterprise_admin"),
    "identity.member": roles("enterprise_admin"),
    "identity.invite": roles("enterprise_admin"),
    "identity.revoke_invitation": roles("enterprise_admin"),
    "identity.change_member": roles("enterprise_admin"),
    "identity.rules": roles("enterprise_admin"),
    "files.download": ACTING,
    "files.thumbnail": ACTING,
    "staff.inbox": ACTING,
    "staff.claim_many": ACTING,
    "staff.next": ACTING,
    "staff.task": ACTING,
    "staff.complete": ACTING,
    "staff.claim": ACTING,
    "staff.unclaim": ACTING,
    "staff.draft": ACTING,
    "staff.code": ACTING,
    "staff.comment": ACTING,
    "staff.diagram": ACTING,
    "live.inbox": ACTING,
    "live.task": ACTING,
    "live.errand": roles(*INDIVIDUALS),
    "live.courier": roles(*COURIERS),
    "tracking.positions": roles(*INDIVIDUALS),
    "tracking.trail": roles(*sorted(TRAIL_READERS)),
    "tracking.places": roles(*MARKET),
    "tracking.forget_place": roles(*MARKET),
    "staff.starts": ACTING,
    "staff.start": ACTING,
    "staff.begin": ACTING,
    "market.index": roles(*MARKET),
    "market.order": roles(*MARKET),
    "market.attachment": roles(*MARKET),
    "market.take": roles(*TRADERS),
    "market.orders": roles(*MARKET),
    "market.publish": roles(*TRADERS),
    "market.certification": roles(*INDIVIDUALS),
    "market.begin_certification": roles(*INDIVIDUALS),
    "market.company": roles(*ENTERPRISE),
    "market.begin_company": roles("enterprise_admin"),
    "market.withdraw_company": roles("enterprise_admin"),
    "market.release": roles(*TRADERS),
    "market.cancel": roles(*TRADERS),
    "market.dispute": roles(*TRADERS),
    "market.tasks": roles(*MARKET),
    "market.task": roles(*MARKET),
    "market.task_attachment": roles(*MARKET),
    "market.own_tasks": roles(*MARKET),
    "market.open_task": roles("enterprise_admin", "enterprise_operator"),
    "market.apply": roles(*INDIVIDUALS),
    "market.withdraw": roles(*INDIVIDUALS),
    "market.revise_offer": roles(*INDIVIDUALS),
    "market.improve_task": roles("enterprise_admin", "enterprise_operator"),
    "market.cancel_task": roles("enterprise_admin", "enterprise_operator"),
    "market.engagement": roles(*MARKET),
    "market.cancel_engagement": roles(*MARKET),
    "market.dispute_engagement": roles(*MARKET),
    "market.cases": roles(*MARKET),
    "market.case": roles(*MARKET),
    "market.open_case": roles(*TRADERS),
    "market.case_evidence": roles(*TRADERS),
    "market.withdraw_case": roles(*TRADERS),
    "market.ratings": roles(*MARKET),
    "market.wallet": roles(*HOLDERS),
    "market.payment": roles(*HOLDERS),
    "market.statement": roles(*HOLDERS),
    "market.monthly": roles(*HOLDERS),
    "market.monthly_file": roles(*HOLDERS),
    "market.settlement": roles(*MARKET),
    "market.settlement_file": roles(*MARKET),
    "market.papers": roles(*MARKET),
    "market.paper": roles(*MARKET),
    "market.confirm_sheet": roles("enterprise_admin", "enterprise_acceptor", "enterprise_finance"),
    "market.ask_invoice": roles(*PAYERS),
    "market.top_up": roles(*PAYERS),
    "market.payout": roles(*PAYERS),
    "market.payout_method": roles(*PAYERS),
    "repairs.orders": roles(*REPAIRS),
    "repairs.open_order": roles("repair_dispatcher"),
    "repairs.request_repair": roles(*INDIVIDUALS, "enterprise_admin", "enterprise_operator"),
    "repairs.order": roles(*REPAIRS),
    "repairs.info": roles(*REPAIRS),
    "repairs.photo": roles(*REPAIRS),
    "repairs.report": roles(*REPAIRS),
    "repairs.submit": roles(*REPAIRS),
    "repairs.close": roles(*REPAIRS),
    "repairs.open_info": roles(*REPAIRS),
    "repairs.appoint": roles(*REPAIRS),
    "repairs.replace": roles(*REPAIRS),
    "repairs.cancel": roles(*REPAIRS),
    "repairs.add": roles(*REPAIRS),
    "errands.orders": roles("individual"),
    "errands.begin": roles("individual"),
    "errands.order": roles(*INDIVIDUALS),
    "errands.cancel": roles("individual"),
    "errands.dispute": roles(*INDIVIDUALS),
    "errands.report": roles(*COURIERS),
    "errands.release": roles(*COURIERS),
    "errands.take": roles(*COURIERS),
    "errands.home": roles(*COURIERS),
    "errands.deliveries": roles(*COURIERS),
    "couriers.profile": roles(*INDIVIDUALS),
    "couriers.save": roles(*COURIERS),
    "couriers.duty": roles(*COURIERS),
    "couriers.become": roles(*INDIVIDUALS),
    "express.tasks": roles(*ENTERPRISE),
    "express.open_task": roles("enterprise_admin", "enterprise_operator"),
    "express.task": roles(*ENTERPRISE),
    "express.cancel": roles("enterprise_admin", "enterprise_operator"),
    "express.template": roles(*ENTERPRISE),
    "express.lines": roles(*ENTERPRISE),
    "express.import_list": roles("enterprise_admin", "enterprise_operator"),
    "express.progress": roles("enterprise_admin", "enterprise_operator"),
    "express.line": roles("enterprise_admin", "enterprise_operator"),
    "express.remove_line": roles("enterprise_admin", "enterprise_operator"),
    "express.confirmations": roles(*INDIVIDUALS),
    "express.confirmation": roles(*INDIVIDUALS),
    "express.next_step": roles(*INDIVIDUALS),
    "express.link": PUBLIC,
    "chat.room": roles(*TALKERS),
    "chat.messages": roles(*TALKERS),
    "chat.attachment": roles(*TALKERS),
    "live.chat": roles(*TALKERS),
    "chat.say": roles(*TRADERS),
    "chat.read": roles(*TRADERS),
    "chat.call": roles(*TRADERS),
    "chat.report": roles(*TRADERS),
    "chat.look": roles(*READERS_OF_ROOMS),
    "analyst.definitions": roles("analyst", "auditor", "platform_operator"),
    "analyst.definition": roles("analyst", "auditor", "platform_operator"),
    "analyst.download": roles("analyst", "auditor", "platform_operator"),
    "analyst.upload": roles("analyst"),
    "analyst.deploy": roles("analyst"),
    "analyst.new_draft": roles("analyst"),
    "analyst.create_draft": roles("analyst"),
    "analyst.open_draft": roles("analyst"),
    "analyst.review_drafts": roles("analyst"),
    "analyst.deploy_drafts": roles("analyst"),
    "analyst.draft": roles("analyst"),
    "analyst.save_draft": roles("analyst"),
    "analyst.draft_file": roles("analyst"),
    "analyst.discard_draft": roles("analyst"),
    "analyst.compare_draft": roles("analyst"),
    "analyst.offers": roles("analyst"),
    "analyst.arrange": roles("analyst"),
    "analyst.try_form": roles("analyst"),
    "analyst.try_table": roles("analyst"),
    "analyst.migrations": roles("analyst"),
    "analyst.migrate": roles("analyst"),
    "analyst.plan_migration": roles("analyst"),
    "analyst.migration": roles("analyst"),
    "analyst.run_migration": roles("analyst"),
    "analyst.pause_migration": roles("analyst"),
    "analyst.resume_migration": roles("analyst"),
    "analyst.cancel_migration": roles("analyst"),
    "analyst.revert_migration": roles("analyst"),
    "auditor.cases": roles(*READERS),
    "auditor.case": roles(*READERS),
    "auditor.drawing": roles(*READERS),
    "auditor.ledger": roles("auditor"),
    "auditor.accounts": roles("auditor"),
    "auditor.account": roles("auditor"),
    "auditor.entries": roles("auditor"),
    "auditor.entry": roles("auditor"),
    "auditor.verify": roles("auditor"),
    "notices.show": ACTING,
    "notices.bell": ACTING,
    "notices.open": ACTING,
    "notices.read": ACTING,
    "notices.preferences": ACTING,
    "notices.save_preferences": ACTING,
    "notices.register": ACTING,
    "notices.forget": ACTING,
    "notices.case": ACTING,
    "notices.outbox": roles("platform_operator"),
    "todos.items": roles(*TODO_KEEPERS),
    "todos.item": roles(*TODO_KEEPERS),
    "todos.add": roles("todo_manager"),
    "todos.change": roles("todo_manager"),
    "todos.rules": roles(*TODO_KEEPERS),
    "todos.supervision": roles("todo_supervisor", "todo_manager", "exception_owner"),
    "todos.handling": ACTING,
    "todos.absence": roles("todo_handler"),
    "todos.enter_absence": roles("todo_handler"),
    "todos.end_absence": roles("todo_handler"),
    "todos.link": PUBLIC,
    "todos.act": PUBLIC,
    "finance.custody": roles("platform_finance"),
    "finance.differences": roles("platform_finance"),
    "finance.postings": roles("platform_finance"),
    "finance.income": roles("platform_finance"),
    "finance.export_income": roles("platform_finance"),
    "operator.incidents": roles("platform_operator"),
    "operator.incident": roles("platform_operator"),
    "operator.retry": roles("platform_operator"),
    "operator.waiting": roles("platform_operator"),
    "operator.retry_same": roles("platform_operator"),
    "operator.fix": roles("platform_operator"),
    "operator.jobs": roles("platform_operator"),
    "operator.retry_job": roles("platform_operator"),
    "operator.workers": roles("platform_operator"),
    "operator.create_token": roles("platform_operator"),
    "operator.revoke_token": roles("platform_operator"),
    "operator.people": roles("platform_operator"),
    "operator.person": roles("platform_operator"),
    "operator.set_roles": roles("platform_operator"),
    "operator.set_standing": roles("platform_operator"),
    "api.fetch": WORKERS,
    "api.extend_lock": WORKERS,
    "api.unlock": WORKERS,
    "api.complete": WORKERS,
    "api.bpmn_error": WORKERS,
    "api.failure": WORKERS,
    "todo_api.put": WORKERS,
    "todo_api.withdraw": WORKERS,
}


class Verdict(Enum):
    """What comes of a request before its view is called."""

    ALLOWED = "allowed"
    SIGN_IN = "sign_in"
    CHOOSE_ROLE = "choose_role"
    WRONG_ROLE = "wrong_role"
    NO_RULE = "no_rule"
    NEEDS_TOKEN = "needs_token"


def is_for_workers(endpoint: str | None) -> bool:
    """Whether only programs with a token may open an endpoint."""
    rule = RULES.get(endpoint or "")
    return rule is not None and rule.is_for_workers


def is_signed(endpoint: str | None) -> bool:
    """Whether what is sent proves itself, so that no browser can be made to send it."""
    rule = RULES.get(endpoint or "")
    return rule is not None and rule.is_signed


def judge(endpoint: str, session: Session | None) -> Verdict:
    """What the table says of this endpoint for this session."""
    rule = RULES.get(endpoint)
    if rule is None:
        return Verdict.NO_RULE
    if rule.is_for_workers:
        return Verdict.NEEDS_TOKEN
    if rule.is_public:
        return Verdict.ALLOWED
    if session is None:
        return Verdict.SIGN_IN
    if not rule.needs_role:
        return Verdict.ALLOWED
    if session.actor is None:
        return Verdict.CHOOSE_ROLE
    if rule.roles and session.actor.role not in rule.roles:
        return Verdict.WRONG_ROLE
    return Verdict.ALLOWED
