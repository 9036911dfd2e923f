import os

from dialog_sandbox import SandboxClient

with SandboxClient(os.environ["SANDBOX_URL"]) as client, client.create_workspace(clock="frozen") as ws:
    console = ws.consoles[0]

    friday = ws.send("14155550123", "Come on Friday.")
    ws.clock.advance(minutes=5)
    assert ws.message(friday).status == "delivered"

    talk = ws.reply(friday, "STOP")
    assert talk.answer.to == "14155550123"
    assert [consent.state for consent in ws.consents(phone="14155550123")] == ["opted_out"]

    ws.snapshot("before")
    ws.inbound(from_="14155550123", to=console.line, text="START")
    ws.restore("before")
    assert [consent.state for consent in ws.consents(phone="14155550123")] == ["opted_out"]
