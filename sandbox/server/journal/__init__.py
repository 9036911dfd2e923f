"""The journal: what vendors were asked and what they answered, and why.

What others call:

- `Journal(store, settings, vendors)`: one for a server. `journal.note(exchange, response)` takes an answer, before its
  X-Sandbox-Exchange is set, and returns what is to be sent. `await journal.flush()` comes before anything is read or
  dropped, and raises nothing. `journal.show(entry)` gives a row in the shape of the control API. `journal.listeners`
  are called with each entry that was written and the number of its workspace. In the end `await journal.flush()`, and
  `journal.close()` once the loop is gone.
- `queries`, in a transaction that entered a workspace, or none for what belongs to none: `list_entries(tx, filters,
  after=, limit=, newest_first=)`, `find_entry(tx, exchange_id)`, `drop_all(tx)`; for the stream of events
  `list_entries_after(tx, position, limit)` and `newest_position(tx)`. A page's `next` is the `id` of its last entry.
- `verify.verify(tx, expectations, no_findings=)`: what is found, and what is not as expected: then the answer is a
  problem 417, "Not as expected", with the sentences in a row as its detail, and the failures as `failures`.
- `sandbox.server.rules`: `every_rule(vendors)` and `explanations(vendors)`, in the shape of the control API.
"""

from sandbox.server.journal.journal import OWN_HEADER, Journal, Listener

__all__ = ["OWN_HEADER", "Journal", "Listener"]
