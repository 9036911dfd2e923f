"""Workspaces and what they own: found by name or credentials, created, changed, and removed."""
