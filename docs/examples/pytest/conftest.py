import pytest


@pytest.fixture(scope="session")
def sandbox_settings():
    return {"fixture": "empty", "seed": 3}
