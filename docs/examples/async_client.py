import asyncio
import os

from sandbox import AsyncSandboxClient


async def main():
    async with AsyncSandboxClient(os.environ["SANDBOX_URL"]) as client, client.create_workspace() as ws:
        await asyncio.gather(*(ws.send("14155550123", f"Number {n}") for n in range(3)))
        assert len(await ws.messages(to="14155550123")) == 3


asyncio.run(main())
