"""Configuration: stack file and tenant files in, frozen settings or all faults out."""

from argo_artifacts.config.base import ConfigError
from argo_artifacts.config.read import parse
from argo_artifacts.config.settings import Settings
from argo_artifacts.config.stack_file import read_stack_file

__all__ = ["ConfigError", "Settings", "parse", "read_stack_file"]
