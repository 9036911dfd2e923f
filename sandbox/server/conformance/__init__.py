"""What a client gets wrong, judged from the journal and the world when it is asked for: nothing is kept for it before.

- `calls`, `records`: the journal's entries, and what there was to be read, in pages, so that nobody waits long.
- `polls`: the calls of one client that reads by date range, as `vendors/*/range_reads.py` says how.
- `coverage`, `history`: which time it has read, and which result it saw when.
- `clocks`, `windows`, `results`: what is wrong about its clock, its windows and what it learned; `poller_kinds`: the
  words for that; `pollers`: all of it for one client.
"""
