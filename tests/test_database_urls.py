"""Which database a URL names, and that no password of one is told to anybody."""

import pytest

from sandbox.store import Store, StoreRefused

NO_SERVER = "127.0.0.1:1/there"


def refusal(url: str) -> str:
    with pytest.raises(StoreRefused) as refused:
        Store(url)
    return str(refused.value)


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://me:secret@host:port/name", "postgresql://***@host:port/name"),
        ("postgresql://me:secret@[::1/name", "postgresql://***@[::1/name"),
        ("postgresql://me:secret@one:1,two:2/name", "postgresql://***@one:1,two:2/name"),
        ("post-gresql://me:secret@host/name", "post-gresql://***@host/name"),
        ("postgresql:/me:secret@host/name", "postgresql:/***@host/name"),
        ("postgres:me:sec@ret@host/name?sslpassword=other&a=1", "postgres:***@host/name?sslpassword=***&a=1"),
        ("PostgreSQL+psycopg:me:secret@host", "PostgreSQL+psycopg:***@host"),
    ],
)
def test_what_is_no_url_is_shown_without_user_and_password(url: str, masked: str) -> None:
    assert refusal(url) == (f"Not a database URL: '{masked}'. Give a path, sqlite:///PATH or postgresql://HOST/NAME.")


@pytest.mark.parametrize("password", ["sec@ret", "sec@ret/more", "@", "s@e@c", "s/e?c@ret", "s@e?c"])
def test_a_password_that_is_not_quoted_is_refused_before_a_part_of_it_is_taken_for_the_host(password: str) -> None:
    assert refusal(f"postgresql://me:{password}@host/name") == (
        "More than one @ in the database's URL 'postgresql://***@host/name': write one of a name or a password as %40."
    )


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        (f"postgresql://me:sec%40r%25t@{NO_SERVER}", f"postgresql://me:***@{NO_SERVER}"),
        (f"postgresql://me:se/c?r#t@{NO_SERVER}", f"postgresql://me:***@{NO_SERVER}"),
        (f"postgres://me:secret@{NO_SERVER}", f"postgres://me:***@{NO_SERVER}"),
        (f"postgresql://{NO_SERVER}?password=sec%26ret&user=me", f"postgresql://{NO_SERVER}?password=***&user=me"),
        (f"postgresql://{NO_SERVER}?user=me&sslpassword=secret", f"postgresql://{NO_SERVER}?sslpassword=***&user=me"),
    ],
)
def test_a_server_that_is_not_there_is_told_without_the_password(url: str, masked: str) -> None:
    said = refusal(url)
    assert said.startswith(f"Cannot open the database {masked}: connection failed: ")
    assert said.endswith("Connection refused Is the server running on that host and accepting TCP/IP connections.")


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        ("sslmode=some", 'connection is bad: invalid sslmode value: "some"'),
        ("some=1", 'invalid connection option "some"'),
        ("connect_timeout=some", "bad value for connect_timeout: 'some'"),
    ],
)
def test_a_parameter_that_the_driver_does_not_take_is_told(parameter: str, reason: str) -> None:
    url = f"postgresql://{NO_SERVER}?{parameter}"
    assert refusal(url) == f"Cannot open the database {url}: {reason}."
