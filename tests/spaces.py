"""Further workspaces on the server that a `Driver` drives."""

from typing import Any

from driver import CONSOLE, LINE, PHONE, SIMPLEPAY, STRANGER, Driver

from sandbox.world.copies import copied_columns
from sandbox.world.models import Part, Row, of_workspaces

WORKSPACES = "/_sandbox/workspaces"


def create(sandbox: Driver, status: int = 201, /, **body: Any) -> Any:
    answer = sandbox.call("POST", WORKSPACES, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def basic(workspace: Any) -> tuple[str, str]:
    return workspace["basic"]["username"], workspace["basic"]["password"]


def keys(account: Any) -> dict[str, str]:
    return {name: account[name] for name in ("access_key", "secret_access_key")}


def rows(sandbox: Driver) -> dict[str, int]:
    """How many each table has."""
    sandbox.app.journal.write()
    execute = sandbox.app.world.store.execute
    return {name: execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in Row.metadata.tables}


def contents(sandbox: Driver, workspace: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a workspace owns, by table: whole rows, but for the workspace's number and its accounts' keys."""
    world = sandbox.app.world
    world.save()
    (workspace_id,) = world.store.execute(
        "SELECT id FROM workspace WHERE ? IN (key, name)", (workspace["id"],)
    ).fetchone()
    found = {}
    for model in of_workspaces():
        statement = f"SELECT {', '.join(copied_columns(model))} FROM {model.__tablename__} WHERE workspace_id = ?"
        found[str(model.__tablename__)] = sorted(world.store.execute(statement, (workspace_id,)), key=repr)
    return found


def copied(sandbox: Driver, workspace: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Of that, what a snapshot holds."""
    found = contents(sandbox, workspace)
    return {
        str(model.__tablename__): found[str(model.__tablename__)]
        for model in of_workspaces()
        if model.__part__ in (Part.SETUP, Part.CONTENT)
    }


def control(sandbox: Driver, workspace: Any, method: str, path: str, body: Any = None) -> Any:
    """A call under that workspace that succeeds."""
    answer = sandbox.call(method, f"{WORKSPACES}/{workspace['id']}{path}", **({} if body is None else {"json": body}))
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
    submitted = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=basic(workspace), data=form)
    call("POST", f"/messages/{submitted.json()['sid']}/status", {"status": "undelivered", "force": True})
    call("POST", "/faults", {"match": {"to": "2125550199"}, "effect": {"status": 503}})
    call("POST", "/clock", {"action": "advance", "seconds": 60, "settle": 60})
    assert call("GET", "/journal")["items"]
    playing = "INSERT INTO play SELECT id, 'a story', 0, 0, 0 FROM workspace WHERE key = ?"
    sandbox.app.world.store.execute(playing, (workspace["id"],))
    call("PUT", "/snapshots/full")


def filled(sandbox: Driver, **body: Any) -> Any:
    """A new workspace of the plain world that is full."""
    made = create(sandbox, fixture=sandbox.control("GET", "")["fixture"], **body)
    fill(sandbox, made)
    return made
