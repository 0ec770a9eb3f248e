"""`python -m playground`: the command line."""

import os
import sys

from playground.cli.main import main
from playground.config import settings_from_env

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], settings=lambda: settings_from_env(os.environ)))
