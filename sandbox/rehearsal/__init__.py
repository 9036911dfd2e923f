"""A fortnight with everything that the rules allow, played to a client through the control API.

- `days`: when it can begin, and what is special about its days; `texts`, `cast`: what is sent, and to whom.
- `steps`: what can happen; `fortnight`: when it does.
- `pace`: how fast the clock runs, and when it runs as outside; `place`: a workspace while it is played there; `player`:
  plays it, day by day.
"""
