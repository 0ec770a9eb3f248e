import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from playground.errors import StorageError
from playground.identity import fingerprint, load_secret, new_run_id, picture_stem


def test_ids_never_repeat_and_are_short_enough_for_a_client_id():
    ids = {new_run_id() for _ in range(10_000)}

    assert len(ids) == 10_000
    assert max(map(len, ids)) <= 36


def test_programs_that_start_together_agree_on_the_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(load_secret, [tmp_path / "secret"] * 32))

    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")

    with pytest.raises(StorageError, match="PLAYGROUND_DATA_DIR"):
        load_secret(blocker / "secret")


def test_a_fingerprint_tells_keys_apart_and_nothing_else():
    mine = fingerprint(b"s" * 32, "sk-canary")

    assert mine != fingerprint(b"s" * 32, "sk-other")
    assert mine != fingerprint(b"t" * 32, "sk-canary")
    assert "canary" not in mine


def test_a_picture_name_is_the_same_each_time_and_cannot_be_derived_without_the_secret():
    name = picture_stem(b"s" * 32, "run_1")

    assert name == picture_stem(b"s" * 32, "run_1")
    assert name != picture_stem(b"t" * 32, "run_1")
    assert "run_1" not in name
