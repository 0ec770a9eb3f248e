"""The line on top: whose money, how much of it, and what is open."""

from decimal import Decimal

from playground.runner.views import AccountView, MoneyView, RunView
from playground.schema import Balance, Origin
from playground.ui.header import Header, balance_words, header_html
from tests.ui_samples import NOW, a_request, a_view, an_account, some_money


def _html(
    account: AccountView | None = None,
    money: MoneyView | None = None,
    views: tuple[RunView, ...] = (),
    *,
    is_own_key: bool = False,
) -> str:
    header = Header(
        account=account or an_account(),
        money=money or some_money(),
        open_views=views,
        is_own_key=is_own_key,
    )
    return header_html(header, now=NOW)


def test_emulated_and_live_cannot_be_mixed_up() -> None:
    live, emulated = _html(), _html(an_account(origin=Origin.EMULATED))

    assert ">Live<" in live
    assert ">Emulated<" not in live
    assert ">Emulated<" in emulated
    assert ">Live<" not in emulated


def test_spending_stands_against_its_caps() -> None:
    html = _html(money=some_money(day_cap_usd=None, unknown_count=2))

    assert "$0.385" in html
    assert "no cap + 2 of unknown cost" in html
    assert "data-unknown" in html  # then a phone shows it too
    assert "data-unknown" not in _html()
    assert "$0.19" in html
    assert "of $5.00" in html


def test_a_balance_that_was_not_told_is_a_dash() -> None:
    unlimited = Balance(credits=None, used_credits=None, is_unlimited=True)

    assert balance_words(None) == ("–", None)
    assert balance_words(Balance(credits=None, used_credits=None)) == ("–", None)
    assert balance_words(unlimited) == ("no limit", None)
    assert balance_words(Balance(credits=Decimal(2100), used_credits=None)) == (
        "2,100 credits",
        "≈ $10.50",
    )


def test_open_tasks_are_counted_and_listed_with_their_prompt_as_text() -> None:
    views = (a_view(request=a_request(prompt="<b>bold</b>")), a_view(run_id="run_2"))

    html = _html(views=views)

    assert "2 open tasks" in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert 'data-comparison="cmp_1"' in html


def test_the_key_is_shown_by_its_mask_and_whose_it_is() -> None:
    assert "Your key sk-…9f3e" in _html(is_own_key=True)
    assert "Key sk-…9f3e" in _html()
    assert "No key" in _html(an_account(origin=Origin.EMULATED))


def test_a_problem_of_the_account_is_told() -> None:
    html = _html(an_account(problem="The account has no credits left."))

    assert "The account has no credits left." in html
