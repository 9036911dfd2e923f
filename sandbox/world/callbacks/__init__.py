"""Callbacks: what clients are told of their messages, and how that misbehaves.

- `queue`: what is to be told, and when?
- `claims`: which of it does this process send?
- `attempts`: what follows from an attempt?
- `search`: what is known?
- `profile`: how do callbacks misbehave?
"""
