"""Snapshots: named states of a workspace, each a clone in the store, and the files that bring them elsewhere."""
