"""Start the plugin; the engine reads the port from standard output."""

import gc
import sys

gc.disable()  # what is loaded stays to the end: looking for rubbish in it finds none
from providers.minio_admin.servicer import main

if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    main(sys.argv[1:])
