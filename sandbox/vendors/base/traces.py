"""In which trace does a client call? As its headers say in the form of W3C Trace Context; what is none is left out."""

import re
from collections.abc import Sequence

from sandbox.store import Tx
from sandbox.store.tables import MessageRow, TraceRow

TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
MEMBER = rb"[0-9a-z][0-9a-z_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
TRACESTATE = re.compile(rb"[ \t]*(?:" + MEMBER + rb")?[ \t]*(?:,[ \t]*(?:" + MEMBER + rb")?[ \t]*)*")
LONGEST_STATE = 512
"""Bytes of a `tracestate` that are to be passed on at least (W3C Trace Context, 3.3.1.5)."""


def trace_of(parents: Sequence[bytes], states: Sequence[bytes]) -> tuple[str, str | None] | None:
    """Return what is passed on of the values of `traceparent` and `tracestate`; None without one right traceparent."""
    if len(parents) != 1 or TRACEPARENT.fullmatch(parents[0]) is None:
        return None
    state = b",".join(states).strip(b" \t")
    is_state = 0 < len(state) <= LONGEST_STATE and TRACESTATE.fullmatch(state) is not None
    return parents[0].decode(), state.decode() if is_state else None


def keep_trace(tx: Tx, message: MessageRow, parents: Sequence[bytes], states: Sequence[bytes]) -> None:
    """Keep for a message's callbacks the trace in which it was submitted, if it was in one."""
    trace = trace_of(parents, states)
    if trace is not None:
        tx.add(TraceRow(workspace_id=tx.ws, message_id=message.id, traceparent=trace[0], tracestate=trace[1]))


def trace_headers(tx: Tx, message: MessageRow) -> dict[str, str]:
    """Return the headers by which the message's callbacks belong to that trace; none where it was in none."""
    trace = tx.get(TraceRow, message.id)
    if trace is None:
        return {}
    return {"traceparent": trace.traceparent} | ({"tracestate": trace.tracestate} if trace.tracestate else {})
