"""The Compare screen as values: what stands on the right of the page, drawn from the engine's views."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playground import catalog
from playground.errors import PlaygroundError
from playground.hub import Kept
from playground.images import thumbnail
from playground.judging.votes import shown_as_a
from playground.markup import Markup, el
from playground.provenance.guards import Guard
from playground.runner.desk import Desk
from playground.runner.views import RunView
from playground.schema import Comparison
from playground.ui.cards import Card, card_html
from playground.ui.compare.earlier import Earlier, earlier_html
from playground.ui.compare.lasting import lasting_words
from playground.ui.format import file_url
from playground.ui.header import Header, OpenExperiment, header_html
from playground.ui.money import Quote
from playground.ui.noticed import Noticed
from playground.ui.stage import StagePicture, empty_stage, stage_value
from playground.ui.subject import subject_html
from playground.ui.visits import Visit, Visits
from playground.ui.voting.ballots import Ballots, Sight
from playground.ui.voting.blind import blind_card, blind_stage
from playground.ui.voting.neutral_references import NeutralReferences
from playground.ui.voting.votes import vote_of_comparison
from playground.ui.wallet import Wallet

LANES = len(catalog.DEFAULT_LANES)
PLACES = tuple(range(1, LANES + 1))  # of cards on the screen, from the left
MAX_EARLIER = 24
# Screens drawn at once: more of them are no quicker, and keep running cards from being sent.
AT_ONCE = 2
THUMBNAIL_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the person set on the left."""

    prompt: str
    lanes: tuple[str, ...]
    size: str = "1:1"
    resolution: str = "1K"
    repeats: int = 1
    references: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A purchase that waits for a yes. Frozen: what was shown is what is bought."""

    reason: str
    quote: Quote
    comparison: Comparison | None = None
    retry_of: str | None = None
    is_blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Everything on the right, and what the buttons may do."""

    page_id: str
    comparison_id: str | None
    subject: Markup
    cards: tuple[Markup, ...]
    stage: dict[str, Any]
    vote: dict[str, Any]
    earlier: Markup
    header: Markup
    notice: Markup
    is_running: bool = False  # something of this visit; nothing more is begun until it is over
    is_watched: bool = False  # what is shown is running, so its watchers write the cards
    pending: Pending | None = None
    form: Form | None = None  # set when the form is to be filled again


