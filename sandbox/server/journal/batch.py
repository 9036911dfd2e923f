"""Writes exchanges into the journal, many in one transaction.

What is to be known of a workspace (its credentials, its accounts, its epoch, its journal's position) is read once in
each batch, with its row locked by the claim of positions.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, update

from sandbox.server.journal.control_calls import ControlCall, control_call_row
from sandbox.server.journal.entry import KEPT, AnsweredExchange, make_entry
from sandbox.server.journal.masks import masked_entry, without_digits
from sandbox.server.journal.queries import drop_over
from sandbox.server.journal.secrets import Forms, among, basic_token, forms
from sandbox.store import Tx, WorkspaceView
from sandbox.store.errors import StoreError
from sandbox.store.tables import WORKSPACES, AccountRow, ControlCallRow, JournalEntryRow, WorkspaceRow
from sandbox.store.workspace_view import IS_THERE, SERVER
from sandbox.vendors.base import real_data
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.front import raw_path
from sandbox.vendors.base.refusal import CallFinding, Refusal
from sandbox.world.workspaces import find

CLAIM_POSITIONS = (
    update(WORKSPACES)
    .where(WORKSPACES.c.id == bindparam("ws"), IS_THERE)
    .values(journal_position=WORKSPACES.c.journal_position + bindparam("entries"))
)


class JournalOwner(NamedTuple):
    """What is to be known of a workspace.

    `position`: the last one before the batch. `world`: the number under which its rows are. `known`: the credentials to
    be taken out of an exchange; `known_everywhere`: out of anything.
    """

    epoch: int
    position: int
    world: int
    known: Callable[[VendorExchange], Forms]
    known_everywhere: Forms
    accounts: Sequence[AccountRow]

    @property
    def accounts_by_key(self) -> Mapping[str, int]:
        """Return the accounts' numbers by access key."""
        return {each.access_key: each.id for each in self.accounts if each.access_key is not None}

    def has(self, exchange: VendorExchange) -> bool:
        """Return whether the exchange happened in this workspace since its last reset."""
        return exchange.workspace is None or exchange.workspace.epoch == self.epoch


def write_batch(tx: Tx, batch: Sequence[AnsweredExchange | ControlCall], limit: int) -> list[JournalEntryRow]:
    """Write entries, and drop the oldest beyond the limit; return those of exchanges, in the order given.

    What belongs to a workspace that is gone, or was reset since, is left out.
    """
    by_workspace: dict[int, list[AnsweredExchange | ControlCall]] = {}
    for answered in batch:
        by_workspace.setdefault(answered.workspace_id, []).append(answered)
    written: list[JournalEntryRow] = []
    # In the order of their numbers: two processes lock them in the same one; and those of none before one is entered.
    for workspace_id in sorted(by_workspace):
        rows = [*_rows(tx, workspace_id, by_workspace[workspace_id])]
        entries = [row for row in rows if isinstance(row, JournalEntryRow)]
        calls = [row for row in rows if isinstance(row, ControlCallRow)]
        tx.add_all(entries)
        tx.add_all(calls)
        if rows:
            drop_over(tx, rows[-1].workspace_id, rows[-1].position, limit, has_calls=bool(calls))
        if entries:
            tx.changed.add(workspace_id)
            written += entries
    order = {each.exchange.id: n for n, each in enumerate(batch) if isinstance(each, AnsweredExchange)}
    return sorted(written, key=lambda entry: order[entry.id])


def _rows(
    tx: Tx, workspace_id: int, batch: list[AnsweredExchange | ControlCall]
) -> Iterator[JournalEntryRow | ControlCallRow]:
    owner = _owner_of(tx, workspace_id, len(batch))
    if owner is None:
        return
    accounts = owner.accounts_by_key
    for position, answered in enumerate(batch, owner.position + 1):
        if isinstance(answered, ControlCall):
            if answered.epoch == owner.epoch:
                yield control_call_row(answered, position, owner.world, owner.accounts, owner.known_everywhere)
            continue
        exchange = answered.exchange
        if not owner.has(exchange):
            continue
        try:
            findings = exchange.findings + exchange.vendor.findings(tx, exchange) + _of_real_data(tx, exchange)
            entry = make_entry(answered, position, findings, owner.known(exchange), accounts)
            entry.workspace_id = owner.world
            if exchange.refusal is not None and not exchange.hooks.takes_real_data:
                entry = _masked(entry, exchange.refusal)
            yield entry
        except StoreError:
            raise
        except Exception:
            # A defect of ours: the others shall not be lost with it.
            logging.getLogger(__name__).exception("An exchange could not be written down.")


def _of_real_data(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    """Return what is noted of it; of a call that was refused for it, its refusal says so."""
    if exchange.workspace is None or (exchange.refusal is not None and exchange.refusal.rule == real_data.RULE):
        return []
    return real_data.findings(tx, exchange.call.to, exchange.params)


def _masked(entry: JournalEntryRow, refusal: Refusal) -> JournalEntryRow:
    return without_digits(entry) if refusal.rule == real_data.RULE else masked_entry(entry)


def _owner_of(tx: Tx, workspace_id: int, entries: int) -> JournalOwner | None:
    """Claim so many positions; return what is to be known of the workspace, None of one that is gone."""
    if not tx.execute(CLAIM_POSITIONS, ws=workspace_id, entries=entries):
        return None
    row = tx.get(WorkspaceRow, workspace_id)
    assert row is not None, "its row is locked"
    before = row.journal_position - entries
    if workspace_id == SERVER:
        return JournalOwner(row.epoch, before, SERVER, _secrets_of_any_workspace(tx), (), ())
    tx.enter(WorkspaceView(*(getattr(row, name) for name in WorkspaceView._fields)))
    accounts = find.accounts(tx)
    known = secrets_of(row, accounts)
    return JournalOwner(row.epoch, before, row.world, lambda _: known, known, accounts)


def secrets_of(row: WorkspaceRow, accounts: Sequence[AccountRow]) -> Forms:
    """Return a workspace's credentials as they may stand in a text."""
    keys = [key for each in accounts for key in (each.access_key, each.secret_access_key)]
    basic = basic_token(row.username or "", row.password or "") if row.password else b""
    return _forms((basic, *(each.encode() for each in (row.password, *keys) if each)))


_forms = lru_cache(maxsize=1024)(forms)


def _secrets_of_any_workspace(tx: Tx) -> Callable[[VendorExchange], Forms]:
    """Return what finds those of any workspace's credentials that an exchange shows which belongs to none."""
    everybodys = find.secrets(tx)

    def known(exchange: VendorExchange) -> Forms:
        scope = exchange.request.scope
        values = [value for _, value in scope["headers"]]
        sent = b"\n".join((raw_path(scope), scope["query_string"], exchange.raw_body[:KEPT], *values))
        return forms(among(sent, everybodys))

    return known
