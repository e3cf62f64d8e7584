"""Fixtures of the component tests."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pulumi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto import mock_aws

from tests.harness import ROOT, write_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def _project(monkeypatch: pytest.MonkeyPatch, _loop: asyncio.AbstractEventLoop) -> None:
    """Run in the project's folder, as the engine does, and in one event loop.

    Pulumi's mocks take the thread's loop, which `asyncio.run` of an earlier test has taken away.
    """
    monkeypatch.chdir(ROOT)
    asyncio.set_event_loop(_loop)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A kubeconfig that leads nowhere."""
    return write_kubeconfig(tmp_path)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A PEM file with an authority's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=now,
        not_valid_after=now + timedelta(days=1),
    ).sign(key, hashes.SHA256())
    file = tmp_path / "ca.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in the test's own process, empty, logged in to the account of the tests."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111122223333")
    with mock_aws():
        yield


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program tells: severity and line."""
    lines: list[str] = []
    for how in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, how, lambda line, how=how: lines.append(f"{how}: {line}"))
    return lines
