"""How far a callback has got, and what its row is."""

from typing import Any

WAITING, PENDING, SENDING, DELIVERED, GIVEN_UP = "waiting", "pending", "sending", "delivered", "given_up"

CallbackRow = dict[str, Any]
"""A row of `models.Callback` by column name."""
