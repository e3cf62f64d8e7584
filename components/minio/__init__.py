"""MinIO and S3-compatible servers."""
