"""Start the plugin; the engine reads the port from standard output."""

import os
import sys
from pathlib import Path

from providers.plugin import serve
from tests.engine.aws_double.provider import Aws
from tests.engine.aws_double.refusal import line

if __name__ == "__main__":
    folder = Path(os.environ["AWS_DOUBLE"])
    serve(sys.argv[1:], "pulumi-resource-aws", "7.0.0", lambda _warn: Aws(folder), line)
