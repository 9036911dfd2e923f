"""Lets a client that is written with `httpx.Client` call a sandbox in this process."""

from datetime import UTC, datetime, timedelta

import httpx
from driver import Driver

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class IntoDriver(httpx.BaseTransport):
    """Hands each request to the sandbox of a `Driver`, on its loop."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def send() -> httpx.Response:
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            answer = await self.driver.client.send(sent)
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

        answer: httpx.Response = self.driver.run(send())
        return answer


def client_of(driver: Driver, auth: tuple[str, str] | None = None) -> httpx.Client:
    """Return a client of the sandbox as a program has one."""
    return httpx.Client(transport=IntoDriver(driver), base_url="http://127.0.0.1:8080", auth=auth)


def clock_of(driver: Driver) -> datetime:
    """Return what the workspace's clock reads, as the host of a client would."""
    return EPOCH + timedelta(milliseconds=driver.wall.at)
