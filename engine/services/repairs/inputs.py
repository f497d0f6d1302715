"""From the rows of an order to what the merge takes; it alone decides what of them goes into which report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, select

from engine.services.repairs import merging
from engine.services.repairs.states import LEFT_OUT, fetch_order, list_lines, list_members, mark_members
from engine.services.repairs.tables import (
    repair_decision,
    repair_dissent,
    repair_info,
    repair_photo,
    repair_photo_facts,
    repair_turn,
)
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict
from engine.storage.tables import file, party


def read_order(connection: Connection, order_id: str) -> merging.Order:
    """The order with its lines and its team, those who left as well: what they sent stays theirs."""
    row = fetch_order(connection, order_id)
    members = list_members(connection, order_id, is_present=False)
    marks = mark_members(members)
    people = select(party.c.id, party.c.name_zh).where(party.c.id.in_({one["user_id"] for one in members}))
    names = {one.id: one.name_zh for one in connection.execute(people)}
    position = row["content"]["position"]
    return merging.Order(
        number=row["number"],
        lines=tuple(
            merging.Line(line["key"], f"{line['system']}: {line['symptom']}", line["equipment"])
            for line in list_lines(connection, order_id)
        ),
        members=tuple(merging.Member(one["id"], marks[one["id"]], names.get(one["user_id"], "")) for one in members),
        site=(position[0], position[1]) if position else None,
    )


def read_infos(connection: Connection, order_id: str, *, is_addendum: bool = False) -> tuple[merging.Info, ...]:
    """What the members sent to the leader, or what came after he had gone on."""
    query = select(repair_info).where(repair_info.c.order_id == order_id, repair_info.c.is_addendum == int(is_addendum))
    rows = connection.execute(query.order_by(repair_info.c.id)).mappings()
    return tuple(
        merging.Info(
            member=row["member_id"],
            sent_at=format_instant(row["sent_at"]),
            findings=tuple(read_finding(one) for one in row["content"]),
            version=row["version"],
            round=row["round"],
        )
        for row in rows
    )


def read_finding(said: Mapping[str, Any]) -> merging.Finding:
    """One entry of a member's form."""
    texts = {name: str(said.get(name) or "") for name in ("line", "equipment", "component", "fault_code", "action")}
    measured = said.get("measure_name") and said.get("measure_value")
    worked = said.get("labour_from") and said.get("labour_to")
    return merging.Finding(
        **texts,
        text=str(said.get("finding") or ""),
        measures=(
            (merging.Measure(*(str(said.get(f"measure_{one}") or "") for one in ("name", "value", "unit"))),)
            if measured
            else ()
        ),
        parts=(
            (
                merging.Part(
                    str(said["part_number"]), str(said.get("part_serial") or ""), int(said.get("part_quantity") or 1)
                ),
            )
            if said.get("part_number")
            else ()
        ),
        labour=(merging.Labour(str(said["labour_from"]), str(said["labour_to"])),) if worked else (),
        result=str(said.get("result") or ""),
        follow_up=str(said.get("follow_up") or ""),
    )


def read_photos(connection: Connection, order_id: str) -> tuple[merging.Photo, ...]:
    """Every photo that was handed in."""
    query = (
        select(repair_photo, file.c.name, repair_photo_facts.c.content.label("facts"))
        .join(file, file.c.id == repair_photo.c.file_id)
        .outerjoin(repair_photo_facts, repair_photo_facts.c.photo_id == repair_photo.c.id)
        .where(repair_photo.c.order_id == order_id)
        .order_by(repair_photo.c.id)
    )
    return tuple(_read_photo(row) for row in connection.execute(query).mappings())


def _read_photo(row: RowMapping) -> merging.Photo:
    facts = cast(dict[str, Any], row["facts"] or {})
    position = facts.get("position")
    return merging.Photo(
        file=row["file_id"],
        sha256=row["sha256"],
        member=row["member_id"],
        name=row["name"],
        uploaded_at=format_instant(row["submitted_at"]),
        perceptual_hash=str(facts.get("perceptual_hash") or ""),
        line=row["line"],
        equipment=row["equipment"],
        stage=row["stage"],
        caption=row["caption"],
        taken_at=facts.get("taken_at"),
        position=(position[0], position[1]) if position else None,
        flags=tuple(facts.get("flags") or ()),
    )


def read_decisions(connection: Connection, order_id: str) -> merging.Decisions:
    """What the leader decided last; nothing before he did."""
    return make_decisions(fetch_decision(connection, order_id))


def fetch_decision(connection: Connection, order_id: str) -> PlainDict:
    """The newest decisions as they are kept."""
    query = select(repair_decision.c.content).where(repair_decision.c.order_id == order_id)
    found = connection.execute(query.order_by(repair_decision.c.version.desc()).limit(1)).scalar_one_or_none()
    return cast(PlainDict, found or {})


def make_decisions(content: Mapping[str, Any]) -> merging.Decisions:
    """Decisions out of plain data."""
    return merging.Decisions(
        **{name: dict(content.get(name) or {}) for name in ("pairs", "choices", "texts", "explained")},
        analysis=str(content.get("analysis") or ""),
    )


def read_draft(connection: Connection, order_id: str) -> merging.Draft:
    """All information merged as far as rules and decisions go."""
    return merging.draft(
        read_order(connection, order_id), read_infos(connection, order_id), read_decisions(connection, order_id)
    )


def read_report(connection: Connection, order_id: str, *, has_photos: bool = True) -> merging.Report:
    """The report of an order as its rows are now: with all photos, or as the leader hands it in."""
    turns = _list_turns(connection, order_id)
    return merging.merge(
        read_order(connection, order_id),
        read_infos(connection, order_id),
        read_decisions(connection, order_id),
        read_photos(connection, order_id) if has_photos else (),
        dissents=_list_dissents(connection, order_id),
        without_photos=_list_notes(turns, "no_photo_reason"),
        closed_without=_list_notes([one for one in turns if one["info_state"] == LEFT_OUT], "close_reason"),
        addenda=read_infos(connection, order_id, is_addendum=True),
    )


def list_gaps(connection: Connection, order_id: str) -> tuple[merging.Gap, ...]:
    """What keeps the report from being complete."""
    return tuple(merging.find_gaps(read_report(connection, order_id)))


def _list_turns(connection: Connection, order_id: str) -> Sequence[RowMapping]:
    query = select(repair_turn).where(repair_turn.c.order_id == order_id).order_by(repair_turn.c.id)
    return connection.execute(query).mappings().all()


def _list_notes(turns: Sequence[RowMapping], column: str) -> Iterator[merging.Note]:
    return (merging.Note(one["member_id"], one[column]) for one in turns if one[column])


def _list_dissents(connection: Connection, order_id: str) -> list[merging.Note]:
    query = select(repair_dissent).where(repair_dissent.c.order_id == order_id).order_by(repair_dissent.c.at)
    return [merging.Note(row.member_id, row.note) for row in connection.execute(query)]
