"""Fixtures that several layers share."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tools.local_platform.platform import LocalPlatform
from tools.programs import PLATFORM, find_or_build
from tools.test_report import layer

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


_SLOWEST_FIRST = ("cluster", "engine", "argo")


def pytest_configure() -> None:
    """Hear an interruption again where a shell's job in the background is made deaf to it.

    Programs inherit that, and no test of Ctrl-C would reach them.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the layers with long files first, so that no process ends alone with one of them."""
    order = {name: place for place, name in enumerate(_SLOWEST_FIRST)}
    items.sort(key=lambda item: order.get(layer(item.nodeid), len(order)))


@pytest.fixture
def closed_port() -> Generator[int]:
    """A port on loopback at which nobody listens, held so that nobody takes it meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture(scope="session")
def programs() -> Mapping[str, Path]:
    """Paths of the real programs; what is neither on PATH nor in the cache is built."""
    return find_or_build(PLATFORM)


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory, programs: Mapping[str, Path]
) -> Generator[LocalPlatform]:
    """A Kubernetes API and a MinIO server, one for each test process; gone at the end."""
    with LocalPlatform(tmp_path_factory.mktemp("platform"), programs) as running:
        yield running
