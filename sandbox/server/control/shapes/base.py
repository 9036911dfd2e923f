"""What every body, query and answer of the control API is made from."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Given(BaseModel):
    """A body: no conversions, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """A query string."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """Part of an answer. Answers are written from the world's rows; these describe them."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


Item = TypeVar("Item", bound=Shown)


class ListOf(Shown, Generic[Item]):
    """Oldest first. `next` is the `after` of the next page, null on the last one."""

    items: list[Item]
    next: str | None


class Page(Asked):
    limit: int = Field(100, ge=1, le=1000)


class Deleted(Shown):
    deleted: int
