"""Fixtures of the unit tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.config_files import STACKS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A copy of ``stacks/`` that a test may change."""
    return shutil.copytree(STACKS, tmp_path / "stacks")
