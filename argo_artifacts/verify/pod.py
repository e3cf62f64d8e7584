"""The command of the pods in which `verify` tries what only a pod can: ``TASK FILE``.

It does its task with the session that it finds, by the code that tries everything else, and writes
what came of it to FILE. No key and no token is in that.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.credentials import ContainerProvider, InstanceMetadataProvider
from botocore.exceptions import BotoCoreError
from botocore.utils import InstanceMetadataFetcher

from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.aws_calls import Services
from argo_artifacts.verify.aws_probes import AwsProber, onwards
from argo_artifacts.verify.causes import NO_AGENT, NO_NODE
from argo_artifacts.verify.ledger import Ledger
from argo_artifacts.verify.probes import Prober
from argo_artifacts.verify.store import Keys, Server, Store
from argo_artifacts.verify.tasks import (
    LIMIT,
    Outcome,
    Said,
    message_of,
    said_of,
    stand_of,
    standing_of,
    task_of,
)
from argo_artifacts.verify.trial import Trial

if TYPE_CHECKING:
    from argo_artifacts.verify.aws_probes import Opened
    from argo_artifacts.verify.tasks import Ambient, Task

_SECONDS: Final = 2
"""To wait for the node's metadata: whoever may ask is answered at once."""


def main(arguments: list[str]) -> int:
    """Do the task; return the exit code."""
    text, file = arguments
    message = message_of(do(task_of(text)))
    if len(message.encode()) > LIMIT:
        sys.stderr.write(f"the answer has {len(message.encode())} bytes, {LIMIT} are accepted\n")
        return 1
    Path(file).write_text(message, encoding="utf-8")
    return 0


def do(task: Task) -> Outcome:
    """Do *task* with the session that this pod finds."""
    services = Services(task.region)
    opened = onwards(task.entry_role, services, "pod", found_here(task.ambient))
    if opened.keys is None:
        return _without(task, opened, services)
    server = Server(task.host, secure=True, region=task.region, aws=True)
    store, ledger = Store(server, opened.keys), Ledger()
    prober = Prober(store, ledger, task.run)
    writes = [prober.write(seed) for seed in task.writes]
    trial = Trial(
        prober=prober,
        aws=AwsProber(opened, services, store, None),
        why="",
        stands={seed: stand_of(put, read) for seed, put, read in task.stands},
        ours=True,
    )
    rows = _rows(task, trial)
    deletes = tuple(said_of(store.delete(bucket, key)) for bucket, key in task.deletes)
    store.close()
    return Outcome(
        writes=tuple((said_of(put), Said(kind=read.kind, said=read.said)) for put, read in writes),
        rows=rows,
        standing=standing_of(task, ledger.entries),
        deletes=deletes,
    )


def _rows(task: Task, trial: Trial) -> tuple[tuple[str, str, Said | None, bool], ...]:
    tried = trial.rows(task.rows)
    found: list[tuple[str, str, Said | None, bool]] = []
    for row in task.rows:
        one = tried[row]
        said = None if one.answer is None else said_of(one.answer)
        by_writer = one.by is not None and one.by != row.holder
        found.append((one.row.result, one.row.found, said, by_writer))
    return tuple(found)


def _without(task: Task, opened: Opened, services: Services) -> Outcome:
    """The outcome where there is no session: nothing was written, nothing was tried."""
    no = Said(kind="unclear", said=opened.why)
    aws = AwsProber(opened, services, None, None)
    trial = Trial(prober=None, aws=aws, why=opened.why, stands={}, ours=True)
    return Outcome(
        writes=tuple((no, no) for _ in task.writes),
        rows=_rows(task, trial),
        standing=standing_of(task, ()),
        deletes=tuple(no for _ in task.deletes),
    )


def found_here(ambient: Ambient) -> Answer[Keys]:
    """The session that Argo's driver would find in this pod."""
    provider = ContainerProvider()
    if ambient == "node":
        fetcher = InstanceMetadataFetcher(timeout=_SECONDS, num_attempts=1)
        provider = InstanceMetadataProvider(iam_role_fetcher=fetcher)
    try:
        found = provider.load()
        frozen = None if found is None else found.get_frozen_credentials()
    except BotoCoreError:
        frozen = None
    if frozen is None or frozen.access_key is None or frozen.secret_key is None:
        return Answer("unclear", NO_NODE if ambient == "node" else NO_AGENT)
    return Answer("done", value=Keys(frozen.access_key, frozen.secret_key, frozen.token))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
