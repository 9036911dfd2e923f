"""One form of the client: that which is awaited is written by hand, the blocking one is made from it.

`tools/generate_sync_client.py` makes it.
"""
