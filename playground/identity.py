"""Names that nobody can guess, and the secret of this installation that makes them."""

import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from playground.errors import StorageError

_SECRET_BYTES = 32


def _new_id(prefix: str) -> str:
    # The time in front makes ids sort as they were made; 80 random bits make them unguessable.
    return f"{prefix}_{datetime.now(UTC):%y%m%d%H%M%S}{secrets.token_hex(10)}"


def new_run_id() -> str:
    """36 characters, also sent to the service as the client's id of the task."""
    return _new_id("run")


def new_comparison_id() -> str:
    return _new_id("cmp")


def new_experiment_id() -> str:
    return _new_id("exp")


def load_secret(path: Path) -> bytes:
    """
    The secret of this data folder, made at the first call; 32 bytes, readable by its owner only.

    Raises:
        StorageError: It can be neither read nor made.
    """
    try:
        if path.exists():
            return path.read_bytes()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written whole under another name first: two programs starting at once must agree.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_bytes()
    except OSError as exc:
        raise StorageError(
            f"The data folder {path.parent} cannot be written ({exc.strerror}). "
            "Free some space, allow writing, or set PLAYGROUND_DATA_DIR to another folder."
        ) from exc


def fingerprint(secret: bytes, text: str) -> str:
    """16 hex digits that tell keys apart without telling anything about them."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:16]


def picture_stem(secret: bytes, run_id: str) -> str:
    """The file name of a run's picture, without its ending: the same each time, unguessable."""
    return hmac.new(secret, f"picture {run_id}".encode(), hashlib.sha256).hexdigest()[:32]
