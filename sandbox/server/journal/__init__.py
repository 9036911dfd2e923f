"""The journal: what vendors were asked and what they answered, and why.

What others call:

- `Journal(store, settings, vendors)`: one for a server. `journal.note(exchange, response)` takes an answer and returns
  what is to be sent; `await journal.flush()` before anything is read or dropped; `journal.show(entry)` gives a row in
  the shape of the control API; `journal.listeners` are called with each entry that was written and the number of its
  workspace; `journal.close()` in the end.
- `queries`, in a transaction that entered a workspace, or none for what belongs to none: `list_entries(tx, filters,
  after=, limit=, newest_first=)`, `find_entry(tx, exchange_id)`, `drop_all(tx)`; for the stream of events
  `list_entries_after(tx, position, limit)` and `newest_position(tx)`.
- `verify.verify(tx, expectations, no_findings=)`: what is found, and what is not as expected.
"""

from sandbox.server.journal.journal import OWN_HEADER, Journal, Listener

__all__ = ["OWN_HEADER", "Journal", "Listener"]
