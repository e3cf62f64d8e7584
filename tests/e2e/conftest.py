"""One platform and one scene for all tests of this folder, inside an enclosure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.scene import Director
from tests.e2e.store import Store, listing
from tools.e2e import enclosure
from tools.e2e.notes import Text, note
from tools.e2e.platform import RealPods
from tools.e2e.server import ENDPOINT, root_user
from tools.errors import ToolError

if TYPE_CHECKING:
    from tests.e2e.scene import Scene

# Outside of an enclosure there is nothing to collect: `make e2e` makes one and comes back, and
# `make test` says in its summary whether it did.
collect_ignore_glob = [] if enclosure.settings() else ["test_*.py"]


@pytest.fixture(scope="session")
def pods() -> RealPods:
    """Return the running platform; the enclosure takes it away."""
    platform = RealPods()
    try:
        platform.start()
    except ToolError as error:
        pytest.exit(str(error), returncode=1)  # once, not for every test
    return platform


@pytest.fixture(scope="session")
def scene(pods: RealPods) -> Scene:
    """Return what was seen of the workflows of both tenants."""
    outputs = pods.runner.outputs()
    bucket = outputs["stores"]["default"]["bucket"]
    store = Store(ENDPOINT, root_user(pods.client), bucket)
    seen = Director(pods, store).run()
    note(Text("objects before garbage collection (bytes, key)", listing(seen.intruded)))
    note(Text("objects after it", listing(seen.after)))
    seconds = pods.seconds | seen.seconds
    lines = (f"{spent:6.1f} s  {part}" for part, spent in seconds.items())
    note(Text("times", "\n".join(lines)))
    return seen
