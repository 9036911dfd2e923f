"""How far a callback has got."""

WAITING = "waiting"
"""For the one before it."""
PENDING = "pending"
SENDING = "sending"
DELIVERED = "delivered"
GIVEN_UP = "given_up"

STATES = (WAITING, PENDING, SENDING, DELIVERED, GIVEN_UP)
