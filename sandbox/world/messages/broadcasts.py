"""How do staff send one text to many, and what are broadcasts and campaigns called?"""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import BROADCASTS, CAMPAIGNS, BroadcastRow, CampaignRow
from sandbox.world.ids import decided_key
from sandbox.world.lines import STAFF_TOOLS, LineView
from sandbox.world.messages.accept import Draft, accept

BROADCAST = "broadcast"
"""The cause of a broadcast's messages."""
BY_KEY = Query(
    int,
    select(BROADCASTS.c.id).where(BROADCASTS.c.workspace_id == bindparam("ws"), BROADCASTS.c.key == bindparam("key")),
)
CAMPAIGN_BY_NAME = Query(
    int,
    select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.workspace_id == bindparam("ws"), CAMPAIGNS.c.name == bindparam("name")),
)


def broadcast(
    tx: Tx,
    line: LineView,
    *,
    name: str,
    text: str,
    phones: Sequence[str],
    at: int,
    texts: Mapping[str, str] | None = None,
    sent_by: str | None = None,
    campaign: str | None = None,
    key: str | None = None,
) -> str:
    """Send one text to many; return the broadcast's 32 hex digits. `texts`: by phone, instead.

    `key`: those of a broadcast that others were sent already.
    """
    known = None if key is None else tx.one(BY_KEY, key=key)
    broadcast_id, key = new_broadcast(tx, name, key) if known is None else (known, str(key))
    campaign_id = campaign_named(tx, campaign) if campaign else None
    for phone in phones:
        draft = Draft(
            to=phone,
            text=texts[phone] if texts else text,
            at=at,
            vendor=STAFF_TOOLS["console"],
            cause=BROADCAST,
            sent_by=sent_by,
            broadcast_id=broadcast_id,
            campaign_id=campaign_id,
        )
        accept(tx, line, draft)
    return key


def new_broadcast(tx: Tx, name: str, key: str | None = None) -> tuple[int, str]:
    """Make a broadcast without messages; return its number and its 32 hex digits."""
    n = tx.next_id("broadcast")
    key = key or decided_key(tx.workspace.seed, "broadcast", n)
    tx.add(BroadcastRow(workspace_id=tx.ws, id=n, key=key, name=name))
    return n, key


def campaign_named(tx: Tx, name: str, key: str | None = None) -> int:
    """Return the number of the campaign of that name, which is made if there is none."""
    found = tx.one(CAMPAIGN_BY_NAME, name=name)
    if found is not None:
        return found
    n = tx.next_id("campaign")
    tx.add(CampaignRow(workspace_id=tx.ws, id=n, key=key or decided_key(tx.workspace.seed, "campaign", n), name=name))
    return n
