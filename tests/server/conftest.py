"""A client for each test, or one for a whole file, and the random model of the whole project's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from lsp_client import Client

# How long an example takes says something about the machine's other work, nothing about the code.
settings.register_profile("server", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("server")


@pytest.fixture(scope="session", autouse=True)
def state_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place of its own for the jobs that servers keep track of."""
    directory = tmp_path_factory.mktemp("state")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(directory))
    yield directory
    patch.undo()


@pytest_asyncio.fixture
async def bare_client() -> AsyncIterator[Client]:
    """A server that has not been initialized; killed afterwards if it still lives."""
    client = await Client.start()
    yield client
    await client.end()


@pytest_asyncio.fixture
async def client(bare_client: Client, model_directory: Path) -> AsyncIterator[Client]:
    """An initialized server whose model is loaded; shut down afterwards, with its account checked."""
    async with ready_client(bare_client, model_directory):
        yield bare_client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_client(model_directory: Path) -> AsyncIterator[Client]:
    """The same, one for a whole file: for tests that only ask. Files that use it run in one loop (`loop_scope`)."""
    client = await Client.start()
    async with ready_client(client, model_directory):
        yield client


class ready_client:  # noqa: N801  # used like a function
    """Initialize a client, wait for its model, and shut it down in order unless the test has ended it."""

    def __init__(self, client: Client, model_directory: Path) -> None:
        self.client, self.model_directory = client, model_directory

    async def __aenter__(self) -> None:
        self.client.settings = {"model": {"path": str(self.model_directory)}}
        await self.client.initialize()
        await self.client.ready()

    async def __aexit__(self, *exception: object) -> None:
        was_alive = self.client.process.returncode is None
        code = await self.client.close()
        assert code == 0 or not was_alive
