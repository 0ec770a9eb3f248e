"""Guards: what a person is told of a picture before they judge it, and when nothing is claimed."""

from dataclasses import replace

import pytest

from playground.images import measure
from playground.provenance.guards import (
    GuardKind,
    guards_of,
    reference_dhashes,
    same_picture_guard,
    size_guard,
    sizes_guard,
    unchanged_guard,
)
from playground.references import prepare_reference
from tests.judging_rig import a_comparison, a_picture, a_run, failed, keep_picture

SHA = "ab" * 32
DHASH = "0123456789abcdef"


def flipped(dhash: str, n_bits: int) -> str:
    return f"{int(dhash, 16) ^ (2**n_bits - 1):016x}"


def test_other_pixels_than_promised_are_said_with_both_sizes():
    guard = size_guard(a_run(width_px=1816, height_px=1024))

    assert guard.kind is GuardKind.NOT_NOMINAL
    assert guard.run_ids == ("run_1_1_1",)
    assert guard.sentence == (
        "1816 × 1024 pixels came; the vendor's table says 1820 × 1024 for 16:9 at 1K."
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"nominal_width_px": None, "nominal_height_px": None}, {"width_px": None}],
)
def test_of_the_promised_size_or_an_unknown_one_nothing_is_said(changes):
    assert size_guard(a_run(**changes)) is None
    assert size_guard(failed(a_run(width_px=1))) is None


def test_lanes_of_different_size_are_said_without_naming_a_model():
    a, b = a_run(), a_run(lane=2, width_px=1024)

    guard = sizes_guard(a, b)

    assert guard.run_ids == (a.run_id, b.run_id)
    assert guard.sentence == (
        "The two pictures have different sizes: 1820 × 1024 and 1024 × 1024 pixels."
    )
    assert sizes_guard(a, a_run(lane=2)) is None
    assert sizes_guard(a, failed(b)) is None
    assert sizes_guard(a, replace(b, height_px=None)) is None


@pytest.mark.parametrize(("n_bits", "is_same"), [(0, True), (5, True), (6, False), (32, False)])
def test_an_edit_within_five_bits_of_its_reference_changed_nothing(n_bits, is_same):
    run = a_run(dhash=flipped(DHASH, n_bits), reference_sha256=f"- {SHA}")

    guard = unchanged_guard(run, {SHA: DHASH})

    assert (guard is not None) == is_same
    if guard is not None:
        assert guard.kind is GuardKind.UNCHANGED
        assert "reference 2" in guard.sentence


def test_the_very_file_of_the_reference_is_unchanged_whatever_is_known_of_it():
    assert unchanged_guard(a_run(sha256=SHA, reference_sha256=SHA), {}) is not None


@pytest.mark.parametrize(
    ("changes", "dhashes"),
    [
        ({}, {SHA: DHASH}),
        ({"reference_sha256": SHA}, {}),
        ({"reference_sha256": SHA}, {SHA: "no hash"}),
        ({"reference_sha256": SHA, "dhash": None}, {SHA: DHASH}),
        ({"reference_sha256": SHA, "dhash": "no hash"}, {SHA: DHASH}),
        ({"reference_sha256": SHA, "dhash": "0" * 16}, {SHA: "0" * 16}),
        ({"reference_sha256": SHA, "dhash": DHASH, "status": "failed"}, {SHA: DHASH}),
    ],
)
def test_of_what_is_not_known_nothing_is_claimed(changes, dhashes):
    assert unchanged_guard(a_run(**changes), dhashes) is None


def test_repeats_that_are_one_picture_are_said():
    a, b = a_run(dhash=DHASH), a_run(repeat=2, dhash=flipped(DHASH, 5))

    alike = same_picture_guard(a, b)
    equal = same_picture_guard(a, replace(b, sha256=a.sha256))

    assert alike.sentence == "Repeats 1 and 2 look the same, so they count as one at best."
    assert equal.sentence == "Repeats 1 and 2 are the same file."
    assert alike.kind is equal.kind is GuardKind.SAME_PICTURE
    assert same_picture_guard(a, replace(b, dhash=flipped(DHASH, 6))) is None
    assert same_picture_guard(a, failed(b)) is None
    plain = "0" * 16
    assert same_picture_guard(replace(a, dhash=plain), replace(b, dhash=plain)) is None


def test_a_comparison_gives_all_of_them_in_order():
    one, two, three, four = a_comparison(repeats=2, reference_sha256=SHA)
    runs = [
        replace(one, dhash=DHASH),
        replace(two, width_px=1024),
        replace(three, dhash=flipped(DHASH, 2)),
        four,
    ]

    told = [(guard.kind, guard.run_ids) for guard in guards_of(runs, {SHA: flipped(DHASH, 5)})]

    assert told == [
        ("unchanged", ("run_1_1_1",)),
        ("not_nominal", ("run_1_2_1",)),
        ("unchanged", ("run_1_1_2",)),
        ("sizes_differ", ("run_1_1_1", "run_1_2_1")),
        ("same_picture", ("run_1_1_1", "run_1_1_2")),
    ]


def test_no_sentence_names_a_model():
    runs = [
        replace(run, dhash=DHASH, width_px=1000 + run.lane)
        for run in a_comparison(repeats=2, reference_sha256=SHA)
    ]

    said = " ".join(guard.sentence for guard in guards_of(runs, {SHA: DHASH}))

    assert "not_nominal" not in said
    assert "flux" not in said
    assert "flex" not in said


def test_references_are_measured_from_the_files_kept_here(tmp_path):
    data = a_picture("JPEG", seed=2, quality=95, size=(256, 192))
    kept = prepare_reference(data, name="x", folder=tmp_path / "references")
    run = keep_picture(tmp_path, a_run(), a_picture("WEBP", seed=2, quality=60, size=(256, 192)))
    measured = measure(tmp_path / run.file)
    run = replace(run, dhash=measured.dhash, reference_sha256=f"{kept.sha256} - {SHA}")
    (tmp_path / "references" / f"{SHA}.png").write_bytes(b"damaged")

    dhashes = reference_dhashes([run, failed(run)], tmp_path / "references")

    assert dhashes == {kept.sha256: measure(kept.path).dhash}
    assert unchanged_guard(run, dhashes) is not None
    other = replace(run, dhash=measure_of(tmp_path, a_picture("PNG", seed=30, size=(256, 192))))
    assert unchanged_guard(other, dhashes) is None


def measure_of(tmp_path, data: bytes) -> str:
    path = tmp_path / "other.png"
    path.write_bytes(data)
    return measure(path).dhash
