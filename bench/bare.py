"""The bare routes: what FastAPI takes by itself for the same request, and so what the sandbox is measured against.

Each has the method, the path parameters, the Basic credentials against a constant and the form or query parameters of
the call that it stands for. It answers with canned bytes and stores nothing. One process serves one route, with the
settings that the sandbox gives to uvicorn.

    python -m bench.bare submit ANSWER_FILE
"""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Form, HTTPException, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from bench.fill import PASSWORD, USERNAME
from sandbox.vendors.dialogtech.messages import PATH
from sandbox.vendors.dialogtech.shapes import MEDIA_TYPE
from sandbox.vendors.simplepay.shapes import PREFIX
from sandbox.vendors.writeback.api import DOCUMENTED_PATH
from sandbox.web_server import config_of

Credentials = Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]


async def check(credentials: Credentials) -> None:
    """Basic against a constant."""
    if (credentials.username, credentials.password) != (USERNAME, PASSWORD):
        raise HTTPException(401)


def responses(app: FastAPI, answer: bytes) -> None:
    """Writeback's read."""

    @app.get(DOCUMENTED_PATH, dependencies=[Depends(check)])
    async def _responses(consoleCode: str, startTimestamp: str, endTimestamp: str) -> Response:
        return Response(answer, media_type="application/json")


def submit(app: FastAPI, answer: bytes) -> None:
    """SimplePay's submit."""

    @app.post(PREFIX + "/submit/{consoleCode}", dependencies=[Depends(check)])
    async def _submit(
        consoleCode: str,
        To: Annotated[str, Form()],
        From: Annotated[str, Form()],
        Body: Annotated[str, Form()],
        StatusCallback: Annotated[str | None, Form()] = None,
    ) -> Response:
        return Response(answer, media_type="application/json")


def details(app: FastAPI, answer: bytes) -> None:
    """SimplePay's message details."""

    @app.get(PREFIX + "/messages/{consoleCode}/{messageId}", dependencies=[Depends(check)])
    async def _details(consoleCode: str, messageId: str) -> Response:
        return Response(answer, media_type="application/json")


def get_messages(app: FastAPI, answer: bytes) -> None:
    """DialogTech's `sms.get_messages`, whose credentials are two query parameters."""

    @app.get(PATH)
    async def _get_messages(
        action: str,
        access_key: str,
        secret_access_key: str,
        start_date: str,
        end_date: str,
        number: str | None = None,
    ) -> Response:
        return Response(answer, media_type=MEDIA_TYPE)


ROUTES: dict[str, Callable[[FastAPI, bytes], None]] = {
    route.__name__: route for route in (responses, submit, details, get_messages)
}


def app_of(route: str, answer: bytes) -> FastAPI:
    """Return an app of one bare route."""
    app = FastAPI()
    ROUTES[route](app, answer)
    return app


def main(route: str, answer: str) -> None:
    """Serve on a free port of loopback until a signal ends it."""
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    print(f"bare route ready on http://{host}:{port}", flush=True)
    uvicorn.Server(config_of(app_of(route, Path(answer).read_bytes()))).run([listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