@dataclass(slots=True)
class Easel:
    """Draws screens. `example` is shown while nothing was run."""

    desk: Desk
    visits: Visits
    wallet: Wallet
    ballots: Ballots
    thumbnails_dir: Path
    example: tuple[RunView, ...] = ()
    kept: Callable[[], Kept] | None = None  # how the copy on the Hub is doing
    experiment_name: Callable[[str], str] = str  # what its maker called an experiment
    neutral_references: NeutralReferences = field(init=False)
    noticed: Noticed = field(init=False)
    _turns: asyncio.Semaphore = field(
        init=False, default_factory=lambda: asyncio.Semaphore(AT_ONCE)
    )

    def __post_init__(self) -> None:
        self.neutral_references = NeutralReferences(self.thumbnails_dir.with_name("shown"))
        self.noticed = Noticed(self.desk.settings.data_dir.resolve() / "references")

    async def screen(
        self,
        visit: Visit,
        page_id: str,
        *,
        notice: str | None = None,
        focus: str | None = None,
        pending: Pending | None = None,
        problem: str | None = None,
    ) -> Screen:
        """
        The screen as things stand; drawing it again changes nothing.

        Args:
            problem: Why an act on the vote panel was not taken.
        """
        # Thumbnails are made and the log is summed up at first sight: not on the page's loop.
        async with self._turns:
            screen = await asyncio.to_thread(
                self._screen,
                visit,
                page_id,
                notice=notice_html(notice, focus=focus),
                pending=pending,
                problem=problem,
            )
        # What runs is written down on the loop only: it decides whether more may be bought.
        return replace(screen, is_running=self.running(visit) is not None)

    def _screen(
        self,
        visit: Visit,
        page_id: str,
        *,
        notice: Markup,
        pending: Pending | None,
        problem: str | None,
    ) -> Screen:
        shown = self.visits.shown(page_id)
        views = self.shown_views(page_id, visit)
        sight = self._sight(views, visit)
        guards = self.noticed.about(views)
        return Screen(
            page_id=page_id,
            comparison_id=shown if views else None,
            subject=self._subject(views),
            cards=tuple(self._card_at(place, views, visit, sight, guards) for place in PLACES),
            stage=seen_stage(views or self.example, sight, self._references(views)),
            vote=vote_of_comparison(sight, views, problem=problem),
            earlier=self._earlier(visit, shown),
            header=self.header(visit),
            notice=notice,
            is_watched=not all(view.is_over for view in views),
            pending=pending,
        )

    def _references(self, views: Sequence[RunView]) -> tuple[StagePicture, ...]:
        return self.neutral_references.pictures(views[0].request.references) if views else ()

    def shown_views(self, page_id: str, visit: Visit) -> tuple[RunView, ...]:
        """
        The runs of the comparison a page shows; none while it shows the example.

        A page is named by whoever calls, so what another visitor shows there is not told.
        """
        shown = self.visits.shown(page_id)
        return () if shown is None else self.desk.own_views(shown, visit.owner_id)

    def running(self, visit: Visit) -> str | None:
        """The comparison of this visit that is not over, None without one."""
        for comparison_id in tuple(visit.live_ids):
            views = self.desk.own_views(comparison_id, visit.owner_id)
            if all(view.is_over for view in views):
                visit.live_ids.discard(comparison_id)
        return next(iter(visit.live_ids), None)

    def _sight(self, views: Sequence[RunView], visit: Visit) -> Sight:
        """What this visit's voter may see of the runs of a comparison; all of the example."""
        return self.ballots.look(visit.voter_id, views) if views else Sight()

    def header(self, visit: Visit) -> Markup:
        account = self.wallet.account(visit)
        found = self.desk.open_views(visit.owner_id)
        singly = [view for view in found if view.experiment_id is None]
        open_views, hidden_ids = self._open_views(singly, visit)
        return header_html(
            Header(
                account=account,
                money=self.desk.money(
                    account.origin,
                    visit.visit_id,
                    account_id=account.account_id,
                    owner_id=visit.owner_id,
                ),
                open_views=open_views,
                is_own_key=visit.account_id is not None,
                is_public=self.desk.settings.is_public,
                hidden_ids=hidden_ids,
                experiments=self._open_experiments(found),
                lasting=lasting_words(self.desk.settings, self.kept() if self.kept else None),
            )
        )

    def _open_experiments(self, views: Sequence[RunView]) -> tuple[OpenExperiment, ...]:
        """A line for each: its planned runs may be thousands."""
        found: dict[str, list[bool]] = {}
        for view in views:
            if view.experiment_id is not None:
                found.setdefault(view.experiment_id, []).append(view.phase.is_sent)
        return tuple(
            OpenExperiment(
                experiment_id=experiment_id,
                name=self.experiment_name(experiment_id),
                n_sent=sum(sent),
                n_unsent=len(sent) - sum(sent),
            )
            for experiment_id, sent in found.items()
        )

    def _open_views(
        self, views: Sequence[RunView], visit: Visit
    ) -> tuple[tuple[RunView, ...], frozenset[str]]:
        """What is open, and of which comparisons the sides are hidden: these stay whole to the end."""
        shown: list[RunView] = []
        hidden_ids: set[str] = set()
        for view in views:
            if view.comparison_id in hidden_ids:
                continue
            if not self.ballots.is_sealed(view.comparison_id):
                shown.append(view)
                continue
            views = self.desk.own_views(view.comparison_id, visit.owner_id)
            if self.ballots.is_hidden(visit.voter_id, views):
                hidden_ids.add(view.comparison_id)
                begun_at = min(each.started_at for each in views)
                shown += (replace(each, started_at=begun_at) for each in views)
            else:
                shown.append(view)
        return tuple(shown), frozenset(hidden_ids)

    async def card_at(self, place: int, views: Sequence[RunView], visit: Visit) -> Markup:
        """The card on a side, from 1; of the example when there are no views."""
        # Copies may have to be made, and what is shown is written down.
        return await asyncio.to_thread(
            lambda: self._card_at(place, views, visit, self._sight(views, visit))
        )

    def _card_at(
        self,
        place: int,
        views: Sequence[RunView],
        visit: Visit,
        sight: Sight,
        guards: tuple[Guard, ...] = (),
    ) -> Markup:
        if sight.is_hidden:
            return blind_card(place, views, sight)
        if sight.showing is not None and sight.is_drawn:
            run_id = sight.showing.run_ids[place - 1]
            view = next(view for view in views if view.run_id == run_id)
            return self.card(view.lane, (view,), visit, place=place, guards=guards)
        if views:
            return self.card(place, of_lane(views, place), visit, guards=guards)
        return card_html(
            Card(
                lane=place,
                views=of_lane(self.example, place),
                model=catalog.DEFAULT_LANES[place - 1],
                is_example=bool(self.example),
            )
        )

    def card(
        self,
        lane: int,
        views: tuple[RunView, ...],
        visit: Visit,
        *,
        place: int | None = None,
        guards: tuple[Guard, ...] = (),
    ) -> Markup:
        present = tuple(
            replace(view, picture=None)
            if view.picture is not None and not view.picture.is_file()
            else view
            for view in views
        )
        return card_html(
            Card(
                lane=lane,
                views=present,
                price=lambda request: self.wallet.price_words(request, visit),
                place=place,
                guards=guards,
            )
        )

    def _subject(self, views: Sequence[RunView]) -> Markup:
        shown = views or self.example
        return subject_html(shown[0], is_example=not views) if shown else Markup("")

    def _earlier(self, visit: Visit, shown: str | None) -> Markup:
        comparisons = []
        for comparison_id in reversed(visit.comparison_ids[-MAX_EARLIER:]):
            views = self.desk.own_views(comparison_id, visit.owner_id)
            if views:
                is_hidden = self.ballots.is_hidden(visit.voter_id, views)
                thumbnails = tuple(
                    None if is_hidden else self._thumbnail(views, lane)
                    for lane in self._lanes_in_order(views, visit)
                )
                comparisons.append(
                    Earlier(
                        comparison_id=comparison_id,
                        views=views,
                        thumbnails=thumbnails,
                        is_hidden=is_hidden,
                    )
                )
        return earlier_html(comparisons, shown_id=shown)

    def _lanes_in_order(self, views: Sequence[RunView], visit: Visit) -> list[int]:
        """As this voter had the first pictures before them; as numbered where they judged none."""
        acts = self.ballots.log.votes_of(views[0].comparison_id)
        left = shown_as_a(act for act in acts if act.voter_id == visit.voter_id)
        firsts = {lane: of_lane(views, lane)[:1] for lane in PLACES}
        return sorted(firsts, key=lambda lane: not any(v.run_id in left for v in firsts[lane]))

    def _thumbnail(self, views: Sequence[RunView], lane: int) -> Path | None:
        for view in of_lane(views, lane):
            if view.run is not None and view.picture is not None:
                try:
                    return thumbnail(view.picture, self.thumbnails_dir, max_px=THUMBNAIL_PX)
                except PlaygroundError:
                    return None  # the card says what is wrong with the file
        return None


