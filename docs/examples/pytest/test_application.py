import asyncio

import httpx

from dialog_sandbox import AsyncSandboxClient


async def submit(app, text):
    """Your own asynchronous client stands here."""
    transport = httpx.ASGITransport(app)
    async with (
        AsyncSandboxClient("http://localhost", transport=transport) as client,
        httpx.AsyncClient(base_url="http://localhost", transport=transport) as http,
    ):
        ws = await client.workspace("default")
        form = {"To": "14155550123", "From": ws.consoles[0].line, "Body": text}
        path = f"/dialoghealth-simplepay-api/submit/{ws.consoles[0].code}"
        sid = (await http.post(path, data=form, auth=(ws.basic.username, ws.basic.password))).json()["sid"]
        return await ws.message(sid)


def test_it_is_delivered_without_a_socket(sandbox_app):
    assert asyncio.run(submit(sandbox_app, "See you tomorrow.")).status == "delivered"
