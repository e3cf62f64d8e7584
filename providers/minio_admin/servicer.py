"""The program ``pulumi-resource-minio-admin``."""

from __future__ import annotations

from providers.minio_admin.errors import ProviderError, internal
from providers.minio_admin.provider import VERSION, MinioAdmin
from providers.plugin import serve


def main(arguments: list[str]) -> None:
    """Serve until the engine stops the process or is gone.

    Args:
        arguments: The engine's address.
    """
    serve(arguments, "pulumi-resource-minio-admin", VERSION, MinioAdmin, _line)


def _line(error: BaseException) -> str:
    return str(error) if isinstance(error, ProviderError) else internal(error)
