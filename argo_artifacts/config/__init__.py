"""Configuration: stack file and tenant files in, frozen settings or all faults out."""

from argo_artifacts.config.base import ConfigError
from argo_artifacts.config.read import parse, read_stack_file
from argo_artifacts.config.settings import Settings

__all__ = ["ConfigError", "Settings", "parse", "read_stack_file"]
