"""Our clients, pointed at the sandbox: only addresses and credentials differ from production."""

import pytest
from reminders.service import Reminders
from reminders.vendors import DialogTech, SimplePay, Writeback, connect


@pytest.fixture
def http(sandbox):
    with connect(sandbox.basic.username, sandbox.basic.password) as http:
        yield http


@pytest.fixture
def simplepay(sandbox, http):
    return SimplePay(http, sandbox.simplepay_url, sandbox.consoles[0].code)


@pytest.fixture
def writeback(sandbox, http):
    return Writeback(http, sandbox.writeback_url, sandbox.consoles[0].code)


@pytest.fixture
def dialogtech(sandbox, http):
    keys = sandbox.accounts[0]
    return DialogTech(http, sandbox.dialogtech_url, keys.access_key, keys.secret_access_key)


@pytest.fixture
def reminders(sandbox, simplepay, writeback):
    return Reminders(simplepay, writeback, sandbox.consoles[0].line)
