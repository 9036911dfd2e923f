# Made from ../_async/__init__.py by tools/generate_sync_client.py: change that one, and make this one again.
"""One form of the client: that which is awaited is written by hand, the blocking one is made from it.

`tools/generate_sync_client.py` makes it.
"""
