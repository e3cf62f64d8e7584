"""Task: what one refresher does, and how its command line spells it. Nothing in it is secret."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

FOLDER: Final = "/refresh"
"""Folder of the container below which everything is mounted."""

TOKEN: Final = "aws/token"  # noqa: S105 - the name of a file
"""Token of the pod's service account for STS, below the folder."""

API: Final = "api"
"""Below the folder: ``token``, ``ca.crt`` and ``namespace``, by which the API server is reached."""

EXPIRES: Final = "argo-artifacts/expires"
"""Annotation of the Secret: when its credentials end, in UTC by ISO 8601."""

MIN_SECONDS: Final = 900
MAX_SECONDS: Final = 43200
"""Length of a session of STS and of S3 Access Grants (``DurationSeconds``)."""

Permission = Literal["READ", "WRITE", "READWRITE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The one Secret that is written."""

    namespace: str
    name: str
    access_key: str
    """Name of the key inside it that holds the access key."""

    secret_key: str
    session_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What S3 Access Grants is asked for."""

    target: str
    """``s3://bucket/prefix*``, the scope of the one grant."""

    permission: Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one refresher does."""

    role: str
    """ARN of the role that it assumes with its token."""

    region: str
    """Region of STS and of S3 Access Grants."""

    session: str
    """Name of the session, as CloudTrail shows it; 2 to 64 characters."""

    seconds: int
    """How long the credentials last."""

    secret: Place
    data: Data | None = None
    """None: the role's own session is what the Secret holds."""

    @property
    def account(self) -> str:
        """Account of the role, and of the S3 Access Grants instance."""
        return self.role.split(":")[4]


def arguments(task: Task) -> list[str]:
    """The command line of *task*."""
    secret = task.secret
    found = [
        *("--role", task.role, "--region", task.region, "--session", task.session),
        *("--seconds", str(task.seconds), "--secret", f"{secret.namespace}/{secret.name}"),
        *("--keys", f"{secret.access_key},{secret.secret_key},{secret.session_token}"),
    ]
    if task.data is not None:
        found += ["--target", task.data.target, "--permission", task.data.permission]
    return found


def parse(given: list[str]) -> tuple[Task, str]:
    """The task that a command line spells, and the folder of its files.

    Raises:
        SystemExit: it spells none; the reason was written to stderr.
    """
    parser = argparse.ArgumentParser(prog="python -m argo_artifacts.refresher", description=__doc__)
    for name, text in (
        ("role", "ARN of the role to assume with the pod's token"),
        ("region", "region of STS and of S3 Access Grants"),
        ("session", "name of the session"),
        ("secret", "namespace/name of the Secret"),
        ("keys", "its keys: access key, secret key, session token, by commas"),
    ):
        parser.add_argument(f"--{name}", required=True, help=text)
    parser.add_argument("--seconds", type=_seconds, default=3600, help="how long they last")
    parser.add_argument("--target", help="scope of the grant: s3://bucket/prefix*")
    parser.add_argument("--permission", choices=get_args(Permission), default="READ")
    parser.add_argument("--folder", default=FOLDER, help=f"folder of {TOKEN} and {API}/")
    read = cast("dict[str, str]", vars(parser.parse_args(given)))
    namespace, slash, name = read["secret"].partition("/")
    keys = read["keys"].split(",")
    if not (namespace and slash and name) or len(keys) != len(("access", "secret", "token")):
        parser.error("--secret namespace/name and --keys of three names are accepted")
    access_key, secret_key, session_token = keys
    data = None
    if read["target"]:
        data = Data(target=read["target"], permission=cast("Permission", read["permission"]))
    task = Task(
        role=read["role"],
        region=read["region"],
        session=read["session"],
        seconds=int(read["seconds"]),
        secret=Place(
            namespace=namespace,
            name=name,
            access_key=access_key,
            secret_key=secret_key,
            session_token=session_token,
        ),
        data=data,
    )
    return task, read["folder"]


def _seconds(text: str) -> int:
    found = int(text)
    if not MIN_SECONDS <= found <= MAX_SECONDS:
        msg = f"{found}, {MIN_SECONDS} to {MAX_SECONDS} is accepted"
        raise argparse.ArgumentTypeError(msg)
    return found
