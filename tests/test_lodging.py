"""Where the data of a Space lives, and what its page says about that."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from playground.hub import Kept
from playground.lodging import lodged
from playground.settings import Settings
from playground.ui.compare.lasting import lasting_words


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def lost(tmp_path: Path) -> Path:
    """A folder that cannot be made, whoever asks."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "data"


def a_space(data_dir: Path, **changes: object) -> Settings:
    return Settings(data_dir=data_dir, is_space=True, is_public=True, **changes)


def test_a_folder_that_can_be_used_is_used(tmp_path, temp):
    settings = a_space(tmp_path / "data")

    assert lodged(settings) == settings
    assert list(temp.iterdir()) == []


def test_without_its_folder_a_space_forgets_in_a_private_one(lost, temp):
    settings = lodged(a_space(lost))

    assert settings.data_dir.parent == temp
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    assert settings.is_forgetful
    assert settings.is_volume_missing
    assert lodged(a_space(lost)).data_dir == settings.data_dir  # a crash forgets nothing


@pytest.mark.usefixtures("temp")
def test_a_folder_that_somebody_else_laid_out_is_not_moved_into(lost, tmp_path):
    trap = lodged(a_space(lost)).data_dir
    trap.chmod(0o777)
    assert lodged(a_space(lost)).data_dir != trap
    trap.rmdir()
    trap.symlink_to(tmp_path)

    assert lodged(a_space(lost)).data_dir not in (trap, tmp_path)


def test_a_lent_key_and_one_s_own_machine_get_no_folder_they_did_not_ask_for(lost, temp):
    for settings in (a_space(lost, api_key="sk-0123456789"), Settings(data_dir=lost)):
        assert lodged(settings) == settings
    assert list(temp.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "kept", "words"),
    [
        ({}, None, "stays"),
        ({"is_forgetful": True}, None, "This Space forgets"),
        ({"is_forgetful": True, "is_volume_missing": True}, None, "volume of this Space is not"),
        ({"is_forgetful": True}, Kept.KEEPING, "every 5 minutes"),
        ({"is_forgetful": True}, Kept.FAILING, "every 5 minutes"),
        ({"is_forgetful": True}, Kept.WAITING, "cannot be used just now"),
        ({"is_forgetful": True}, Kept.PUBLIC, "cannot be used just now"),
    ],
)
def test_the_page_says_what_is_kept_and_for_how_long(changes, kept, words, tmp_path):
    said = lasting_words(replace(a_space(tmp_path), kept_h=6.0, **changes), kept)

    assert words in said
    assert "6 hours" in said


def test_on_one_s_own_machine_nothing_need_be_said(tmp_path):
    assert lasting_words(Settings(data_dir=tmp_path)) is None
