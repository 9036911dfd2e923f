"""Which secrets does everybody know who has read our fixtures? A demo that visitors only watch goes without them."""

from sandbox.store import Tx
from sandbox.world import fixtures
from sandbox.world.ids import secret
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.find import DEFAULT, accounts, find_workspace, row_of


def replace_published_secrets(tx: Tx) -> None:
    """Give `default` a password and secret keys of its own where it has those of a packaged fixture."""
    tx.enter(find_workspace(tx, DEFAULT))
    row = row_of(tx)
    if row.fixture not in fixtures.names():
        return
    contents = fixtures.load_cached(row.fixture).contents
    if contents.credentials is not None and row.password == contents.credentials.password:
        change_workspace(tx, password=secret())
    published = {account.secret_access_key for account in contents.accounts}
    for account in accounts(tx):
        if account.secret_access_key in published:
            tx.update(account, secret_access_key=secret())
