"""Container images, made from files: no registry is asked.

Each is one archive with one layer, in the form that ``docker save`` writes.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PAUSE: Final = "e2e.invalid/pause:1"
EXECUTOR: Final = "e2e.invalid/argoexec:1"
TOOLS: Final = "e2e.invalid/busybox:1"
"""Names under ``invalid``, a domain that can't exist: an image of ours or none."""

_ACCOUNTS: Final = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of a few files."""

    name: str
    files: dict[str, Path | str]
    """Content by path in the image: a file of ours, or text."""
    links: dict[str, str] = field(default_factory=dict[str, str])
    """Target by path of a symbolic link."""
    entrypoint: tuple[str, ...] = ()

    def write(self, folder: Path, machine: str) -> Path:
        """Write the archive into *folder* and return its path.

        Args:
            folder: Where to.
            machine: Kind of processor, as the kernel spells it.
        """
        stem = self.name.rpartition("/")[2].replace(":", "-")
        layer, archive = folder / f"{stem}.layer", folder / f"{stem}.tar"
        self._write_layer(layer)
        with layer.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        settings = {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Entrypoint": list(self.entrypoint), "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
        manifest = [{"Config": "config.json", "RepoTags": [self.name], "Layers": ["layer.tar"]}]
        with tarfile.open(archive, "w") as tar:
            _add(tar, "config.json", json.dumps(settings).encode())
            tar.add(layer, "layer.tar")
            _add(tar, "manifest.json", json.dumps(manifest).encode())
        layer.unlink()
        return archive

    def _write_layer(self, path: Path) -> None:
        with tarfile.open(path, "w") as tar:
            scratch = tarfile.TarInfo("tmp")
            scratch.type, scratch.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(scratch)
            for name, content in self.files.items():
                if isinstance(content, str):
                    _add(tar, name, content.encode())
                else:
                    tar.add(content, name, filter=_as_program)
            for name, target in self.links.items():
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, target
                tar.addfile(link)


def pause(program: Path) -> Image:
    """Return the image that holds a pod's namespaces."""
    return Image(name=PAUSE, files={"pause": program}, entrypoint=("/pause",))


def executor(program: Path) -> Image:
    """Return the image of Argo's executor."""
    accounts = {"etc/passwd": _ACCOUNTS, "etc/nsswitch.conf": "hosts: files dns\n"}
    return Image(
        name=EXECUTOR, files={"bin/argoexec": program, **accounts}, entrypoint=("argoexec",)
    )


def busybox(program: Path, commands: list[str]) -> Image:
    """Return an image with a shell and the *commands* of a static busybox."""
    return Image(
        name=TOOLS,
        files={"bin/busybox": program, "etc/passwd": _ACCOUNTS},
        links={f"bin/{command}": "busybox" for command in commands if command != "busybox"},
    )


def minio(name: str, program: Path, shell: Path) -> Image:
    """Return an image of MinIO's server that stands in for an official one.

    Args:
        name: Name of the official one, which the chart asks for.
        program: The server.
        shell: A static busybox.
    """
    entrypoint = "usr/bin/docker-entrypoint.sh"  # what the chart's pods start
    return Image(
        name=name,
        files={"bin/minio": program, "bin/busybox": shell, entrypoint: '#!/bin/sh\nexec "$@"\n'},
        links={"bin/sh": "busybox"},
    )


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.mode = 0o755 if content.startswith(b"#!") else 0o644
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _as_program(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mode, info.uid, info.gid, info.uname, info.gname = 0o755, 0, 0, "", ""
    return info
