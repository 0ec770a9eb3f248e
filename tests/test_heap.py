"""Memory that is let go of goes back to the system."""

import subprocess
import sys

import pytest

from playground import heap

pytestmark = pytest.mark.skipif(heap._glibc() is None, reason="the C library is another one")

# A picture in each of many threads at once, and a small block above each that stays.
PROGRAM = """
import sys, threading
from pathlib import Path
from playground import heap

def resident_mb():
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in l)
    return int(line.split()[1]) / 1024

if sys.argv[1] == "little":
    assert heap.keep_little()
bytearray(8_000_000)  # freed at once, and glibc thinks that such blocks come and go
meet = threading.Barrier(24)
kept = []
def work():
    for _ in range(3):
        pictures = [bytearray(900_000) for _ in range(4)]
        kept.append([bytes(400) for _ in range(50)])
        meet.wait()
before = resident_mb()
threads = [threading.Thread(target=work) for _ in range(24)]
[t.start() for t in threads]
[t.join() for t in threads]
if sys.argv[1] == "little":
    heap.give_back()
print(resident_mb() - before)
"""


def grown_mb(how: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_what_many_threads_used_is_not_kept() -> None:
    assert 3 * grown_mb("little") < grown_mb("as it is")


def test_without_glibc_nothing_is_set_and_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_glibc", lambda: None)

    assert heap.keep_little() is False
    assert heap.give_back() is False
