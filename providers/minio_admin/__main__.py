"""Start the plugin; the engine reads the port from standard output."""

import sys

from providers.minio_admin.servicer import main

if __name__ == "__main__":
    main(sys.argv[1:])
