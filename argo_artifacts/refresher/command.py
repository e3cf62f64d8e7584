"""The command that a refresher's pod runs: once, and then it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from argo_artifacts.refresher.faults import RefreshError
from argo_artifacts.refresher.secrets import LiveSecret
from argo_artifacts.refresher.sessions import Account
from argo_artifacts.refresher.task import API, TOKEN, Task, parse

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSES: Final = (2.0, 4.0, 8.0, 16.0)
"""Seconds between the tries of a run. A role that was just made is not known everywhere at once
(IAM is eventually consistent), so a refusal is tried again like a broken line."""

_METADATA: Final = "AWS_EC2_METADATA_DISABLED"


def main(arguments: list[str], sleep: Callable[[float], None] = time.sleep) -> int:
    """Refresh one Secret; return the exit code: 0, or 1 after one line that says why not.

    Args:
        arguments: see :func:`argo_artifacts.refresher.task.parse`.
        sleep: waits between tries, in seconds.
    """
    task, folder = parse(arguments)
    os.environ.setdefault(_METADATA, "true")  # whatever the machine may do is not ours
    try:
        end = _patiently(task, Path(folder), sleep)
    except RefreshError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(
        f"Secret {task.secret.namespace}/{task.secret.name}: refreshed by {task.role}, until"
        f" {end}\n"
    )
    return 0


def _patiently(task: Task, folder: Path, sleep: Callable[[float], None]) -> str:
    """Try until it works; return when the new credentials end.

    Raises:
        RefreshError: it did not work; what the Secret holds stays as it was.
    """
    secret, account = LiveSecret(task.secret, folder / API), Account(task)
    held = ""
    failure = RefreshError()
    for pause in (0.0, *PAUSES):
        if pause:
            sleep(pause)
        try:
            held = secret.expires()
            return secret.write(account.session(_token(folder / TOKEN)))
        except RefreshError as error:
            failure = error
    tries = f"tried {len(PAUSES) + 1} times"
    kept = f"the Secret keeps what ends {held}" if held else "the Secret holds no credentials"
    msg = f"{failure}; {tries}, {kept}"
    raise RefreshError(msg)


def _token(file: Path) -> str:
    """The token, read for each try: the kubelet renews it.

    Raises:
        RefreshError: there is none.
    """
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        msg = f"{file}: cannot be read or is empty, the token of the service account is needed"
        raise RefreshError(msg)
    return token