def seen_stage(
    views: Sequence[RunView], sight: Sight, references: Sequence[StagePicture] = ()
) -> dict[str, Any]:
    """The stage as a voter may see it: the pair before them first, blind while it is hidden."""
    if sight.is_hidden:
        return blind_stage(sight, views)
    if sight.showing is None:
        return staged(views, references=references)
    # Between the blind and the revealed view zoom and place are kept.
    token = sight.showing.token if sight.is_drawn else None
    return staged(views, references=references, pair_of=sight.showing.run_ids, pair_id=token)


def staged(
    views: Sequence[RunView],
    *,
    references: Sequence[StagePicture] = (),
    pair_of: tuple[str, str] | None = None,
    pair_id: str | None = None,
) -> dict[str, Any]:
    """
    Two pictures on the stage, the other ones to choose from; else empty.

    Args:
        pair_of: The runs of the two; by default the first picture of each side.
    """
    shown = [view for view in views if view.run and view.picture and view.picture.is_file()]
    firsts = [each[0] for lane in PLACES if (each := of_lane(shown, lane))]
    pair = firsts if len(firsts) == LANES else shown[:LANES]
    if pair_of is not None:
        pair = [view for run_id in pair_of for view in shown if view.run_id == run_id]
    if len(pair) < LANES:
        return empty_stage()
    others = [view for view in shown if view not in pair]
    a, b, *more = [_stage_picture(view, has_repeats=bool(others)) for view in (*pair, *others)]
    pair_id = pair_id or " ".join(view.run_id for view in pair)
    return stage_value(a, b, others=[*more, *references], pair_id=pair_id)


def _stage_picture(view: RunView, *, has_repeats: bool) -> StagePicture:
    if view.run is None or view.picture is None:
        raise ValueError(f"Run {view.run_id} has no picture.")
    name = catalog.find_model(view.request.model).name
    label = f"{name} #{view.repeat}" if has_repeats else name
    return StagePicture(
        url=file_url(view.picture),
        width_px=view.run.width_px or 0,
        height_px=view.run.height_px or 0,
        label=label,
        alt=f"{label}: {view.request.prompt}",
    )


def of_lane(views: Sequence[RunView], lane: int) -> tuple[RunView, ...]:
    return tuple(view for view in views if view.lane == lane)


def notice_html(words: str | None, *, focus: str | None = None) -> Markup:
    """What to tell; `focus` names the field that caused it."""
    # The region is always there, for only changes inside a region are announced.
    return el(
        "div",
        el("p", words) if words else None,
        class_="pg-notice",
        role="alert",
        data_focus=focus,
    )
