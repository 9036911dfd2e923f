"""JSON into dataclasses and back: what is read is typed, what is given is plain.

Members that a dataclass does not know are passed over, so that a newer server does not break an older client.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Seconds: TypeAlias = float | timedelta
"""A duration: seconds, or a timedelta."""
Moment: TypeAlias = datetime | str | timedelta | float
"""A time with its zone, as a datetime or in RFC 3339; or a distance from what the workspace's clock reads, as a
timedelta or in seconds.
"""


def read(kind: type[T], written: Any) -> T:
    """JSON as `kind`: a dataclass, or anything made from them with `list`, `dict` and `| None`."""
    reads: Callable[[Any], T] = _reader(kind)  # type: ignore[arg-type]  # every type can be hashed
    return reads(written)


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is datetime:
        return datetime.fromisoformat
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin is list:
        return _list_reader(_reader(inner[0]))
    if origin is dict:
        return _dict_reader(_reader(inner[1]))
    if origin in (Union, types.UnionType) and inner[1:] == (types.NoneType,):
        return _optional_reader(_reader(inner[0]))
    return lambda written: written


def _list_reader(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda written: [item(each) for each in written]


def _dict_reader(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda written: {key: item(each) for key, each in written.items()}


def _optional_reader(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda written: None if written is None else item(written)


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    known = [(field.name, wire_name(field.name), _reader(hints[field.name])) for field in fields(kind)]
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def reads(written: Mapping[str, Any]) -> Any:
        present = (each for each in known if each[1] in written or each[0] in needed)
        return kind(**{name: item(written[wire]) for name, wire, item in present})

    return reads


def wire_name(name: str) -> str:
    """`from_` is `from`, which is a word of Python's own."""
    return name.rstrip("_")


def given(**values: Any) -> dict[str, Any]:
    """What was given of a call's members, as JSON has it; None is what was not given."""
    return {wire_name(name): plain(value) for name, value in values.items() if value is not None}


class _LeftOut:
    def __repr__(self) -> str:
        return "<left out>"


LEFT_OUT: Any = _LeftOut()
"""The default of a filter; None is not one, since it is what a program has that does not know what it looks for."""


def filtered(**filters: Any) -> dict[str, Any]:
    """What was given of a call's filters, as JSON has it; raises ValueError on None, or everything would match."""
    said = {name: value for name, value in filters.items() if value is not LEFT_OUT}
    for name, value in said.items():
        if value is None:
            raise ValueError(f"{name} is None: leave it out, or give a value.")
    return given(**said)


def plain(value: Any) -> Any:
    """A time in RFC 3339, a duration in seconds, all else as it is."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return seconds(value) if isinstance(value, timedelta) else value


def rfc3339(at: datetime) -> str:
    """A time with its zone, cut to the millisecond; raises ValueError on one without."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone: give a time as datetime(2026, 5, 6, 9, tzinfo=UTC).")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(duration: Seconds) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
