"""Whether the rows of a snapshot that comes from outside hold together, where no reference of the tables says so."""

from sandbox.world.snapshots.files import COPIED
from sandbox.world.store import table

NUMBERED = [str(model.__tablename__) for model in COPIED if "id" in table(model).c]
NAMED = (("console_id", "console"), ("account_id", "account"), ("lead_id", "message"), ("caused_by_id", "message"))

LOOSE_ENDS: dict[str, str] = {
    "a line is nobody's": """
        SELECT 1 FROM line WHERE workspace_id = :id AND account_id IS NULL AND NOT EXISTS
        (SELECT 1 FROM console WHERE console.workspace_id = :id AND console.line = line.number)""",
    "a line is a console's and an account's": """
        SELECT 1 FROM line JOIN console ON console.workspace_id = :id AND console.line = line.number
        WHERE line.workspace_id = :id AND line.account_id IS NOT NULL""",
    "a message is of another owner than its line": """
        SELECT 1 FROM message JOIN line ON line.workspace_id = :id AND line.number = message.line
        LEFT JOIN console ON console.workspace_id = :id AND console.line = message.line
        WHERE message.workspace_id = :id
        AND (message.account_id IS NOT line.account_id OR message.console_id IS NOT console.id)""",
    "its clock hurries though no story is under way": """
        SELECT 1 FROM workspace WHERE id = :id AND clock_speed <> 1
        AND NOT EXISTS (SELECT 1 FROM play WHERE workspace_id = :id)""",
    "a message is from a time to come": """
        SELECT 1 FROM message WHERE workspace_id = :id AND accepted_at > :now""",
    "a message of an account has no msg_id": """
        SELECT 1 FROM message WHERE workspace_id = :id AND account_id IS NOT NULL AND msg_id IS NULL""",
    "a timeline has no beginning": """
        SELECT 1 FROM step WHERE workspace_id = :id AND position = 0 AND at > :now
        UNION ALL SELECT 1 FROM step WHERE workspace_id = :id GROUP BY message_id HAVING min(position) > 0""",
    "a callback is of a message that names no receiver": """
        SELECT 1 FROM callback JOIN message ON message.workspace_id = :id AND message.id = callback.message_id
        WHERE callback.workspace_id = :id AND message.status_callback IS NULL""",
    "a message names a receiver, though its API tells nobody": """
        SELECT 1 FROM message WHERE workspace_id = :id AND status_callback IS NOT NULL
        AND (vendor <> 'simplepay' OR sid IS NULL)""",
    "a callback that is to be sent has no time": """
        SELECT 1 FROM callback WHERE workspace_id = :id AND state IN ('pending', 'sending') AND next_at IS NULL""",
    **{
        f"the {column} of a message is not there": f"""
        SELECT 1 FROM message WHERE workspace_id = :id AND {column} IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM {named} AS named WHERE named.workspace_id = :id AND named.id = message.{column})"""
        for column, named in NAMED
    },
    **{
        f"the counter of the table {name} is behind": f"""
        SELECT 1 FROM {name} WHERE workspace_id = :id
        AND id > coalesce((SELECT n FROM counter WHERE workspace_id = :id AND kind = '{name}'), 0)"""
        for name in NUMBERED
    },
}
"""Each finds rows of the workspace `:id` of which that is so, when its clock reads `:now`."""
