"""Callbacks: the queue of what clients are told of their messages, and how callbacks misbehave."""
