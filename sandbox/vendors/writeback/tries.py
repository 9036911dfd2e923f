"""How is each rule of Writeback tried?"""

from sandbox.world.tries import RuleTry

READ = "Read a range that holds a result"
ANSWERED = ("WB-envelope",)

TRIES = {
    "WB-path": RuleTry("Call the documented path.", by=ANSWERED),
    "WB-auth": RuleTry("Call with the workspace's Basic credentials."),
    "WB-method": RuleTry("Read by GET."),
    "WB-console": RuleTry("Read one of the workspace's consoles.", by=ANSWERED),
    "WB-timestamp": RuleTry("Write both ends as YYYY-MM-DD HH:mm:ss.", by=ANSWERED),
    "WB-utc": RuleTry("Read a range of times in UTC."),
    "WB-range": RuleTry("Let the client be away for ten days (POST clock), then read what came meanwhile."),
    "WB-window": RuleTry("Read a range."),
    "WB-envelope": RuleTry("Read a range."),
    "WB-media": RuleTry("Read a range.", by=ANSWERED),
    "WB-wellformed": RuleTry("Read a range.", by=ANSWERED),
    "WB-outgoing": RuleTry(f"{READ}, and one with a reply."),
    "WB-context": RuleTry(f"{READ} of a broadcast: POST broadcasts."),
    "WB-error": RuleTry(
        'Have a read refused: POST faults {"match": {"operation": "writeback.*"}, "effect": {"status": 400}}.'
    ),
}
FALLBACK = RuleTry(f"{READ}.")
