"""A truth is found beside its log, and compared only where there is one."""

import json

import pandas as pd

from playground.results.stats import wilson
from playground.results.truth import read_truth, truth_frame


def test_a_log_of_real_comparisons_has_no_truth(tmp_path):
    truth = read_truth(tmp_path)

    assert not truth.is_known
    assert truth.experiment("plain") is None
    frame = truth_frame(truth, {"share": wilson(3, 10)})
    assert frame["is_inside"].isna().all()
    assert frame["truth"].isna().all()


def test_it_says_whether_each_interval_holds_its_truth(tmp_path):
    told = {"experiments": {"plain": "exp_1"}, "share": 0.5, "far": {"off": 0.99}}
    (tmp_path / "truth.json").write_text(json.dumps(told))
    truth = read_truth(tmp_path)

    frame = truth_frame(truth, {"share": wilson(5, 10), "far.off": wilson(5, 10), "no": None})

    assert truth.experiment("plain") == "exp_1"
    assert frame["is_inside"].tolist()[:2] == [True, False]
    assert pd.isna(frame["is_inside"].iloc[2])
    assert frame["truth"].tolist()[:2] == [0.5, 0.99]
