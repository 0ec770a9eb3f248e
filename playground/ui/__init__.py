"""The screens, in Gradio; no other package of the program imports it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from playground import heap
from playground.history.pages import History
from playground.hub import Kept
from playground.runner.cleaning import CLEAN_EVERY_S, LOOK_EVERY_S, Cleaner, Janitor
from playground.runner.desk import Desk
from playground.ui import framework
from playground.ui.api.endpoints import MCP_PATH, Endpoints, offer
from playground.ui.api.programs import Programs
from playground.ui.compare.account import AccountBar
from playground.ui.compare.examples import EXAMPLE_DIR, recorded_example
from playground.ui.compare.flow import Flow
from playground.ui.compare.references import MAX_UPLOAD_BYTES
from playground.ui.compare.screen import CompareScreen
from playground.ui.experiment.easel import ExperimentEasel
from playground.ui.experiment.flow import ExperimentFlow, Labs
from playground.ui.experiment.screen import ExperimentScreen
from playground.ui.exports import Exports
from playground.ui.history.past import past_flow
from playground.ui.history.screen import HistoryScreen
from playground.ui.judge.screen import JudgeScreen
from playground.ui.judge.sitting import Sittings
from playground.ui.languages import PageLanguage, SpokenPage, in_every_language
from playground.ui.results.findings import FindingsBook
from playground.ui.results.screen import ResultsScreen
from playground.ui.results.weighing import Weighing
from playground.ui.serving.bodies import FORM_BYTES, MAX_JSON_BYTES, Limits
from playground.ui.serving.callers import calling_address
from playground.ui.serving.door import Door
from playground.ui.serving.front_page import FrontPage
from playground.ui.serving.gate import gate
from playground.ui.serving.receiver import WEBHOOK_PATH, webhook_routes
from playground.ui.serving.security import middleware
from playground.ui.serving.sessions import MAX_SESSIONS, Sessions, looking_after
from playground.ui.shelf import Shelf
from playground.ui.texts import text
from playground.ui.theme import theme
from playground.ui.typed import Typed, keep_typed, plain_comparison, plain_plan
from playground.ui.visits import Visits
from playground.ui.widgets import (
    COMPARE_TAB,
    EXPERIMENT_TAB,
    HISTORY_TAB,
    JUDGE_TAB,
    RESULTS_TAB,
    asset,
)
from playground.wire.webhooks import MAX_BODY_BYTES

STYLE_SHEETS = (
    "page.css",
    "composer.css",
    "cards.css",
    "stage.css",
    "vote.css",
    "judge.css",
    "history.css",
    "experiment.css",
    "plots.css",
    "results.css",
)
SCRIPTS = ("page.js", "redrawing.js")
# Twice the same class: ours must win over the framework's reset of every button and list.
ROOT = ".gradio-container.gradio-container"
KEEP_UPLOADS_S = 24 * 3600
LOOK_FOR_OLD_UPLOADS_S = 3600
MAX_WAITING_EVENTS = 256
EVERYWHERE = "0.0.0.0"


def build(desk: Desk, *, kept: Callable[[], Kept] | None = None) -> gr.Blocks:
    """
    The whole page over a started desk. Makes the served folders known to the framework.

    Args:
        kept: How the copy on the Hub is doing, where there is to be one.
    """
    framework.lighten()
    thumbnails_dir = _thumbnails_dir(desk)
    thumbnails_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In place and untouched: what the service made is what the browser gets, byte for byte.
    gr.set_static_paths(_served_folders(desk))
    settings = desk.settings

    def meet(owner_id: str) -> str:
        return desk.meet(owner_id, calling_address(is_behind_proxy=settings.is_behind_proxy))

    visits = Visits(forget_account=desk.close_account, is_public=settings.is_public, meet=meet)
    flow = Flow(
        desk,
        visits=visits,
        shelf=Shelf(
            desk,
            upload_dir=Path(get_upload_folder()),
            thumbnails_dir=thumbnails_dir / "references",
        ),
        thumbnails_dir=thumbnails_dir / "pictures",
        example=recorded_example(),
    )
    flow.easel.kept = kept
    past = History(desk.settings.data_dir.resolve())
    sittings = Sittings(
        desk,
        flow.ballots,
        past,
        # Looked up each time: it is known only when the other screens are there.
        experiment_name=lambda each: flow.easel.experiment_name(each),
    )
    back = past_flow(flow, past, thumbnails_dir=thumbnails_dir)
    steps = ExperimentFlow(flow, Labs(desk))
    flow.easel.experiment_name = steps.name_of
    easel = ExperimentEasel(
        steps,
        ballots=flow.ballots,
        archive=back.archive,
        exports=Exports(desk.settings.data_dir.resolve(), folder=thumbnails_dir / "exports"),
    )
    book = FindingsBook(desk.settings.data_dir.resolve())
    weighed = Weighing(book, archive=back.archive, votes=flow.ballots.log)
    endpoints = Endpoints(Programs(flow, book), is_behind_proxy=desk.settings.is_behind_proxy)

    uploads_kept_s = KEEP_UPLOADS_S
    if settings.is_public:
        uploads_kept_s = min(KEEP_UPLOADS_S, int(settings.kept_h * 3600))

    def lay_out(kind: type[SpokenPage]) -> SpokenPage:
        demo: SpokenPage
        with kind(
            title=text("page.title"),
            fill_width=True,
            analytics_enabled=False,
            delete_cache=(LOOK_FOR_OLD_UPLOADS_S, uploads_kept_s),
        ) as demo:
            visit_id = gr.State("")
            bar = AccountBar(flow, visit_id)
            with gr.Tabs(elem_id="tabs"):
                with gr.Tab(text("tabs.compare"), id=COMPARE_TAB, elem_id="tab-compare") as now:
                    screen = CompareScreen(flow, bar.header, visit_id)
                # The others fill themselves when somebody first looks at them.
                with gr.Tab(
                    text("tabs.experiment"), id=EXPERIMENT_TAB, elem_id="tab-experiment"
                ) as trying:
                    experiment = ExperimentScreen(flow, steps, easel, sittings, visit_id)
                with gr.Tab(text("judge.tab"), id=JUDGE_TAB, elem_id="tab-judge") as judging:
                    judge = JudgeScreen(flow, sittings, visit_id)
                with gr.Tab(
                    text("tabs.history"), id=HISTORY_TAB, elem_id="tab-history"
                ) as looking_back:
                    history = HistoryScreen(flow, back, visit_id)
                with gr.Tab(
                    text("tabs.results"), id=RESULTS_TAB, elem_id="tab-results"
                ) as weighing:
                    results = ResultsScreen(flow, weighed, visit_id)
            entered = screen.wire(demo, bar.wire())
            judge.wire(demo, judging)
            chosen = experiment.wire(demo, trying, [now, judging, looking_back, weighing])
            history.wire(looking_back, [now, trying, judging, weighing], screen)
            results.wire(weighing, screen)
            offer(endpoints)
            keep_typed(
                visits,
                bar.header,
                visit_id,
                Typed(name="compare", widgets=screen.form, ready=entered, plain=plain_comparison),
                # Hidden widgets must not be written to.
                Typed(name="experiment", widgets=experiment.form, ready=chosen, plain=plain_plan),
            )
        return demo

    demo = in_every_language(lay_out)
    desk.take_in(Janitor(_chores(desk, visits, steps)))
    demo.queue(default_concurrency_limit=None, max_size=MAX_WAITING_EVENTS, api_open=False)
    framework.with_quiet_queue(demo)
    return demo


def _chores(
    desk: Desk, visits: Visits, steps: ExperimentFlow
) -> list[tuple[float, Callable[[], object]]]:
    """What is done now and then as long as the page stands."""
    chores: list[tuple[float, Callable[[], object]]] = [
        (LOOK_EVERY_S, visits.forget_idle),
        (LOOK_EVERY_S, desk.playground.engine.kit.journal.tidy),
        (LOOK_EVERY_S, heap.give_back),
    ]
    if desk.settings.is_public:
        cleaner = Cleaner(
            desk.playground.engine.kit,
            kept_s=desk.settings.kept_h * 3600,
            also_used=steps.shelf.references_in_use,
        )
        chores.append((CLEAN_EVERY_S, cleaner.clean))
    return chores


def launch_options(desk: Desk) -> dict[str, Any]:
    """What `launch` of the page must be given; address and port are the caller's to add."""
    settings = desk.settings
    return {
        # A Space is reached from outside its container; anywhere else nobody is let in unasked.
        **({"server_name": EVERYWHERE} if settings.is_space else {}),
        "theme": theme(),
        # In the head as they are: the framework's own way rewrites selectors and drops rules.
        "head": _head(is_public=settings.is_public),
        "max_threads": 200,
        "max_file_size": MAX_UPLOAD_BYTES,
        "run_history": False,  # it would keep what is typed, keys too, in the browser
        "enable_monitoring": False,
        "show_error": False,
        "footer_links": [],
        "ssr_mode": False,  # its proxy would pass by the check of host names
        "pwa": False,
        "share": False,
        "state_session_capacity": MAX_SESSIONS,
        "strict_cors": True,
        "app_kwargs": {
            "middleware": [
                *middleware(settings.allowed_hosts),
                *gate(settings.auth),
                _door(desk),
                Middleware(PageLanguage),
                Middleware(FrontPage),
            ],
            "routes": webhook_routes(desk),
            "lifespan": looking_after(Sessions()),
        },
        "mcp_server": settings.is_mcp_on,
    }


