"""What the C library keeps of memory that Python has let go of: little of it, and that is given back."""

import ctypes
from typing import Any

# Numbers of glibc's `mallopt`.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# By itself each thread gets an arena of its own, up to eight a core, and each stays at its highest.
ARENAS = 2
# Whole pictures pass through. By itself glibc raises this limit to the largest block it has seen
# freed, and later ones stay in the heap, held there by any small block that lies above them.
MAPPED_FROM_BYTES = 256 * 1024
TRIMMED_FROM_BYTES = 1024 * 1024


def keep_little() -> bool:
    """Settings of this process, for its start; False where the C library has none."""
    library = _glibc()
    if library is None:
        return False
    settings = (
        (_ARENA_MAX, ARENAS),
        (_MMAP_THRESHOLD, MAPPED_FROM_BYTES),
        (_TRIM_THRESHOLD, TRIMMED_FROM_BYTES),
    )
    return all(library.mallopt(name, value) for name, value in settings)


def give_back() -> bool:
    """Returns what is free to the system, in some milliseconds; False where none was or can be."""
    library = _glibc()
    return library is not None and bool(library.malloc_trim(0))


def _glibc() -> Any:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
