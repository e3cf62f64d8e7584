"""Fixtures that several layers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.local_platform.platform import LocalPlatform
from tools.programs import PLATFORM, find_or_build

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


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
