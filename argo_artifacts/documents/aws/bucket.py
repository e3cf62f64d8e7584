"""Bucket policy: what a bucket refuses whoever asks."""

from __future__ import annotations

from argo_artifacts.documents import s3


def policy(partition: str, bucket: str, minimum_tls: str) -> dict[str, object]:
    """The statements that we own in *bucket*'s policy: TLS only, and no old version of it."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return {
        "Version": s3.VERSION,
        "Statement": [
            _denied("DenyInsecureTransport", arn, {"Bool": {"aws:SecureTransport": ["false"]}}),
            _denied("DenyOldTLS", arn, {"NumericLessThan": {"s3:TlsVersion": [minimum_tls]}}),
        ],
    }


def _denied(sid: str, arn: str, condition: dict[str, dict[str, list[str]]]) -> dict[str, object]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*"],
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }
