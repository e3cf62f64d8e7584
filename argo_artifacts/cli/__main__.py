"""``python -m argo_artifacts.cli``: the console script without its installation."""

from argo_artifacts.cli import main

main()
