"""How old are a workspace's rows by the wall, where they themselves only tell what its clock read?"""

from sqlmodel import Field

from sandbox.store.tables.base import Part, Row, define, moment, owner


class AgeMarkRow(Row):
    """How many messages, or callbacks, a workspace had numbered when the wall clock read `wall`."""

    __part__ = Part.RECORD

    workspace_id: int = owner()
    kind: str = Field(primary_key=True)
    """The one of the counter."""
    wall: int = moment(primary_key=True)
    n: int = moment()


class AgeMarkTable(AgeMarkRow, table=True):
    __tablename__ = "age_mark"


AGE_MARKS = define(AgeMarkTable)
