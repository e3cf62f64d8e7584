"""Artifact storage for Argo Workflows, from one stack file."""

from components.program import run

run()
