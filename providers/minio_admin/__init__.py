"""Pulumi provider plugin ``minio-admin``: buckets, policies and users of a MinIO server.

Reference: ``docs/minio-admin-provider.md``. The plugin stands alone: it imports nothing of the
program whose stacks use it.
"""
