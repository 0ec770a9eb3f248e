"""The verdict word by word, the checks in both outcomes, and the vendor's claims."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from playground.catalog import MODELS
from playground.results.checks import Check, CheckKind, Outcome, checks_of
from playground.results.claims import VENDOR_CLAIMS, ClaimOutcome, claims_of
from playground.results.evidence import LeftOut
from playground.results.sentences import TEXTS, phrase, rounded
from playground.results.stats import Margin
from playground.results.summary import Summary
from playground.results.verdict import VerdictKind, judge
from playground.schema import Answer, Origin, PairKind, Run, RunStatus
from tests.judging_rig import NOON, failed
from tests.results_rig import FLEX, PRO, a_vote, comparisons, summed_up, votes_on

TIE, BAD = Answer.TIE, Answer.BOTH_BAD


def voted(
    pro: int = 0,
    flex: int = 0,
    tie: int = 0,
    bad: int = 0,
    *,
    change: Callable[[Run], Run] = lambda run: run,
    repeats: int = 1,
    **settings,
) -> Summary:
    """So many prompts for each answer, evenly mixed as the votes came."""
    answers = mixed({PRO: pro, FLEX: flex, TIE: tie, BAD: bad})
    runs = [change(run) for run in comparisons(max(1, len(answers) // repeats), repeats)]
    return summed_up(runs, votes_on(runs, answers), **settings)


def mixed(counts: dict) -> list:
    """Every answer so many times, none of them in a row longer than need be."""
    places = [
        ((place + 0.5) / n, order, answer)
        for order, (answer, n) in enumerate(counts.items())
        for place in range(n)
    ]
    return [answer for _, _, answer in sorted(places, key=lambda each: each[:2])]


def in_order(*blocks: tuple[int, object], **settings) -> Summary:
    """So many prompts for one answer after the other."""
    answers = [answer for n, answer in blocks for _ in range(n)]
    runs = comparisons(len(answers))
    return summed_up(runs, votes_on(runs, answers), **settings)


def unpriced(run: Run) -> Run:
    return replace(
        run, charged_usd=None, charged_credits=None, estimate_usd=None, billing_status=None
    )


def uncharged(run: Run) -> Run:
    return replace(run, charged_usd=None, charged_credits=None, billing_status=None)


def emulated(run: Run) -> Run:
    return replace(run, origin=Origin.EMULATED)


def equally_priced(run: Run) -> Run:
    return replace(run, charged_usd=run.estimate_usd * 0 + 1)


def two_voters(first: list, second: list) -> Summary:
    runs = comparisons(max(len(first), len(second)))
    return summed_up(
        runs,
        [
            *votes_on(runs, first, voter_id="voter_a"),
            *votes_on(runs, second, voter_id="voter_b", first_minute=300),
        ],
    )


CASES = [
    ("no votes", lambda: voted(), VerdictKind.NO_VOTES, "No votes yet."),
    (
        "no votes on the emulator",
        lambda: voted(change=emulated, origin=Origin.EMULATED),
        VerdictKind.NO_VOTES,
        "No votes yet.",
    ),
    ("one vote", lambda: voted(pro=1), VerdictKind.TOO_FEW, "n = 1: too few to say anything."),
    ("3 of 3", lambda: voted(pro=3), VerdictKind.TOO_FEW, "n = 3: too few to say anything."),
    (
        "4 decisive and ties",
        lambda: voted(pro=4, tie=3),
        VerdictKind.TOO_FEW,
        "n = 4: too few to say anything. On 3 of 7 prompts neither was better.",
    ),
    (
        "ties only",
        lambda: voted(tie=40),
        VerdictKind.TOO_FEW,
        "n = 0: too few to say anything. On 40 of 40 prompts neither was better.",
    ),
    (
        "both bad only",
        lambda: voted(bad=6),
        VerdictKind.TOO_FEW,
        "n = 0: too few to say anything. On 6 of 6 prompts neither was better. On 6 of 6 prompts both pictures were bad.",
    ),
    (
        "5 of 5",
        lambda: voted(pro=5),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 5 of 5 for pro (at least 38 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "6 of 6",
        lambda: voted(flex=6),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 6 of 6 for flex (at least 44 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "7 of 7",
        lambda: voted(pro=7),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 7 of 7 for pro (at least 48 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "8 of 8",
        lambda: voted(pro=8),
        VerdictKind.WINNER,
        "You prefer **pro**: 8 of 8 prompts (at least 52 %, valid at any time).",
    ),
    (
        "10 to 0",
        lambda: voted(pro=10),
        VerdictKind.WINNER,
        "You prefer **pro**: 10 of 10 prompts (at least 58 %, valid at any time).",
    ),
    (
        "0 to 10",
        lambda: voted(flex=10),
        VerdictKind.WINNER,
        "You prefer **flex**: 10 of 10 prompts (at least 58 %, valid at any time).",
    ),
    (
        "17 of 20",
        lambda: voted(pro=17, flex=3),
        VerdictKind.WINNER,
        "You prefer **pro**: 17 of 20 prompts (53–99 %, valid at any time).",
    ),
    (
        "3 of 20",
        lambda: voted(pro=3, flex=17),
        VerdictKind.WINNER,
        "You prefer **flex**: 17 of 20 prompts (53–99 %, valid at any time).",
    ),
    (
        "17 of 20 and ties",
        lambda: voted(pro=17, flex=3, tie=9),
        VerdictKind.WINNER,
        "You prefer **pro**: 17 of 20 prompts (53–99 %, valid at any time).",
    ),
    (
        "12 of 20",
        lambda: voted(pro=12, flex=8),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 12 of 20 for pro (28–87 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "10 of 20",
        lambda: voted(pro=10, flex=10),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 10 of 20 for pro (20–80 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "36 of 50",
        lambda: voted(pro=36, flex=14),
        VerdictKind.WINNER,
        "You prefer **pro**: 36 of 50 prompts (50.4–88.3 %, valid at any time).",
    ),
    (
        "50 of 100, equal to Wilson but not to the sequence",
        lambda: voted(pro=50, flex=50),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 50 of 100 for pro (34–66 %). If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "120 of 230",
        lambda: voted(pro=120, flex=110),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 120 of 230 for pro (41–63 %). If the truth is 55/45, about 820 prompts are needed.",
    ),
    (
        "150 of 300",
        lambda: voted(pro=150, flex=150),
        VerdictKind.EQUAL,
        "No practical difference on your prompts: 150 of 300 for pro (40–60 %, valid at any time); **pro** costs 64 % less (300 pairs as charged), so take pro.",
    ),
    (
        "150 of 300, equal prices",
        lambda: voted(pro=150, flex=150, change=equally_priced),
        VerdictKind.EQUAL,
        "No practical difference on your prompts: 150 of 300 for pro (40–60 %, valid at any time).",
    ),
    (
        "150 of 300, only estimates",
        lambda: voted(pro=150, flex=150, change=uncharged),
        VerdictKind.EQUAL,
        "No practical difference on your prompts: 150 of 300 for pro (40–60 %, valid at any time); by estimate **pro** costs 64 % less (300 pairs, charges unknown), so take pro.",
    ),
    (
        "150 of 300, unknown prices",
        lambda: voted(pro=150, flex=150, change=unpriced),
        VerdictKind.EQUAL,
        "No practical difference on your prompts: 150 of 300 for pro (40–60 %, valid at any time).",
    ),
    (
        "mostly both bad",
        lambda: voted(pro=6, flex=2, bad=12),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 6 of 8 for pro (27–99 %). If the truth is 60/40, about 210 prompts are needed. On 12 of 20 prompts both pictures were bad.",
    ),
    (
        "emulated only",
        lambda: voted(pro=17, flex=3, change=emulated, origin=Origin.EMULATED),
        VerdictKind.WINNER,
        "Emulated pictures, no evidence about the models. You prefer **pro**: 17 of 20 prompts (53–99 %, valid at any time).",
    ),
    (
        "emulated, few",
        lambda: voted(pro=2, change=emulated, origin=Origin.EMULATED),
        VerdictKind.TOO_FEW,
        "Emulated pictures, no evidence about the models. n = 2: too few to say anything.",
    ),
    (
        "live asked, emulated there",
        lambda: voted(pro=17, flex=3, change=emulated),
        VerdictKind.NO_VOTES,
        "No votes yet.",
    ),
    (
        "repeats are one prompt",
        lambda: voted(pro=20, repeats=5),
        VerdictKind.TOO_FEW,
        "n = 4: too few to say anything.",
    ),
    (
        "several voters",
        lambda: two_voters([PRO] * 9, [PRO] * 9),
        VerdictKind.WINNER,
        "The 2 voters prefer **pro**: 9 of 9 prompts (at least 56 %, valid at any time).",
    ),
    (
        "called once, and the other model is ahead by now",
        lambda: in_order((12, PRO), (15, FLEX)),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 15 of 27 for flex (28–81 %). The evidence for pro reached E = 315 at vote 12 and has since fallen back to 0.28: the prompts are not of one kind, their order matters, or it was chance.",
    ),
    (
        "called once, and both are even by now",
        lambda: in_order((10, FLEX), (10, PRO)),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 10 of 20 for pro (20–80 %). The evidence for flex reached E = 93.1 at vote 10 and has since fallen back to 0.27: the prompts are not of one kind, their order matters, or it was chance.",
    ),
    (
        "called once, and the same model is ahead without evidence",
        lambda: in_order((8, PRO), (6, FLEX)),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 8 of 14 for pro (22–88 %). The evidence for pro reached E = 28.4 at vote 8 and has since fallen back to 0.36: the prompts are not of one kind, their order matters, or it was chance.",
    ),
    (
        "called once, and a vote short of it now",
        lambda: in_order((8, PRO), (1, FLEX)),
        VerdictKind.CANNOT_TELL,
        "Cannot tell yet: 8 of 9 for pro (42–>99 %). The evidence for pro reached E = 28.4 at vote 8 and stands at 5.7 now. If the truth is 60/40, about 210 prompts are needed.",
    ),
    (
        "called once, and called again",
        lambda: in_order((8, PRO), (1, FLEX), (6, PRO)),
        VerdictKind.WINNER,
        "You prefer **pro**: 14 of 15 prompts (58–>99 %, valid at any time).",
    ),
    (
        "the other model was called before",
        lambda: in_order((8, FLEX), (40, PRO)),
        VerdictKind.WINNER,
        "You prefer **pro**: 40 of 48 prompts (63–95 %, valid at any time). Earlier, at vote 8, the evidence called flex (E = 28.4): the prompts are not of one kind, their order matters, or it was chance.",
    ),
    (
        "called once, and no difference by now",
        lambda: in_order((20, PRO), (20, FLEX), *[(1, PRO), (1, FLEX)] * 130),
        VerdictKind.EQUAL,
        "No practical difference on your prompts: 150 of 300 for pro (40–60 %, valid at any time); **pro** costs 64 % less (300 pairs as charged), so take pro. The evidence for pro reached E = 49,932 at vote 20 and has since fallen back to 0.07: the prompts are not of one kind, their order matters, or it was chance.",
    ),
    (
        "called once, and too few by now",
        lambda: two_voters([PRO] * 8, [FLEX] * 6),
        VerdictKind.TOO_FEW,
        "n = 2: too few to say anything. On 6 of 8 prompts neither was better.",
    ),
    (
        "voters who disagree",
        lambda: two_voters([PRO] * 9, [FLEX] * 9),
        VerdictKind.TOO_FEW,
        "n = 0: too few to say anything. On 9 of 9 prompts neither was better.",
    ),
]


@pytest.mark.parametrize(("name", "build", "kind", "sentence"), CASES, ids=[c[0] for c in CASES])
def test_the_verdict_is_this_sentence(name, build, kind, sentence):
    verdict = judge(build())

    assert (verdict.kind, verdict.sentence) == (kind, sentence), name


@pytest.mark.parametrize("case", CASES, ids=[c[0] for c in CASES])
def test_no_verdict_prints_100_percent_or_a_percentage_without_its_count(case):
    sentence = case[3]

    assert "100 %" not in sentence
    assert "%" not in sentence or " of " in sentence


def test_swapping_the_models_says_the_same():
    runs = comparisons(20)
    votes = votes_on(runs, [PRO] * 17 + [FLEX] * 3)

    here, there = (judge(summed_up(runs, votes, models=m)) for m in ((FLEX, PRO), (PRO, FLEX)))

    assert here.sentence == there.sentence
    assert (here.model, here.wins, here.n) == (there.model, there.wins, there.n) == (PRO, 17, 20)


def test_a_clear_but_small_difference_is_called_small():
    verdict = judge(voted(pro=36, flex=14), margin=Margin(low=0.1, high=0.9))

    assert verdict.kind is VerdictKind.WINNER
    assert verdict.sentence.endswith("The difference is small: all of it within 10–90 %.")


def test_a_saving_needs_enough_priced_pairs():
    def only_first(n: int) -> Callable[[Run], Run]:
        return lambda run: run if int(run.comparison_id[4:]) <= n else unpriced(run)

    few, half = (judge(voted(pro=150, flex=150, change=only_first(n))) for n in (149, 150))

    assert few.saving is None
    assert (half.saving.model, half.saving.difference.n) == (PRO, 150)
    assert f"{half.saving.share:.3f}" == "0.643"


def test_a_saving_whose_interval_holds_zero_is_not_told():
    def noisy(run: Run) -> Run:
        cheap = (int(run.comparison_id[4:]) % 2 == 0) == (run.model == PRO)
        return replace(run, charged_usd=run.estimate_usd * 0 + (1 if cheap else 2))

    assert judge(voted(pro=150, flex=150, change=noisy)).saving is None


def test_the_numbers_of_the_verdict_are_those_of_its_sentence():
    verdict = judge(voted(pro=12, flex=8))

    assert (verdict.model, verdict.wins, verdict.n) == (PRO, 12, 20)
    assert (round(verdict.share.low, 2), round(verdict.share.high, 2)) == (0.28, 0.87)
    assert (verdict.needed.share, verdict.needed.n) == (0.6, 210)
    assert verdict.phrases[0].key == "cannot_tell"
    assert verdict.phrases[0].in_words({"cannot_tell": "{wins}/{n}"}) == "12/20"


def test_about_is_two_digits():
    assert [rounded(n) for n in (7, 54, 97, 210, 816, 820, 1234)] == [
        7,
        54,
        97,
        210,
        820,
        820,
        1200,
    ]


def test_a_sentence_that_does_not_exist_is_refused():
    with pytest.raises(KeyError):
        phrase("no_such_sentence")


# ---- can you trust this? ----------------------------------------------------------------------


def check(summary: Summary, kind: CheckKind) -> Check:
    return {each.kind: each for each in checks_of(summary, judge(summary))}[kind]


def shown_again(n_same: int, n: int) -> Summary:
    runs = comparisons(n)
    again = [PRO] * n_same + [FLEX] * (n - n_same)
    return summed_up(
        runs,
        [
            *votes_on(runs, [PRO] * n),
            *votes_on(runs, again, kind=PairKind.SWAPPED, first_minute=200),
        ],
    )


def twins(answers: list) -> Summary:
    runs = comparisons(len(answers), repeats=2)
    pro = {(run.comparison_id, run.repeat): run for run in runs if run.model == PRO}
    votes = [
        a_vote((pro[f"cmp_{n}", 1], pro[f"cmp_{n}", 2]), answer, minute=60 + n)
        for n, answer in enumerate(answers, start=1)
    ]
    return summed_up(runs, votes)


def flex_failing(n: int) -> Summary:
    return summed_up(
        [
            failed(run) if run.model == FLEX and place < 2 * n else run
            for place, run in enumerate(comparisons(20))
        ]
    )


def others(n: int) -> list[Run]:
    """As many comparisons of the emulator, under ids of their own."""
    return [
        emulated(replace(run, run_id=f"e{run.run_id}", comparison_id=f"e{run.comparison_id}"))
        for run in comparisons(n)
    ]


def taken_back() -> Summary:
    runs = comparisons(2)
    votes = votes_on(runs, [PRO] * 2)
    withdrawn = {"answer": str(Answer.WITHDRAWN), "winner_run_id": None, "winner_model": None}
    again = replace(votes[0], act_id="act_back", at=NOON + timedelta(hours=9), **withdrawn)
    return summed_up(runs, [*votes, again])


def parted(*experiments: tuple[int, int], **settings) -> Summary:
    """Experiments one after the other, each with so many prompts for pro and for flex."""
    runs: list[Run] = []
    answers: list = []
    for number, (pro, flex) in enumerate(experiments, start=1):
        own = comparisons(sum(map(sum, experiments)), experiment_id=f"exp_{number}")
        runs += own[2 * len(answers) : 2 * (len(answers) + pro + flex)]
        answers += mixed({PRO: pro, FLEX: flex})
    return summed_up(runs, votes_on(runs, answers), **settings)


def bought_again() -> Summary:
    runs = comparisons(5)
    later = {"started_at": NOON + timedelta(hours=1)}
    return summed_up([*runs, replace(runs[0], run_id="run_x", retry_of=runs[0].run_id, **later)])


def changed_votes(**changes) -> Summary:
    runs = comparisons(20)
    return summed_up(
        runs, [replace(vote, **changes) for vote in votes_on(runs, [PRO] * 10 + [FLEX] * 10)]
    )


def lopsided(answer: Answer) -> Summary:
    runs = comparisons(20)
    return summed_up(runs, votes_on(runs, [answer] * 20))


def always_left(model: str, n: int = 20) -> Summary:
    runs = comparisons(n)
    votes = votes_on(runs, [model] * n)
    return summed_up(runs, [replace(v, run_a=v.winner_run_id) for v in votes])


CHECKS = [
    (CheckKind.ENOUGH, lambda: voted(pro=17, flex=3), "good", "Enough prompts: 20 decisive."),
    (
        CheckKind.ENOUGH,
        lambda: voted(pro=12, flex=8),
        "warn",
        "Not enough prompts: 20 decisive, and they do not settle it.",
    ),
    (
        CheckKind.ENOUGH,
        lambda: voted(pro=3),
        "warn",
        "Not enough prompts: 3 decisive; at least 5 are needed.",
    ),
    (
        CheckKind.ENOUGH,
        lambda: in_order((10, FLEX), (10, PRO)),
        "warn",
        "Not settled: 20 decisive, and they point both ways. More of the same will not settle it.",
    ),
    (
        CheckKind.ENOUGH,
        lambda: parted((2, 22), (22, 2)),
        "warn",
        "Not settled: 48 decisive, and they point both ways. More of the same will not settle it.",
    ),
    (
        CheckKind.PARTS,
        lambda: parted((10, 12), (12, 10), (4, 1)),
        "good",
        "No part of the votes points the other way: 3 parts compared.",
    ),
    (
        CheckKind.PARTS,
        lambda: parted((10, 34), (41, 33), (29, 12)),
        "warn",
        "Parts of the votes point in opposite directions, for pro – experiment exp_1: 10 of 44 (13–37 %); experiment exp_3: 29 of 41 (56–82 %). Look at one at a time.",
    ),
    (
        CheckKind.PARTS,
        lambda: parted((2, 22), (22, 2), name_of={"exp_1": "Night", "exp_2": "Day"}.get),
        "warn",
        "Parts of the votes point in opposite directions, for pro – experiment Night: 2 of 24 (2–26 %); experiment Day: 22 of 24 (74–98 %). Look at one at a time.",
    ),
    (
        CheckKind.PARTS,
        lambda: parted((9, 9), (4, 0)),
        "unknown",
        "Whether parts of the votes point in opposite directions is not known: no two of them have 5 decisive prompts.",
    ),
    (
        CheckKind.SIDES,
        lambda: voted(pro=20),
        "good",
        "Sides balanced: pro stood left in 10 of 20 votes.",
    ),
    (
        CheckKind.SIDES,
        lambda: always_left(PRO),
        "warn",
        "Sides not balanced: pro stood left in 20 of 20 votes.",
    ),
    (
        CheckKind.SIDES,
        lambda: changed_votes(draw=None),
        "warn",
        "Sides not drawn by lot in 20 of 20 votes.",
    ),
    (CheckKind.SIDES, lambda: voted(), "unknown", "Balance of sides not known: no votes."),
    (
        CheckKind.LEFT,
        lambda: voted(pro=20),
        "good",
        "No sign of a side bias: 10 of 20 decisive votes took the left picture.",
    ),
    (
        CheckKind.LEFT,
        lambda: lopsided(Answer.A_BETTER),
        "warn",
        "Side bias: 20 of 20 decisive votes took the left picture.",
    ),
    (
        CheckKind.LEFT,
        lambda: lopsided(Answer.B_BETTER),
        "warn",
        "Side bias: 0 of 20 decisive votes took the left picture.",
    ),
    (
        CheckKind.LEFT,
        lambda: voted(pro=4),
        "unknown",
        "Side bias not known: 4 decisive votes, at least 20 are needed.",
    ),
    (
        CheckKind.LEFT,
        lambda: voted(pro=6),
        "unknown",
        "Side bias not known: 6 decisive votes, at least 20 are needed.",
    ),
    (
        CheckKind.LEFT,
        lambda: always_left(PRO, n=6),
        "warn",
        "Side bias: 6 of 6 decisive votes took the left picture.",
    ),
    (CheckKind.BLIND, lambda: voted(pro=3), "good", "Judged blind: 3 of 3 votes."),
    (
        CheckKind.BLIND,
        lambda: changed_votes(is_blind=False),
        "warn",
        "Not judged blind: in 20 of 20 votes the models were known.",
    ),
    (CheckKind.BLIND, lambda: voted(), "unknown", "Blindness not known: no votes."),
    (
        CheckKind.CONSISTENT,
        lambda: shown_again(9, 10),
        "good",
        "Consistent: 9 of 10 pairs shown again got the same verdict.",
    ),
    (
        CheckKind.CONSISTENT,
        lambda: shown_again(5, 10),
        "warn",
        "Not consistent: only 5 of 10 pairs shown again got the same verdict.",
    ),
    (
        CheckKind.CONSISTENT,
        lambda: shown_again(4, 4),
        "unknown",
        "Consistency not known: 4 pairs shown again, at least 5 are needed.",
    ),
    (
        CheckKind.SAME_MODEL,
        lambda: twins([TIE] * 4 + [Answer.A_BETTER, Answer.B_BETTER]),
        "good",
        "Two pictures of one model: no preference in 4 of 6, and no side favoured.",
    ),
    (
        CheckKind.SAME_MODEL,
        lambda: twins([Answer.A_BETTER] * 9),
        "warn",
        "Two pictures of one model: the left one preferred in 9 of 9.",
    ),
    (
        CheckKind.SAME_MODEL,
        lambda: twins([TIE]),
        "unknown",
        "Two pictures of one model: 1 judged, at least 5 are needed.",
    ),
    (
        CheckKind.FAILURES,
        lambda: flex_failing(2),
        "good",
        "Failures equal: of 20 attempts at both, flex alone brought no picture in 2, pro alone in 0.",
    ),
    (
        CheckKind.FAILURES,
        lambda: flex_failing(8),
        "warn",
        "Failures not equal: of 20 attempts at both, flex alone brought no picture in 8, pro alone in 0.",
    ),
    (
        CheckKind.FAILURES,
        lambda: summed_up([]),
        "unknown",
        "Failures not known: 0 attempts at both, at least 5 are needed.",
    ),
    (
        CheckKind.FAILURES,
        lambda: voted(pro=4),
        "unknown",
        "Failures not known: 4 attempts at both, at least 5 are needed.",
    ),
    (
        CheckKind.REGENERATIONS,
        lambda: voted(),
        "good",
        "No picture was bought again after one had come.",
    ),
    (
        CheckKind.REGENERATIONS,
        bought_again,
        "warn",
        "1 of 11 pictures were bought again after one had come: a choice among several favours its model.",
    ),
    (CheckKind.PRICES, lambda: voted(pro=3), "good", "Charges known: 3 of 3 pairs."),
    (
        CheckKind.PRICES,
        lambda: voted(pro=3, change=unpriced),
        "warn",
        "Charges not known: only 0 of 3 pairs have both.",
    ),
    (CheckKind.PRICES, lambda: summed_up([]), "unknown", "Charges not known: no pairs."),
    (CheckKind.SIZES, lambda: voted(pro=3), "good", "Equal pixel sizes: 3 of 3 pairs."),
    (
        CheckKind.SIZES,
        lambda: voted(pro=3, change=lambda r: replace(r, width_px=999) if r.lane == 1 else r),
        "warn",
        "Pixel sizes differ: in 3 of 3 pairs.",
    ),
    (
        CheckKind.SIZES,
        lambda: voted(pro=3, change=lambda r: replace(r, width_px=None)),
        "unknown",
        "Pixel sizes not known: in 3 of 3 pairs.",
    ),
    (
        CheckKind.ORIGIN,
        lambda: voted(pro=1),
        "good",
        "Real pictures.",
    ),
    (
        CheckKind.ORIGIN,
        lambda: summed_up([*comparisons(1), *others(2)]),
        "good",
        "Real pictures. 4 runs of the emulator are not counted.",
    ),
    (
        CheckKind.ORIGIN,
        lambda: voted(pro=1, change=emulated, origin=Origin.EMULATED),
        "warn",
        "Emulated pictures: they say nothing about the models.",
    ),
    (
        CheckKind.ORIGIN,
        lambda: voted(pro=1, origin=Origin.EMULATED),
        "warn",
        "Emulated pictures: they say nothing about the models. 2 real runs are not counted.",
    ),
    (CheckKind.VOTERS, lambda: voted(pro=1), "good", "One voter: this is one person's taste."),
    (
        CheckKind.VOTERS,
        lambda: two_voters([PRO] * 9, [PRO] * 9),
        "good",
        "2 voters, and none of them leans the other way.",
    ),
    (
        CheckKind.VOTERS,
        lambda: two_voters([PRO] * 9, [FLEX] * 3),
        "warn",
        "2 voters, and they do not agree: 1 of 2 the other way.",
    ),
    (CheckKind.VOTERS, lambda: voted(), "unknown", "No voters yet."),
    (CheckKind.LEFT_OUT, lambda: voted(pro=1), "good", "No vote was left out."),
    (
        CheckKind.LEFT_OUT,
        taken_back,
        "good",
        "No vote was left out but 1 withdrawn.",
    ),
    (
        CheckKind.LEFT_OUT,
        lambda: voted(pro=2, change=emulated),
        "warn",
        "2 votes were left out: 2 of the other origin.",
    ),
]


@pytest.mark.parametrize(
    ("kind", "build", "outcome", "sentence"), CHECKS, ids=lambda x: str(x)[:40]
)
def test_a_check_says_how_it_turned_out(kind, build, outcome, sentence):
    found = check(build(), kind)

    assert (found.outcome, found.sentence) == (outcome, sentence)


def test_every_check_is_tested_in_both_outcomes_and_shown_once():
    tested = {(kind, Outcome(outcome)) for kind, _, outcome, _ in CHECKS}
    summary = voted(pro=1)

    assert tested >= {(kind, o) for kind in CheckKind for o in (Outcome.GOOD, Outcome.WARN)}
    assert [each.kind for each in checks_of(summary, judge(summary))] == list(CheckKind)


# ---- the vendor's claims ----------------------------------------------------------------------


def claims(summary: Summary) -> dict[str, tuple[ClaimOutcome, str]]:
    return {each.claim.words: (each.outcome, each.sentence) for each in claims_of(summary)}


def test_the_claims_are_the_vendors_own_words():
    for claim in VENDOR_CLAIMS:
        assert claim.words in MODELS[claim.model].vendor_says


def test_flex_is_faster_when_the_interval_says_so():
    outcome, sentence = claims(voted(pro=12))["faster"]

    assert outcome is ClaimOutcome.SUPPORTED
    assert (
        sentence
        == "“flex: faster”: supported. pro takes 1.51 times as long as flex (1.50–1.53, n = 12 pairs)."
    )


def test_flex_is_not_faster_when_pro_is_whichever_is_named_first():
    def swapped(run: Run) -> Run:
        return replace(run, total_s=96 / run.total_s)

    for models in ((FLEX, PRO), (PRO, FLEX)):
        outcome, sentence = claims(voted(pro=12, change=swapped, models=models))["faster"]
        assert outcome is ClaimOutcome.CONTRADICTED
        assert (
            sentence
            == "“flex: faster”: contradicted. pro takes 0.66 times as long as flex (0.65–0.67, n = 12 pairs)."
        )


def test_equal_seconds_tell_nothing_and_time_outs_leave_a_bound():
    def equal(run: Run) -> Run:
        return replace(run, total_s=10 + (int(run.comparison_id[4:]) % 2 == run.lane % 2))

    def late(run: Run) -> Run:
        is_late = run.model == PRO and int(run.comparison_id[4:]) > 6
        return replace(failed(run), status=RunStatus.TIMED_OUT, total_s=None) if is_late else run

    assert claims(voted(pro=12, change=equal))["faster"][0] is ClaimOutcome.CANNOT_TELL
    outcome, sentence = claims(summed_up([late(run) for run in comparisons(11)]))["faster"]
    assert outcome is ClaimOutcome.SUPPORTED
    assert "(at least 1.50, n = 11 pairs)" in sentence


def test_four_pairs_are_too_few_for_any_claim():
    assert {outcome for outcome, _ in claims(voted(pro=4)).values()} == {ClaimOutcome.CANNOT_TELL}
    assert (
        claims(voted(pro=4))["faster"][1]
        == "“flex: faster”: cannot tell. n = 4, at least 5 are needed."
    )


def test_higher_quality_follows_the_live_verdict():
    assert claims(voted(pro=17, flex=3))["higher quality"] == (
        ClaimOutcome.SUPPORTED,
        "“pro: higher quality”: supported. 17 of 20 prompts for pro (53–99 %).",
    )
    assert claims(voted(pro=3, flex=17))["higher quality"] == (
        ClaimOutcome.CONTRADICTED,
        "“pro: higher quality”: contradicted. 3 of 20 prompts for pro (1–47 %).",
    )
    assert claims(voted(pro=12, flex=8))["higher quality"][0] is ClaimOutcome.CANNOT_TELL


def test_better_details_counts_only_votes_that_named_detail():
    runs = comparisons(20)
    votes = votes_on(runs, [PRO] * 10 + [FLEX] * 10)
    detailed = [replace(v, reasons="detail") if v.winner_model == PRO else v for v in votes]

    found = claims(summed_up(runs, detailed))

    assert found["higher quality"][0] is ClaimOutcome.CANNOT_TELL
    assert found["better details"] == (
        ClaimOutcome.SUPPORTED,
        "“pro: better details”: supported. 10 of 10 prompts for pro (at least 58 %).",
    )


def test_the_emulator_proves_no_claim():
    found = claims(voted(pro=20, change=emulated, origin=Origin.EMULATED))

    assert {outcome for outcome, _ in found.values()} == {ClaimOutcome.CANNOT_TELL}
    assert found["faster"][1] == "“flex: faster”: cannot tell. These are emulated pictures."


def test_every_sentence_is_said_somewhere():
    """A text that nothing says is a text nobody keeps right."""
    from pathlib import Path

    import playground.results as package

    code = " ".join(
        p.read_text() for p in Path(package.__path__[0]).glob("*.py") if p.stem != "sentences"
    )
    composed = {f"{kind}_{outcome}" for kind in CheckKind for outcome in Outcome}
    said = composed | {str(kind) for kind in VerdictKind} | {str(o) for o in ClaimOutcome}
    said |= {f"left_out_{reason}" for reason in LeftOut}
    said |= {f"origin_{outcome}_alone" for outcome in Outcome}
    # What the sentences' own module puts together.
    own = ("interval", "ratio_", "part_", "references_")
    said |= {key for key in TEXTS if key.startswith(own)} | {"listed", "estimate_interval"}

    assert {key for key in TEXTS if key not in said and f'"{key}"' not in code} == set()
