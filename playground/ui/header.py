"""The line on top as HTML: emulated or live, what the account holds, what is spent, what is open."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from playground.markup import Markup, el
from playground.pricing import CREDITS_PER_USD
from playground.runner.views import AccountView, MoneyView, RunView
from playground.schema import Balance, Origin
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.texts import CATALOGUES, OWN_NAMES, Language, spoken, text
from playground.ui.texts.telling import told

_CENT = Decimal("0.01")
MAX_LISTED = 30
PROMPT_CHARACTERS = 80
KEY_PANEL_ID = "key-panel"
TASKS_PANEL_ID = "tasks-panel"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExperiment:
    """An experiment with runs that have not ended; all of them are one line."""

    experiment_id: str
    name: str
    n_sent: int
    n_unsent: int  # planned, with money set aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the line on top tells."""

    account: AccountView
    money: MoneyView
    open_views: tuple[RunView, ...]
    is_own_key: bool  # typed in on this page, not the server's
    hidden_ids: frozenset[str] = frozenset()  # comparisons whose sides nobody may tell apart
    experiments: tuple[OpenExperiment, ...] = ()  # their runs are in no other list here
    lasting: str | None = None  # what this deployment forgets, and when; None on one's own machine
    is_public: bool = False  # strangers come: nobody is told what others hold or spend

    @property
    def is_shared(self) -> bool:
        """The account is not the visitor's own."""
        return self.is_public and not self.is_own_key


def header_html(header: Header, *, now: datetime | None = None) -> Markup:
    """
    Args:
        now: What the ages of the open tasks start from; the present by default.
    """
    return el(
        "div",
        _brand(header.account),
        el(
            "div",
            None if header.is_shared else _balance(header.account),
            _today(header),
            _spent("header.session", header.money.session_usd, header.money.session_cap_usd),
            _open_button(len(header.open_views) + len(header.experiments)),
            _key_button(header),
            *(_language_button(each) for each in CATALOGUES if each is not spoken()),
            class_="pg-chips",
            role="group",
            aria_label=text("header.region"),
        ),
        _problem(header.account),
        _lasting(header),
        _open_panel(header, now or datetime.now(UTC)),
        class_="pg-bar",
        data_origin=header.account.origin,
    )


def _brand(account: AccountView) -> Markup:
    origin = account.origin
    return el(
        "div",
        el("h1", text("page.brand"), el("small", text("page.brand_detail"))),
        el(
            "span",
            text(f"origin.{origin}"),
            class_=f"pg-badge pg-badge-large pg-badge-{origin}",
            title=text(f"origin.{origin}_detail", host=account.host),
        ),
        class_="pg-brand",
    )


def _chip(
    name: str, value: str, detail: str | None = None, *, kind: str, has_unknown: bool = False
) -> Markup:
    return el(
        "span",
        el("span", text(name), class_="pg-chip-name"),
        " ",
        el("strong", value),
        el("span", f" {detail}", class_="pg-chip-detail") if detail else None,
        class_="pg-chip",
        data_chip=kind,
        data_unknown=has_unknown,
    )


def balance_words(balance: Balance | None) -> tuple[str, str | None]:
    """The balance in credits, and about what that is in USD; a dash when the service did not say."""
    if balance is None:
        return fmt.UNKNOWN, None
    if balance.is_unlimited:
        return text("header.balance_unlimited"), None
    if balance.credits is None:
        return fmt.UNKNOWN, None
    usd = fmt.usd((balance.credits / CREDITS_PER_USD).quantize(_CENT))
    return fmt.credits(balance.credits), text("header.balance_usd", usd=usd)


def _balance(account: AccountView) -> Markup:
    value, detail = balance_words(account.balance)
    return _chip("header.balance", value, detail, kind="balance")


def _spent(
    name: str, spent_usd: Decimal, cap_usd: Decimal | None, money: MoneyView | None = None
) -> Markup:
    cap = text("header.no_cap") if cap_usd is None else text("header.of_cap", cap=fmt.usd(cap_usd))
    unknown_count = 0 if money is None else money.unknown_count
    if unknown_count:
        cap += f" {text('header.unknown_count', count=unknown_count)}"
    kind = name.removeprefix("header.")
    return _chip(name, fmt.usd(spent_usd), cap, kind=kind, has_unknown=unknown_count > 0)


