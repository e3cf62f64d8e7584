"""A CA of the tests' own, certificates of it for 127.0.0.1, and a server that only shakes hands."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority whose certificate lies in *folder*."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, file: str) -> Authority:
        """Make an authority and write its certificate to *file*."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"CA of {file}")
        certificate = _builder(name, name, key, days=(-3, 3)).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).sign(key, hashes.SHA256())  # fmt: skip
        (folder / file).write_bytes(_pem(certificate))
        return cls(folder, key, certificate)

    def issue(self, folder: Path, days: tuple[int, int]) -> Path:
        """Write `public.crt` and `private.key` for 127.0.0.1 and a Service's name.

        They are valid between two days from now.

        The authority's certificate stands in the first, too, so that it is all that a client needs.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.IPAddress(IPv4Address("127.0.0.1"))
        names = x509.SubjectAlternativeName([address, x509.DNSName("minio.storage.svc")])
        issuer = self.certificate.subject
        made = _builder(_name("minio"), issuer, key, days).add_extension(names, critical=False)
        folder.mkdir(parents=True)
        chain = made.sign(self.key, hashes.SHA256()), self.certificate
        (folder / "public.crt").write_bytes(b"".join(map(_pem, chain)))
        (folder / "private.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return folder


@contextmanager
def handshaking(endpoint: str, certificates: Path) -> Iterator[None]:
    """Offer a certificate at *endpoint*; who takes it gets no answer worth one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "public.crt", certificates / "private.key")
    host, _, port = endpoint.partition(":")
    server = _Quiet((host, int(port)), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    """Does not print that a client went away."""

    def handle_error(self, request, client_address) -> None:  # noqa: ARG002 - the base's names
        with suppress(OSError):
            request.close()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
