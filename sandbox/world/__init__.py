"""The pretend phone network: plain functions of a transaction. Knows no HTTP and no vendor's words."""
