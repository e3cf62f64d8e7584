"""Fixtures of the engine tests: stacks on the platform, and ways to look at what they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import moto_server
from tests.engine.aws_double import sdk
from tests.engine.aws_double.provider import SCHEMA
from tests.engine.aws_stack import AwsPlatform
from tests.engine.live import LiveCluster, LiveStore
from tests.engine.stack import EngineStack, encrypted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.engine.moto_server import MotoServer
    from tools.local_platform.platform import LocalPlatform


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home, state and settings of all stacks of this test process."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def vault(platform: LocalPlatform, engine_folder: Path) -> Mapping[str, object]:
    """The platform's admin keys, encrypted once: stacks of one passphrase may share a salt."""
    return encrypted(platform, engine_folder)


@pytest.fixture(scope="session")
def make_stack(
    platform: LocalPlatform, engine_folder: Path, vault: Mapping[str, object]
) -> Callable[[str], EngineStack]:
    """Make a stack of the given name, which no other test uses."""

    def make(name: str) -> EngineStack:
        return EngineStack(platform, engine_folder, name, vault)

    return make


@pytest.fixture(scope="session")
def cluster(platform: LocalPlatform) -> LiveCluster:
    """The live cluster, seen by its admin."""
    return LiveCluster(platform.kubeconfig)


@pytest.fixture(scope="session")
def store(platform: LocalPlatform) -> LiveStore:
    """The live MinIO server, seen by its admin."""
    return LiveStore(platform.minio_endpoint, platform.minio_access_key, platform.minio_secret_key)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """AWS's API, one server for each test process."""
    with moto_server.running(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def aws_double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the provider double of this test process."""
    folder = tmp_path_factory.mktemp("aws-double")
    sdk.dump(folder / SCHEMA)
    return folder


@pytest.fixture(scope="session")
def aws_platform(platform: LocalPlatform, moto: MotoServer, aws_double: Path) -> AwsPlatform:
    """The platform's cluster, and moto's accounts beside it."""
    return AwsPlatform(platform, moto, aws_double)
