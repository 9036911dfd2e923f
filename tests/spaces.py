"""Further workspaces on the server that a `Driver` drives."""

import asyncio
from typing import Any

from driver import CONSOLE, LINE, PHONE, SIMPLEPAY, STRANGER, Driver
from sqlalchemy import func, insert, select

from sandbox.store import Query, Tx
from sandbox.store.tables import AGE_MARKS, CONTROL_CALLS, STORY_RUNS, WORKSPACES, Part, Row, entities, table_of
from sandbox.world.clones import cloned_columns
from sandbox.world.workspaces import remove

PATH = "/_sandbox/workspaces"


def create(sandbox: Driver, status: int = 201, /, **body: Any) -> Any:
    answer = sandbox.call("POST", PATH, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def basic(workspace: Any) -> tuple[str, str]:
    return workspace["basic"]["username"], workspace["basic"]["password"]


def keys(account: Any) -> dict[str, str]:
    return {name: account[name] for name in ("access_key", "secret_access_key")}


def swept(sandbox: Driver) -> None:
    """Let the ticker delete what is over or gone, which it does by and by."""

    def is_left(tx: Tx) -> bool:
        return remove.has_gone(tx) or tx.exists(remove.EXPIRED, wall=tx.wall)

    async def wait() -> None:
        while await sandbox.app.store.read(is_left):
            await asyncio.sleep(0)

    sandbox.call("GET", PATH)
    sandbox.run(wait())


def rows(sandbox: Driver, *, with_calls: bool = False) -> dict[str, int]:
    """How many each table has, but for those of what is gone. `with_calls`: of the control API too, each one more."""
    sandbox.run(sandbox.app.journal.flush())
    swept(sandbox)
    tables = [table for table in Row.metadata.tables.values() if with_calls or table is not CONTROL_CALLS]
    counts = {table.name: Query(int, select(func.count()).select_from(table)) for table in tables}
    return sandbox.app.store.read_now(lambda tx: {name: tx.one(count) or 0 for name, count in counts.items()})


def number_of(tx: Tx, workspace: Any) -> int:
    """The number under which a workspace's rows are in the store."""
    is_it = (WORKSPACES.c.key == workspace["id"]) | (WORKSPACES.c.name == workspace["id"])
    by_key = select(WORKSPACES.c.world).where(is_it)
    found = tx.one(Query(int, by_key))
    assert found is not None
    return found


def contents(sandbox: Driver, workspace: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a workspace owns, by table: whole rows, but for the workspace's number and its accounts' keys."""

    def read(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
        number = number_of(tx, workspace)
        found = {}
        for entity in entities():
            table = table_of(entity)
            columns = [table.c[name] for name in cloned_columns(entity)]
            owned = tx.connection.execute(select(*columns).where(table.c.workspace_id == number))
            found[table.name] = sorted((tuple(row) for row in owned), key=repr)
        return found

    return sandbox.app.store.read_now(read)


def copied(sandbox: Driver, workspace: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Of that, what a snapshot holds."""
    found = contents(sandbox, workspace)
    kept = [entity for entity in entities() if entity.__part__ in (Part.SETUP, Part.CONTENT)]
    return {table_of(entity).name: found[table_of(entity).name] for entity in kept}


def control(sandbox: Driver, workspace: Any, method: str, path: str, body: Any = None) -> Any:
    """A call under that workspace that succeeds."""
    answer = sandbox.call(method, f"{PATH}/{workspace['id']}{path}", **({} if body is None else {"json": body}))
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def fill(sandbox: Driver, workspace: Any) -> None:
    """Something in every table that a workspace can have rows in; it is of the plain world."""

    def call(method: str, path: str, body: Any = None) -> Any:
        return control(sandbox, workspace, method, path, body)

    sink = call("PUT", "/sinks/mine")["url"]
    flu = {"name": "Flu", "text": "Come.", "to": "everyone", "console": CONSOLE, "campaign": "Flu"}
    call("POST", "/broadcasts", flu)
    call("POST", "/messages", {"console": CONSOLE, "to": PHONE, "text": "Later.", "at": "2026-05-07T10:00:00Z"})
    form = {"To": STRANGER, "From": LINE, "Body": "Hello", "StatusCallback": sink}
    traced = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    path = f"{SIMPLEPAY}/submit/{CONSOLE}"
    submitted = sandbox.call("POST", path, auth=basic(workspace), data=form, headers=traced)
    call("POST", f"/messages/{submitted.json()['sid']}/status", {"status": "undelivered", "force": True})
    call("POST", "/faults", {"match": {"to": "2125550199"}, "effect": {"status": 503}})
    call("POST", "/clock", {"action": "advance", "seconds": 60, "settle": 60})
    assert call("GET", "/journal")["items"]
    sandbox.app.store.write_now(lambda tx: run_a_story(tx, workspace))
    sandbox.app.store.write_now(lambda tx: mark_age(tx, workspace))
    call("PUT", "/snapshots/full")


def run_a_story(tx: Tx, workspace: Any) -> None:
    values = {"story": "a story", "began_at": 0, "ends_at": 0, "was_frozen": False}
    tx.execute(insert(STORY_RUNS).values(workspace_id=number_of(tx, workspace), **values))


def mark_age(tx: Tx, workspace: Any) -> None:
    tx.execute(insert(AGE_MARKS).values(workspace_id=number_of(tx, workspace), kind="message", wall=0, n=1))


def filled(sandbox: Driver, **body: Any) -> Any:
    """A new workspace of the plain world that is full."""
    made = create(sandbox, fixture=sandbox.control("GET", "")["fixture"], **body)
    fill(sandbox, made)
    return made
