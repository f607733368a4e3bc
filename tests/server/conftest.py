"""A client for each test, and the random model of the whole project's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from lsp_client import Client


@pytest_asyncio.fixture
async def bare_client() -> AsyncIterator[Client]:
    """A server that has not been initialized; killed afterwards."""
    client = await Client.start()
    yield client
    if client.process.returncode is None:
        client.process.kill()
        await client.process.wait()


@pytest_asyncio.fixture
async def client(bare_client: Client, model_directory: Path) -> AsyncIterator[Client]:
    """An initialized server whose model is loaded; shut down afterwards, with its account checked."""
    bare_client.settings = {"model": {"path": str(model_directory)}}
    await bare_client.initialize()
    await bare_client.ready()
    yield bare_client
    assert await bare_client.close() == 0
