"""Names that nobody can guess, and the secret of this installation that makes them."""

import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from playground.errors import StorageError
from playground.sayings import said

_SECRET_BYTES = 32
_SHORT_CHARACTERS = 16
_OWNER_TOKEN = re.compile(r"[0-9a-f]{32,64}")


def _new_id(prefix: str) -> str:
    # The time in front makes ids sort as they were made; 80 random bits make them unguessable.
    return f"{prefix}_{datetime.now(UTC):%y%m%d%H%M%S}{secrets.token_hex(10)}"


def new_run_id() -> str:
    """36 characters, also sent to the service as the client's id of the task."""
    return _new_id("run")


def new_comparison_id() -> str:
    return _new_id("cmp")


def comparison_id_of(secret: bytes, owner_id: str | None, request_id: str) -> str:
    """The comparison a caller means by an id of their own: the same each time, unguessable."""
    told = f"request {owner_id or ''} {request_id}".encode("utf-8", "replace")
    return f"cmp_{hmac.new(secret, told, hashlib.sha256).hexdigest()[:32]}"


def new_experiment_id() -> str:
    return _new_id("exp")


def short_id(experiment_id: str) -> str:
    """Enough of the id to tell experiments apart by eye."""
    is_long = experiment_id.startswith("exp_") and len(experiment_id) > _SHORT_CHARACTERS
    return f"exp_…{experiment_id[-6:]}" if is_long else experiment_id


def new_owner_token() -> str:
    """256 random bits that only one browser is ever told: whoever has them is that visitor."""
    return secrets.token_hex(32)


def is_owner_token(told: object) -> bool:
    """Whether it can be a visitor's token: at least 128 bits, as hex digits."""
    return isinstance(told, str) and bool(_OWNER_TOKEN.fullmatch(told))


def owner_id_of(token: str) -> str:
    """
    What stands in log and journal for the visitor with this token: 28 characters.

    It leads nobody back to the token, so a published log gives access to nothing.
    """
    return f"own_{hashlib.sha256(f'owner {token}'.encode()).hexdigest()[:24]}"


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
            said(
                "The data folder {parent} cannot be written ({strerror}). Free some space, "
                "allow writing, or set PLAYGROUND_DATA_DIR to another folder.",
                parent=path.parent,
                strerror=exc.strerror,
            )
        ) from exc


def fingerprint(secret: bytes, text: str) -> str:
    """16 hex digits that tell keys apart without telling anything about them."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:16]


def thumbnail_stem(secret: bytes, sha256: str) -> str:
    """The name of a reference's small copy: its hash stands in published logs and must not lead there."""
    return hmac.new(secret, f"thumbnail {sha256}".encode(), hashlib.sha256).hexdigest()[:32]


def picture_stem(secret: bytes, run_id: str) -> str:
    """The file name of a run's picture, without its ending: the same each time, unguessable."""
    return hmac.new(secret, f"picture {run_id}".encode(), hashlib.sha256).hexdigest()[:32]
