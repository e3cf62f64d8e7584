"""The API server once more, under another host name and port."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def forwarded(kubeconfig: Path, folder: Path) -> Iterator[Path]:
    """Forward a free port to the server of *kubeconfig*; yield a kubeconfig that leads there."""
    document = yaml.safe_load(kubeconfig.read_text())
    (entry,) = document["clusters"]
    server = urlsplit(entry["cluster"]["server"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        entry["cluster"]["server"] = f"https://localhost:{listener.getsockname()[1]}"
        copy = folder / "kubeconfig"
        copy.write_text(yaml.safe_dump(document))
        target = (server.hostname or "", server.port or 443)
        threading.Thread(target=_serve, args=(listener, target), daemon=True).start()
        yield copy


def _serve(listener: socket.socket, target: tuple[str, int]) -> None:
    with suppress(OSError):  # the listener is closed
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(target)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
