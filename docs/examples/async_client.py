import asyncio
import os

from dialog_sandbox import AsyncSandboxClient


async def main():
    async with AsyncSandboxClient(os.environ["SANDBOX_URL"]) as client, client.create_workspace() as ws:
        async with ws.events(limit=1) as events:
            await ws.inbound(from_="14155550123", to=ws.consoles[0].line, text="Hello")
            async for event in events:
                assert event.message.text == "Hello"


asyncio.run(main())