def _thumbnails_dir(desk: Desk) -> Path:
    return desk.settings.data_dir.resolve() / "thumbnails"


def _served_folders(desk: Desk) -> list[str | Path]:
    return [desk.pictures_dir, _thumbnails_dir(desk), EXAMPLE_DIR]


def _door(desk: Desk) -> Middleware:
    settings = desk.settings
    return Middleware(
        Door,
        limits=Limits(upload_bytes=MAX_UPLOAD_BYTES + FORM_BYTES),
        # A pattern stands for pages of strangers too: `*.hf.space` are everybody's Spaces.
        origins=[host for host in settings.allowed_hosts if "*" not in host],
        upload_dir=Path(get_upload_folder()),
        served=map(Path, _served_folders(desk)),
        beside={
            WEBHOOK_PATH: MAX_BODY_BYTES,
            **({MCP_PATH: MAX_JSON_BYTES} if settings.is_mcp_on else {}),
        },
        is_behind_proxy=settings.is_behind_proxy,
    )


def _head(*, is_public: bool) -> str:
    nested = "\n".join(asset(name) for name in STYLE_SHEETS)
    styles = f"{asset('tokens.css')}\n{ROOT} {{\n{nested}}}"
    scripts = "".join(f"<script>{asset(name)}</script>" for name in SCRIPTS)
    public = '<meta name="playground-public" content="yes">' if is_public else ""
    return f"{public}<style>{styles}</style>{scripts}"
