"""Topics around the signing of agreements."""

from typing import Any

from sqlalchemy import insert, select

from engine.definitions.registry import TopicCall, topic
from engine.services.agreements.signatures import find_valid_agreement
from engine.services.agreements.tables import signature
from engine.services.agreements.texts import PRIVACY, SERVICE_ENTERPRISE, SERVICE_INDIVIDUAL, fetch_version
from engine.services.identity.people import ORGANISATION
from engine.services.identity.standing import grant_agreement
from engine.services.one_time_codes.tables import one_time_code
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import seal_row
from engine.storage.tables import party as party_table

METHOD = "one_time_code"
SERVICE = frozenset({SERVICE_ENTERPRISE, SERVICE_INDIVIDUAL})


@topic("check_agreement")
def check_agreement(call: TopicCall, *, party: str, agreement_kinds: list[str] | None = None) -> PlainDict:
    """Tells which agreements a party has yet to sign: never signed, or changed materially since.

    Without `agreement_kinds` those everybody of its kind signs: service agreement and privacy statement.

    Returns: is_signed, missing_kinds (to be signed, in the order given).
    """
    kinds = agreement_kinds or _list_asked(call, party)
    missing: list[Plain] = [kind for kind in kinds if find_valid_agreement(call.connection, party, kind) is None]
    return {"is_signed": not missing, "missing_kinds": missing}


def _list_asked(call: TopicCall, party: str) -> list[str]:
    kind = call.connection.execute(select(party_table.c.kind).where(party_table.c.id == party)).scalar_one()
    return [SERVICE_ENTERPRISE if kind == ORGANISATION else SERVICE_INDIVIDUAL, PRIVACY]


@topic("record_signatures")
def record_signatures(
    call: TopicCall, *, party: str, agreements: dict[str, Any], signer_name: dict[str, Any], code: dict[str, Any]
) -> PlainDict:
    """Keeps the signatures of a party with their evidence: version and hash of each text, who signed, when, from where.

    The inputs are the fields of the form shared/sign_agreement. A party with a service agreement may use the market.

    Returns: signature_ids.
    """
    proof = call.connection.execute(select(one_time_code).where(one_time_code.c.id == code["code"])).one()
    if proof.purpose != call.instance_id or proof.verified_at is None:
        raise ValueError(f"Expected a code proved for this case, but {proof.id} is not")
    ids: list[Plain] = []
    for named in agreements["documents"]:
        text = fetch_version(call.connection, named["definition_id"])
        same = {"instance_id": call.instance_id, "definition_id": text.definition_id, "user_id": proof.user_id}
        known = call.connection.execute(select(signature.c.id).filter_by(**same)).scalar()
        row = {
            "id": new_id(),
            "kind": text.kind,
            "version": text.version,
            "sha256": text.sha256,
            "language": agreements["language"],
            "party_id": party,
            "acting_role": call.actor.role,
            "signer_name": signer_name,
            "method": METHOD,
            "code_id": proof.id,
            "origin": proof.origin,
            "signed_at": call.now,
            **same,
        }
        if known is None:
            call.connection.execute(insert(signature), row | {"seal": seal_row(call.keys.mac, signature.name, row)})
            call.note(
                "signed",
                signature=str(row["id"]),
                agreement=text.kind,
                version=text.version,
                sha256=text.sha256,
                party=party,
            )
        ids.append(known or str(row["id"]))
        if text.kind in SERVICE:
            grant_agreement(call.connection, party)
    return {"signature_ids": ids}