def _today(header: Header) -> Markup | None:
    money = header.money
    if not header.is_public:
        return _spent("header.today", money.day_usd, money.day_cap_usd, money)
    if money.visitor_cap_usd is None:
        return None
    left_usd = money.visitor_cap_usd - money.visitor_usd
    if money.day_cap_usd is not None:
        left_usd = min(left_usd, money.day_cap_usd - money.day_usd)
    left = fmt.usd(max(Decimal(0), left_usd))
    cap = text("header.of_cap", cap=fmt.usd(money.visitor_cap_usd))
    return _chip("header.allowance", left, cap, kind="allowance")


def _open_button(count: int) -> Markup:
    names = {0: "header.open_none", 1: "header.open_one"}
    return el(
        "button",
        text(names.get(count, "header.open_many"), count=count),
        type="button",
        class_="pg-chip pg-chip-button",
        popovertarget=TASKS_PANEL_ID,
        data_chip="open",
        data_count=count,
    )


def _key_button(header: Header) -> Markup:
    account = header.account
    if header.is_own_key:
        words = text("header.key_own", masked=account.masked_key)
    elif header.is_shared and header.money.visitor_cap_usd is not None:
        words = text("header.key_lent")
    elif account.origin is Origin.LIVE:
        words = text("header.key_host", masked=account.masked_key)
    else:
        words = text("header.key_none")
    return el(
        "button",
        words,
        type="button",
        class_="pg-chip pg-chip-button pg-chip-key",
        popovertarget=KEY_PANEL_ID,
        data_chip="key",
        data_own=header.is_own_key,
    )


def _language_button(language: Language) -> Markup:
    return el(
        "button",
        OWN_NAMES[language],
        type="button",
        class_="pg-chip pg-chip-button",
        lang=language,
        data_action="speak",
        data_language=language,
        data_chip="language",
    )


def _lasting(header: Header) -> Markup | None:
    if header.lasting is None:
        return None
    return el("p", header.lasting, class_="pg-bar-lasting", data_lasting=True)


def _problem(account: AccountView) -> Markup | None:
    if account.problem is None:
        return None
    return el("p", told(account.problem), class_="pg-bar-problem", role="status")


def _open_panel(header: Header, now: datetime) -> Markup:
    listed = [_experiment_item(each) for each in header.experiments[:MAX_LISTED]]
    listed += [
        _open_item(view, _open_words(view, header.hidden_ids), now)
        for view in header.open_views[:MAX_LISTED]
    ]
    return el(
        "div",
        el("h2", text("header.open_title")),
        el("p", text("header.open_lead" if listed else "header.open_empty")),
        el("ul", *listed) if listed else None,
        id=TASKS_PANEL_ID,
        popover="auto",
        class_="pg-panel pg-tasks",
    )


def _open_words(view: RunView, hidden_ids: frozenset[str]) -> str:
    if view.comparison_id in hidden_ids:
        return text("header.open_hidden")
    phase = text("phase.detached" if view.is_detached else f"phase.{view.phase}")
    return f"{model_name(view.request.model)} · {phase}"


def _experiment_item(each: OpenExperiment) -> Markup:
    return el(
        "li",
        el(
            "button",
            el("span", fmt.shortened(each.name, PROMPT_CHARACTERS), class_="pg-task-prompt", dir="auto"),
            el("span", text("header.open_experiment", sent=f"{each.n_sent:,}", unsent=f"{each.n_unsent:,}"), class_="pg-task-state"),
            type="button",
            data_experiment=each.experiment_id,
            popovertarget=TASKS_PANEL_ID,
            popovertargetaction="hide",
        ),
    )  # fmt: skip


def _open_item(view: RunView, words: str, now: datetime) -> Markup:
    age_s = max(0.0, (now - view.started_at).total_seconds())
    return el(
        "li",
        el(
            "button",
            el("span", fmt.shortened(view.request.prompt, PROMPT_CHARACTERS), class_="pg-task-prompt", dir="auto"),
            el("span", words, class_="pg-task-state"),
            el("span", fmt.seconds(age_s), class_="pg-clock", data_elapsed_s=f"{age_s:.2f}", aria_hidden="true"),
            type="button",
            data_action="open",
            data_comparison=view.comparison_id,
            popovertarget=TASKS_PANEL_ID,
            popovertargetaction="hide",
        ),
    )  # fmt: skip
