"""How is each rule of DialogTech tried?"""

from sandbox.world.tries import RuleTry

READ = "Read days in which messages lie"

TRIES = {
    "DT-refused": RuleTry(
        'Have a read refused: POST faults {"match": {"operation": "dialogtech.*"}, "effect": {"status": 200}}.',
        by=("DT-auth", "DT-action", "DT-dates", "DT-number"),
    ),
    "DT-number": RuleTry("Read the messages of one tracking number."),
    "DT-msg-id": RuleTry("Read one message: action=sms.get_message."),
    "DT-message": RuleTry(f"{READ}."),
    "DT-wellformed": RuleTry(f"{READ}, one of which has <, & and ]]> in its text."),
}
FALLBACK = RuleTry("Read a range of days.")
