"""
A program that kills itself at a chosen moment, so that recovery can be tested for real.

It reads one scenario a line (JSON) and forks a child for each: the child opens an engine on the
data folder, does its work, and is killed with SIGKILL where the scenario says. The parent only
forks, so nothing of one scenario survives into the next.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-crash-tests-only"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# ---- the parent's side ------------------------------------------------------------------------


class Crasher:
    """Runs scenarios; `run` gives how the child ended: an exit code, or -9 when it was killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.crashing"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, **scenario: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(scenario) + "\n")
        self._process.stdin.flush()

    def result(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def run(self, **scenario: Any) -> int:
        self.start(**scenario)
        return self.result()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def crasher() -> Iterator[Crasher]:
    one = Crasher()
    try:
        yield one
    finally:
        one.close()


# ---- the child's side -------------------------------------------------------------------------


def _count_down(times: int) -> Callable[[], bool]:
    left = times

    def is_now() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    return is_now


def arm(moment: str, nth: int) -> None:
    """Makes the program die at the nth time a moment comes; `moment` is "kind:detail"."""
    from playground.client import Service, Transports
    from playground.journal import Journal
    from playground.runlog import RunLog

    kind, _, detail = moment.partition(":")
    is_now = _count_down(nth)

    if kind in {"before", "after", "torn"}:
        write = Journal.write

        def write_or_die(self: Journal, run_id: str, fact: Any, **data: Any) -> None:
            if fact != detail or not is_now():
                write(self, run_id, fact, **data)
                return
            if kind == "torn":
                _tear_next_write()
            if kind in {"after", "torn"}:
                write(self, run_id, fact, **data)
            die()

        Journal.write = write_or_die  # type: ignore[method-assign]
    elif kind == "answer":  # the paid request was answered, and nothing was written down yet
        send_paid = Transports.send_paid

        async def send_and_die(self: Transports, *args: Any, **kwargs: Any) -> Any:
            answer = await send_paid(self, *args, **kwargs)
            if is_now():
                die()
            return answer

        Transports.send_paid = send_and_die  # type: ignore[method-assign]
    elif kind == "status":
        status = Service.status

        async def status_and_die(self: Service, *args: Any, **kwargs: Any) -> Any:
            task = await status(self, *args, **kwargs)
            if is_now():
                die()
            return task

        Service.status = status_and_die  # type: ignore[method-assign]
    elif kind == "download":
        download = Service.download

        async def download_and_die(self: Service, url: str, part: Path, **kwargs: Any) -> Any:
            got = await download(self, url, part, **kwargs)
            if is_now():
                if detail == "half":
                    os.truncate(part, part.stat().st_size // 2)
                die()
            return got

        Service.download = download_and_die  # type: ignore[method-assign]
    elif kind == "rename":
        for name in ("rename", "replace", "link"):
            _wrap_rename(name, detail, is_now)
    elif kind == "row":
        append = RunLog.append

        def append_or_die(self: RunLog, run: Any) -> bool:
            if not is_now():
                return append(self, run)
            if detail == "torn":
                _tear_next_write()
            if detail != "before":
                append(self, run)
            die()
            return False

        RunLog.append = append_or_die  # type: ignore[method-assign]
    elif kind == "adopt":
        _arm_adoption(detail, is_now)
    elif kind:
        raise ValueError(f"No such moment: {moment}")


def _tear_next_write() -> None:
    """The next write to a file puts down half of its bytes; then the power is gone."""
    real = os.write

    def half(handle: int, data: Any) -> int:
        real(handle, bytes(data)[: max(1, len(data) // 2)])
        die()
        return 0

    os.write = half


def _wrap_rename(name: str, detail: str, is_now: Callable[[], bool]) -> None:
    real = getattr(os, name)

    def wrapped(source: Any, target: Any, **kwargs: Any) -> None:
        is_picture = "pictures" in os.fspath(target)
        if is_picture and is_now():
            if detail == "after":
                real(source, target, **kwargs)
            die()
        real(source, target, **kwargs)

    setattr(os, name, wrapped)


def _arm_adoption(detail: str, is_now: Callable[[], bool]) -> None:
    """Dies inside the adoption of an orphaned journal: at a flush, a rename or an unlink."""
    from playground.journal import Journal

    adopt = Journal.adopt

    def adopt_armed(self: Journal) -> Any:
        real = getattr(os, detail)

        def deadly(*args: Any, **kwargs: Any) -> Any:
            if is_now():
                die()
            return real(*args, **kwargs)

        setattr(os, detail, deadly)
        try:
            return adopt(self)
        finally:
            setattr(os, detail, real)

    Journal.adopt = adopt_armed  # type: ignore[method-assign]


async def _work(scenario: dict[str, Any]) -> None:
    from playground.runner.engine import Engine
    from playground.runner.kit import Patience
    from playground.schema import Comparison
    from playground.settings import Settings

    settings = Settings(
        data_dir=Path(scenario["data_dir"]),
        emulator_speed=scenario.get("speed", 50.0),
        session_cap_usd=None,
        day_cap_usd=Decimal(100),
    )
    patience = Patience(
        look_up_moments_s=(0.02, 0.05, 0.1), first_wait_s=0.02, longest_wait_s=0.1, give_up_s=60.0
    )
    engine = Engine(settings, patience=patience)
    await engine.start()
    account = await engine.open_account(scenario["url"], KEY)
    if scenario.get("begin"):
        await engine.begin(
            Comparison(
                comparison_id=scenario["begin"],
                prompt=scenario.get("prompt", "A lighthouse at dusk"),
                lanes=tuple(scenario.get("lanes", ["flux-2-flex", "flux-2-pro"])),
            ),
            account_id=account.account_id,
            session_id="crash",
        )
    while engine.open_views():
        await asyncio.sleep(0.01)
    await engine.close()


def _child(scenario: dict[str, Any]) -> int:
    arm(scenario.get("moment", ""), scenario.get("nth", 1))
    asyncio.run(asyncio.wait_for(_work(scenario), scenario.get("limit_s", 30)))
    return 0


def main() -> None:
    import playground.runner.engine  # noqa: F401 - loaded once, before the forks

    children: list[int] = []
    for line in sys.stdin:
        scenario = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 70
            try:
                code = _child(scenario)
            finally:
                sys.stderr.flush()
                os._exit(code)
        if scenario.get("is_parallel"):
            children.append(child)
            continue
        children.append(child)
        for each in children:
            _, status = os.waitpid(each, 0)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
        children.clear()


if __name__ == "__main__":
    main()
