"""The command that provisions one server without Pulumi, from inside a cluster.

``python -m providers.minio_admin.provision FOLDER`` reads, below the folder:

* ``desired/state.json``, and ``desired/ca.pem`` where the server has an authority of its own;
* ``admin/accessKey`` and ``admin/secretKey``;
* ``users/<name>``, the secret of each user.

It prints one line for each change and ends with 0; or with 1 and one line for each fault.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from providers.minio_admin.apply import apply
from providers.minio_admin.client import Server
from providers.minio_admin.desired import DesiredState, DesiredStateError, Keys, parse
from providers.minio_admin.errors import ProviderError, internal

STATE: Final = "desired/state.json"
AUTHORITY: Final = "desired/ca.pem"
ACCESS_KEY: Final = "admin/accessKey"
SECRET_KEY: Final = "admin/secretKey"  # noqa: S105 - the name of a file
USERS: Final = "users"

_LOOK_AGAIN_SECONDS: Final = 1.0


def main(arguments: list[str]) -> int:
    """Provision; return the exit code.

    Args:
        arguments: The folder.
    """
    if len(arguments) != 1:
        return _complain("usage: python -m providers.minio_admin.provision FOLDER")
    try:
        _provision(Path(arguments[0]))
    except (DesiredStateError, ProviderError) as error:
        return _complain(str(error))
    except Exception as error:  # noqa: BLE001 - a bug of ours too is one line for the user
        return _complain(internal(error))
    return 0


def _provision(folder: Path) -> None:
    state = _state(folder)
    secrets = {name: _read(folder, f"{USERS}/{name}") for name in _names(state)}
    _wait(state)
    changed = False
    for line in apply(Server(state.settings), state, secrets):
        changed = True
        _say(f"minio {state.settings.endpoint} {line}")
    if not changed:
        _say(f"minio {state.settings.endpoint}: as desired, nothing to change")


def _wait(state: DesiredState) -> None:
    """Wait for a server that does not answer yet, as long as the state says."""
    quick = Server(state.settings, patient=False)
    end = time.monotonic() + state.settings.wait_seconds
    while time.monotonic() < end and not quick.answers():
        time.sleep(_LOOK_AGAIN_SECONDS)


def _state(folder: Path) -> DesiredState:
    authority = _read(folder, AUTHORITY) if (folder / AUTHORITY).exists() else None
    keys = Keys(
        access_key=_read(folder, ACCESS_KEY),
        secret_key=_read(folder, SECRET_KEY),
        ca_certificate=authority,
    )
    return parse(_read(folder, STATE), keys)


def _names(state: DesiredState) -> list[str]:
    return [str(user["name"]) for user in state.users]


def _read(folder: Path, name: str) -> str:
    """The text of a file, without the newline that people add."""
    try:
        return (folder / name).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        fault = f"{folder / name}: cannot be read, a file is needed; the Job mounts it"
        raise DesiredStateError((fault,)) from None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
