"""What moto has no API for, kept in one file beside it, and the faults that a test asks for.

Every provider of a program is a process of its own, so the file is locked for each change.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

from tests.engine.aws_double.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Record = dict[str, object]


class Fault(TypedDict):
    """A call that is to fail."""

    call: str
    """``create``, ``update``, ``delete`` or ``read``."""

    type: str
    """Type of the resource: ``aws:iam/role:Role``."""

    name: str
    """Its logical name."""

    when: str
    """``before`` or ``after`` its effect."""

    says: str
    """What the user reads."""


class Shelf:
    """Records by kind and key, in a folder that a test process shares with the providers."""

    def __init__(self, folder: Path) -> None:
        self._records = folder / "records.json"
        self._faults = folder / "faults.json"

    @contextmanager
    def open(self, kind: str) -> Iterator[dict[str, Record]]:
        """All records of a kind by key; what the block changes is kept, unless it raises."""
        with self._records.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            whole = json.loads(file.read() or "{}")
            yield whole.setdefault(kind, {})
            file.truncate(0)
            file.write(json.dumps(whole, indent=1, sort_keys=True))

    def records(self, kind: str) -> dict[str, Record]:
        """All records of a kind, to look at."""
        with self.open(kind) as found:
            return dict(found)

    def fail(self, *faults: Fault) -> None:
        """Let these calls fail from now on, and no others."""
        self._faults.write_text(json.dumps(faults))

    def strike(self, when: str, call: str, kind: str, name: str) -> None:
        """Fail where a test asked for it.

        Raises:
            RefusalError: It did.
        """
        if not self._faults.exists():
            return
        for fault in json.loads(self._faults.read_text()):
            asked = (fault["when"], fault["call"], fault["type"], fault["name"])
            if asked == (when, call, kind, name):
                path = f"{call} {kind} {name}"
                raise RefusalError(path, fault["says"])
