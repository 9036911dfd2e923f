"""How fast the sandbox is, next to bare FastAPI routes and with many messages stored: `python -m bench`."""
