"""A key is in memory and in one header, and nowhere else."""

import logging
import traceback
from pathlib import Path

import pytest

from playground.errors import PlaygroundError
from playground.references import prepare_reference
from tests.engine_rig import open_rig
from tests.photos import PHOTOS

pytestmark = pytest.mark.anyio

CANARY = "sk-canary-7f3a9c2e51d84b60"


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (None, None),
        ("create", "refuse_401"),
        ("create", "reset"),
        ("create", "html_200"),
        ("upload", "refuse_401"),
        ("file", "redirect"),
        ("file", "html"),
        ("status", "error_502"),
    ],
)
async def test_a_key_is_written_nowhere(at, kind, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with open_rig(tmp_path) as rig:
        account = await rig.engine.open_account(rig.server.url, CANARY)
        rig.account_id = account.account_id
        if at is not None:
            rig.add_fault(at, kind, times=6)
        reference = prepare_reference(
            PHOTOS[0], name=PHOTOS[0].name, folder=rig.engine.references_dir
        )
        await rig.run(references=(reference,))
        shown = f"{account!r} {rig.engine.views('c1')!r} {rig.engine.settings!r}"

    assert CANARY not in shown
    assert CANARY not in caplog.text
    assert CANARY.encode() not in everything_written(tmp_path / "data")
    assert CANARY.encode() not in everything_written(tmp_path / "service" / "files")
    assert rig.emulator.tally.leaks == []


@pytest.mark.parametrize(
    "slip", [f"{CANARY}\nX-Evil: 1", f'"{CANARY}"', f"{CANARY} {CANARY}", f"{CANARY}é", CANARY * 20]
)
async def test_a_key_with_a_slip_is_refused_without_being_told(slip, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with open_rig(tmp_path) as rig:
        said = ""
        try:
            account = await rig.engine.open_account(rig.server.url, slip)
            said = repr(account)
        except PlaygroundError as exc:
            said = "".join(traceback.format_exception(exc))

    assert CANARY not in said
    assert CANARY not in caplog.text


async def test_the_error_of_a_wrong_key_does_not_repeat_it(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with open_rig(tmp_path) as rig:
        rig.add_fault("balance", "refuse_401")
        account = await rig.engine.open_account(rig.server.url, CANARY)

    assert account.problem is not None
    assert "key" in account.problem
    assert CANARY not in account.problem
    assert CANARY not in caplog.text
