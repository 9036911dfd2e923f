"""How do staff send one text to many, and what are broadcasts and campaigns called?"""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import CAMPAIGNS, BroadcastRow, CampaignRow, MessageRow
from sandbox.world import limits
from sandbox.world.ids import decided_key
from sandbox.world.lines import STAFF_TOOLS, LineView
from sandbox.world.messages.accept import Draft, accept

BROADCAST = "broadcast"
"""The cause of a broadcast's messages."""
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
    campaign_key: str | None = None,
) -> tuple[str, list[MessageRow]]:
    """Send one text to many; return the broadcast's 32 hex digits and its messages. `texts`: by phone, instead.

    Raises `TooManyMessages`, before anything is written.
    """
    limits.check_messages(tx, len(phones))
    broadcast_id, key = new_broadcast(tx, name, key)
    campaign_id = campaign_named(tx, campaign, campaign_key) if campaign else None
    drafts = (
        Draft(
            to=phone,
            text=texts[phone] if texts else text,
            at=at,
            vendor=STAFF_TOOLS["console"],
            cause=BROADCAST,
            sent_by=sent_by,
            broadcast_id=broadcast_id,
            campaign_id=campaign_id,
        )
        for phone in phones
    )
    return key, [accept(tx, line, draft) for draft in drafts]


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
