"""What was turned in a workspace between its vendor calls: each call of the control API that changed it."""

import json
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from sandbox.server.journal.entry import LONGEST_BODY
from sandbox.server.journal.secrets import Forms, without
from sandbox.store.tables import AccountRow, ControlCallRow

PLACEHOLDER = "[{name}:{number}]"
"""What stands for an account's key: whoever makes the call again has other keys."""
KEY_MEMBERS = "access_key|secret_access_key|account"
"""The members of a body that are an account's key."""


class ControlCall(NamedTuple):
    """A call that changed a workspace. `at`: what its clock read before; `epoch`: the one that it was in after."""

    workspace_id: int
    epoch: int
    at: int
    wall: int
    method: str
    path: str
    query: str
    body: bytes

    @property
    def weight(self) -> int:
        """How many bytes it holds."""
        return len(self.body)


def control_call_row(
    call: ControlCall, position: int, world: int, accounts: Iterable[AccountRow], known: Forms
) -> ControlCallRow:
    """Return the row of a call. `world`: the number under which it goes; `known`: credentials to be taken out."""
    path, query = call.path, call.query
    body = call.body.decode("utf-8-sig") if len(call.body) <= LONGEST_BODY else None
    for account in accounts:
        for name, key in (("access_key", account.access_key), ("secret_access_key", account.secret_access_key)):
            if key:
                placeholder = PLACEHOLDER.format(name=name, number=account.id)
                path = "/".join(placeholder if segment == key else segment for segment in path.split("/"))
                query = _with_parameter(query, key, placeholder)
                body = None if body is None else _with_member(body, key, placeholder)
    return ControlCallRow(
        workspace_id=world,
        position=position,
        at=call.at,
        wall=call.wall,
        method=call.method,
        path=_without(path, known),
        query=_without(query, known),
        body=None if body is None else _without(body, known),
    )


def _with_parameter(query: str, key: str, placeholder: str) -> str:
    found = rf"((?:^|&)account=){re.escape(quote(key, safe=''))}(?=&|$)"
    return re.sub(found, lambda each: each[1] + placeholder, query)


def _with_member(body: str, key: str, placeholder: str) -> str:
    """Return a body in which a placeholder stands where the key is the value of a member for keys."""
    found = rf'("(?:{KEY_MEMBERS})"\s*:\s*){re.escape(json.dumps(key, ensure_ascii=False))}'
    return re.sub(found, lambda each: each[1] + json.dumps(placeholder), body)


def _without(text: str, known: Forms) -> str:
    return without(text.encode(), known).decode()
