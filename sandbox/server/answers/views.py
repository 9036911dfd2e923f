"""A message as a vendor's API shows it, with the call that fetches it."""

import shlex

from dialog_sandbox.models.messages import MessageView
from sandbox.store.tables import WorkspaceRow
from sandbox.vendors.base.vendor import Vendor, View


def view_of(vendor: Vendor, view: View | None, base: str, owner: WorkspaceRow) -> MessageView:
    """Return what a vendor shows, if it shows anything. `owner`: whose credentials the call needs."""
    if view is None:
        return MessageView(vendor=vendor.name, title=vendor.title, url=None, curl=None, media_type=None, body=None)
    url = base + view.path
    basic = ["-u", f"{owner.username}:{owner.password}"] if view.is_basic else []
    return MessageView(
        vendor=vendor.name,
        title=vendor.title,
        url=url,
        curl=shlex.join(["curl", "-s", *basic, url]),
        media_type=view.media_type,
        body=view.body,
    )
