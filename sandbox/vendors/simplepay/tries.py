"""How is each rule of SimplePay tried?"""

from sandbox.world.tries import RuleTry

SUBMITTED = ("SP-submit",)
ANSWERED = ("SP-submit", "SP-optout", "SP-details", "SP-details-unknown")

TRIES = {
    "SP-path": RuleTry("Call a documented path.", by=ANSWERED),
    "SP-auth": RuleTry("Call with the workspace's Basic credentials."),
    "SP-required": RuleTry("Submit To, From and Body.", by=SUBMITTED),
    "SP-msisdn": RuleTry("Submit to a number that the API refuses: 14155550170.", by=SUBMITTED),
    "SP-callback": RuleTry("Submit with a StatusCallback: PUT sinks/{name} gives one."),
    "SP-console": RuleTry("Submit from one of the workspace's consoles.", by=SUBMITTED),
    "SP-refused": RuleTry(
        "Submit to a number that the API refuses: 14155550170.", by=("SP-required", "SP-msisdn", "SP-callback")
    ),
    "SP-media": RuleTry("Submit a message.", by=ANSWERED),
    "SP-optout": RuleTry("Opt a phone out: DELETE optout/{consoleCode}/{msisdn}."),
    "SP-details": RuleTry("Ask what became of a message: GET messages/{consoleCode}/{sid}."),
    "SP-details-unknown": RuleTry("Ask for an id that no message has."),
    "SP-status": RuleTry("Ask what became of a message: GET messages/{consoleCode}/{sid}."),
    "SP-statuscallback": RuleTry("Submit with a StatusCallback: PUT sinks/{name} gives one."),
    "SP-other": RuleTry("Call documented paths by documented methods.", by=ANSWERED),
}
FALLBACK = RuleTry("Submit a message.")
