"""Verifying: whether the journal holds what a test expects, answered on the server's side."""

from typing import Any

from fastapi import Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router
from sandbox.server.journal import verifying
from sandbox.server.journal.entries import our_id
from sandbox.server.journal.verifying import MOST_LISTED, Expected
from sandbox.server.problems import Problem, refusals
from sandbox.world import journal, workspaces

router = control_router(WORKSPACE, "Journal")

Json = dict[str, Any]
NO_ACCOUNT = -1
"""The number of an account that the workspace does not have."""


@router.post("/verify", response_model=shapes.Verified, responses=refusals(417))
async def verify(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewVerification) -> Response:
    """Checks that the workspace's exchanges are as expected; if not, tells what came nearest and in what it differs."""
    world.journal.write()
    accounts = {row["id"]: row["access_key"] for row in workspaces.accounts(world, workspace.id)}
    found, failures, told = [], [], []
    for asked in body.expect:
        expected = _expected(asked, accounts)
        matching = verifying.matching(world, workspace.id, expected)
        found.append(len(matching))
        if not expected.is_met(len(matching)):
            is_short = len(matching) < expected.least
            near = verifying.nearest(world, workspace.id, expected, matching) if is_short else None
            failures.append(_failure(workspace.id, asked, matching, near, accounts))
            told.append(_sentence(asked, expected, failures[-1]))
    if body.no_findings and (slips := verifying.slips(journal.with_errors(world, workspace.id))):
        failures.append(_slipped(slips))
        told.append(_slips_in_words(slips))
    if failures:
        raise Problem(417, "Not as expected", " ".join(told), failures=failures)
    return answer({"found": found})


def _expected(asked: shapes.Expectation, accounts: dict[int, str]) -> Expected:
    where = {} if asked.where is None else asked.where.model_dump(by_alias=True, exclude_none=True)
    if "account" in where:
        where["account"] = next((n for n, key in accounts.items() if key == where["account"]), NO_ACCOUNT)
    count = asked.count
    if isinstance(count, int):
        return Expected(asked.operation, where, count, count)
    if count is None:
        return Expected(asked.operation, where, 1, None)
    return Expected(asked.operation, where, count.min or 0, count.max)


def _failure(
    workspace_id: int,
    asked: shapes.Expectation,
    matching: list[int],
    nearest: verifying.Nearest | None,
    accounts: dict[int, str],
) -> Json:
    if asked.where is not None and asked.where.account is not None:
        accounts = {**accounts, NO_ACCOUNT: asked.where.account}
    return {
        "expect": asked.model_dump(by_alias=True, exclude_none=True),
        "found": len(matching),
        "matched": [our_id(workspace_id, number) for number in matching[:MOST_LISTED]],
        "nearest": None if nearest is None else verifying.shown_nearest(nearest, accounts),
        "findings": [],
    }


def _slipped(slips: list[Json]) -> Json:
    ids = [*dict.fromkeys(slip["exchange"] for slip in slips)]
    return {
        "expect": {"no_findings": True},
        "found": len(slips),
        "matched": ids[:MOST_LISTED],
        "nearest": None,
        "findings": slips[:MOST_LISTED],
    }


# In words ---------------------------------------------------------------------------------------------------------


def _sentence(asked: shapes.Expectation, expected: Expected, failure: Json) -> str:
    where = {} if asked.where is None else asked.where.model_dump(by_alias=True, exclude_none=True)
    what = " ".join([asked.operation, *(f"{name}={value!r}" for name, value in where.items())])
    return f"{what}: expected {expected.times}, found {failure['found']}; {_around(failure)}."


def _around(failure: Json) -> str:
    nearest = failure["nearest"]
    if nearest is not None:
        differs = ", ".join(f"{each['member']} is {each['got']!r}" for each in nearest["differs"])
        return f"nearest is {nearest['exchange']}, whose {differs}"
    if failure["matched"]:
        return f"they are {', '.join(failure['matched'])}"
    return "there is no exchange at all (one with wrong credentials belongs to no workspace: see /_sandbox/journal)"


def _slips_in_words(slips: list[Json]) -> str:
    first = slips[0]
    count = "1 finding" if len(slips) == 1 else f"{len(slips)} findings"
    return f"Expected no findings, found {count}; the first is in {first['exchange']}: {first['seen']}. {first['mend']}"
