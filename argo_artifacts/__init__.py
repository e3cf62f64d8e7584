"""Artifact storage for Argo Workflows: settings, access plan, documents, entries (no Pulumi)."""
