"""How the embedded route provider behaves."""

from sqlalchemy import Column, Integer, Table

from engine.storage.columns import Json, metadata

route_rules = Table(
    "route_rules",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("rules", Json, nullable=False),
)
