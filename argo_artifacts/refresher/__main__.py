"""``python -m argo_artifacts.refresher``."""

import sys

from argo_artifacts.refresher.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
