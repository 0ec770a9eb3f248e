"""The screens, in Gradio; no other package of the program imports it."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from playground.history.pages import History
from playground.runner.desk import Desk
from playground.ui.account import AccountBar
from playground.ui.compare import CompareScreen
from playground.ui.examples import EXAMPLE_DIR, recorded_example
from playground.ui.experiment import ExperimentScreen
from playground.ui.experiment_flow import ExperimentFlow, Labs
from playground.ui.experiment_view import ExperimentEasel
from playground.ui.exports import Exports
from playground.ui.findings import FindingsBook
from playground.ui.flow import Flow
from playground.ui.history import HistoryScreen
from playground.ui.judge import JudgeScreen
from playground.ui.past import past_flow
from playground.ui.references import MAX_UPLOAD_BYTES
from playground.ui.results import ResultsScreen
from playground.ui.security import middleware
from playground.ui.shelf import Shelf
from playground.ui.sitting import Sittings
from playground.ui.texts import text
from playground.ui.theme import theme
from playground.ui.visits import Visits
from playground.ui.weighing import Weighing
from playground.ui.widgets import (
    COMPARE_TAB,
    EXPERIMENT_TAB,
    HISTORY_TAB,
    JUDGE_TAB,
    RESULTS_TAB,
    asset,
)

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
# Twice the same class: ours must win over the framework's reset of every button and list.
ROOT = ".gradio-container.gradio-container"
KEEP_UPLOADS_S = 24 * 3600
LOOK_FOR_OLD_UPLOADS_S = 3600
MAX_WAITING_EVENTS = 256


def build(desk: Desk) -> gr.Blocks:
    """The whole page over a started desk. Makes the served folders known to the framework."""
    thumbnails_dir = desk.settings.data_dir.resolve() / "thumbnails"
    thumbnails_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # In place and untouched: what the service made is what the browser gets, byte for byte.
    gr.set_static_paths([desk.pictures_dir, thumbnails_dir, EXAMPLE_DIR])
    visits = Visits(forget_account=desk.close_account)
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
    past = History(desk.settings.data_dir.resolve())
    demo: gr.Blocks
    with gr.Blocks(
        title=text("page.title"),
        fill_width=True,
        analytics_enabled=False,
        delete_cache=(LOOK_FOR_OLD_UPLOADS_S, KEEP_UPLOADS_S),
    ) as demo:
        visit_id = gr.State("")
        bar = AccountBar(flow, visit_id)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(text("tabs.compare"), id=COMPARE_TAB, elem_id="tab-compare") as now:
                screen = CompareScreen(flow, bar.header, visit_id)
            # The others fill themselves when somebody first looks at them.
            sittings = Sittings(desk, flow.ballots, past)
            back = past_flow(flow, past, thumbnails_dir=thumbnails_dir)
            with gr.Tab(
                text("tabs.experiment"), id=EXPERIMENT_TAB, elem_id="tab-experiment"
            ) as trying:
                steps = ExperimentFlow(flow, Labs(desk))
                flow.easel.experiment_name = steps.name_of
                easel = ExperimentEasel(
                    steps,
                    ballots=flow.ballots,
                    archive=back.archive,
                    exports=Exports(
                        desk.settings.data_dir.resolve(), folder=thumbnails_dir / "exports"
                    ),
                )
                experiment = ExperimentScreen(flow, steps, easel, sittings, visit_id)
            with gr.Tab(text("judge.tab"), id=JUDGE_TAB, elem_id="tab-judge") as judging:
                judge = JudgeScreen(flow, sittings, visit_id)
            with gr.Tab(
                text("tabs.history"), id=HISTORY_TAB, elem_id="tab-history"
            ) as looking_back:
                history = HistoryScreen(flow, back, visit_id)
            with gr.Tab(text("tabs.results"), id=RESULTS_TAB, elem_id="tab-results") as weighing:
                book = FindingsBook(desk.settings.data_dir.resolve())
                weighed = Weighing(book, archive=back.archive, votes=flow.ballots.log)
                results = ResultsScreen(flow, weighed, visit_id)
        screen.wire(demo, bar.wire())
        judge.wire(demo, judging)
        experiment.wire(demo, trying, [now, judging, looking_back, weighing])
        history.wire(looking_back, [now, trying, judging, weighing], screen)
        results.wire(weighing, screen)
    demo.queue(default_concurrency_limit=None, max_size=MAX_WAITING_EVENTS, api_open=False)
    return demo


def launch_options(desk: Desk) -> dict[str, Any]:
    """What `launch` of the page must be given; address and port are the caller's to add."""
    settings = desk.settings
    return {
        "theme": theme(),
        # In the head as they are: the framework's own way rewrites selectors and drops rules.
        "head": _head(),
        "max_threads": 200,
        "max_file_size": MAX_UPLOAD_BYTES,
        "run_history": False,  # it would keep what is typed, keys too, in the browser
        "enable_monitoring": False,
        "show_error": False,
        "footer_links": [],
        "ssr_mode": False,  # its proxy would pass by the check of host names
        "pwa": False,
        "share": False,
        "strict_cors": True,
        "app_kwargs": {"middleware": middleware(settings.allowed_hosts)},
    }


def _head() -> str:
    nested = "\n".join(asset(name) for name in STYLE_SHEETS)
    styles = f"{asset('tokens.css')}\n{ROOT} {{\n{nested}}}"
    return f"<style>{styles}</style><script>{asset('page.js')}</script>"
