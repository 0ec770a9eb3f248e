"""Starts the playground in a browser: `python app.py`."""

import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from playground.config import settings_from_env
from playground.errors import PlaygroundError
from playground.runner.desk import Desk


def main() -> int:
    """Serves until it is told to end; 2 when the settings do not allow a start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        desk = Desk(settings_from_env(os.environ, home=Path(__file__).resolve().parent))
        desk.start()
    except PlaygroundError as exc:
        print(exc, file=sys.stderr)
        return 2

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    # Python ends on SIGTERM without running any `finally`.
    signal.signal(signal.SIGTERM, leave)
    try:
        # Gradio takes seconds to import; a bad key must be told before that.
        from playground import ui

        ui.build(desk).launch(**ui.launch_options(desk))
    finally:
        desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
