"""What a page must never do: run what a prompt says, keep a key, fetch from elsewhere, alter a picture."""

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from playground.emulator import EmulatorServer, EmulatorSettings
from tests.browser.conftest import App, Screen, start_app

pytestmark = pytest.mark.browser

HOSTILE = {
    "markup": "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>",
    "templates": "${window.pwned=1} {{constructor}} `${1}` {{{x}}} {% x %}",
    "formula": '=HYPERLINK("http://x","y")+cmd|\' /C calc\'!A0',
    "lines": "one\ntwo\n\n\tthree ",
    "carriage return": "one\r\ntwo\rthree",
    "nothing": "a\x00b",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u200b\ufeff",
    "right to left": "\u202eقط أسود\u202c על גג",
    "a hundred kilobytes": "long " * 20_000,
}


def test_hostile_prompts_arrive_exactly_and_run_nowhere(screen: Screen) -> None:
    for name, prompt in HOSTILE.items():
        screen.write(prompt)
        # What the browser made of it is what the person sees, and so what must be sent.
        seen = screen.page.evaluate("document.querySelector('#prompt textarea').value")

        comparison = screen.run()
        screen.wait_until_idle()

        views = screen.app.desk.views(comparison)
        assert [view.request.prompt for view in views] == [seen, seen], name
        assert {run.prompt for run in screen.app.desk.log.runs_of(comparison)} == {seen}, name
        assert screen.page.evaluate("window.pwned") is None, name


def test_half_a_character_is_refused_with_its_place(screen: Screen) -> None:
    before = screen.app.submits()
    screen.page.evaluate(
        "() => { const box = document.querySelector('#prompt textarea');"
        " box.value = 'half \\ud83d of one'; box.dispatchEvent(new Event('input')); }"
    )

    screen.page.click("#run")
    screen.page.wait_for_selector("#notice p")

    assert "position 6" in screen.page.inner_text("#notice")
    assert screen.app.submits() == before


def test_the_picture_is_served_byte_for_byte(screen: Screen) -> None:
    comparison = screen.run("Not one byte is touched")

    for lane in (1, 2):
        address = screen.page.evaluate(f"document.querySelector('#card-{lane} img').src")
        served = httpx.get(address).content
        run = screen.app.desk.views(comparison)[lane - 1].run
        assert run is not None
        assert hashlib.sha256(served).hexdigest() == run.sha256
        href = screen.page.get_attribute(f"#card-{lane} a[download]", "href")
        assert address.endswith(href or "-")


def test_nothing_is_fetched_from_elsewhere_and_no_error_is_logged(screen: Screen) -> None:
    screen.run("Quiet and at home")
    screen.wait_until_idle()

    assert screen.outside == []
    assert screen.problems == []


@pytest.mark.parametrize(
    "path",
    ["gradio_api/file=http://169.254.169.254/x", "gradio_api/file=https:/example.org/x"],
)
def test_the_server_fetches_nothing_for_others(app: App, path: str) -> None:
    assert httpx.get(app.url + path).status_code == 403


@pytest.mark.parametrize("name", ["runs.csv", "secret", "journal"])
def test_the_log_and_the_secret_are_not_served(app: App, name: str) -> None:
    file = app.desk.settings.data_dir / name

    assert file.exists()
    assert httpx.get(f"{app.url}gradio_api/file={file}").status_code == 403


def test_a_foreign_host_name_is_refused(app: App) -> None:
    answer = httpx.get(app.url, headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---- keys ---------------------------------------------------------------------------------------

CANARY = "sk-canary-3f9a71c2d8e04b56"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app whose typed keys go to a second emulator that knows just one key."""
    folder = tmp_path_factory.mktemp("keyed")
    service = EmulatorServer(
        EmulatorSettings(data_dir=folder / "service", keys={CANARY: "somebody"}, speed=25.0)
    )
    service.start()
    desk, url, demo = start_app(
        folder / "data", base_url=service.url, session_cap_usd=Decimal("0.15")
    )
    own = desk.playground.emulator
    assert own is not None
    yield App(url=url, desk=desk, emulator=service.emulator)
    demo.close()  # type: ignore[attr-defined]
    desk.close()
    service.stop()


@pytest.fixture
def key_screen(keyed: App, new_screen: Callable[[], Screen]) -> Screen:
    screen = new_screen()
    screen.app = keyed
    screen.open()
    return screen


def use_key(screen: Screen, key: str) -> str:
    if not screen.page.locator("#key-panel:popover-open").count():
        screen.page.click("[data-chip=key]")
    screen.page.fill("#key input", key)
    before = screen.page.inner_text("#key-told")
    screen.page.click("#use-key")
    screen.page.wait_for_function(
        "before => { const told = document.querySelector('#key-told').innerText;"
        " return told && told !== before; }",
        arg=before,
    )
    return screen.page.inner_text("#key-told")


def test_a_wrong_key_is_told_and_not_kept(key_screen: Screen) -> None:
    told = use_key(key_screen, "sk-wrong-0000000000000000")

    assert "does not accept this key" in told
    assert key_screen.page.input_value("#key input") == ""
    assert "No key" in key_screen.page.inner_text("#header")


def test_a_key_is_used_for_this_session_and_is_nowhere_on_the_page(
    key_screen: Screen, keyed: App, new_screen: Callable[[], Screen]
) -> None:
    assert "The key works" in use_key(key_screen, CANARY)
    key_screen.page.keyboard.press("Escape")
    key_screen.page.wait_for_selector("[data-chip=key][data-own]")

    key_screen.run("Paid with a key of my own")

    page = key_screen.page
    everywhere = page.content() + page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,"
        " [...document.querySelectorAll('input,textarea')].map(box => box.value)])"
    )
    assert CANARY not in everywhere
    assert CANARY[-8:] not in everywhere
    for file in keyed.desk.settings.data_dir.rglob("*"):
        if file.is_file() and "emulator" not in file.parts:
            assert CANARY.encode() not in file.read_bytes(), file.name
    # Another visitor has no part in it.
    other = new_screen()
    other.app = keyed
    other.open()
    assert other.page.locator("[data-chip=key][data-own]").count() == 0


def test_a_key_survives_a_reload_and_can_be_forgotten(key_screen: Screen) -> None:
    key_screen.page.click("[data-chip=key]")
    assert not key_screen.page.is_visible("#forget-key")  # there is none yet
    key_screen.page.keyboard.press("Escape")
    use_key(key_screen, CANARY)
    key_screen.page.reload()
    key_screen.page.wait_for_selector("[data-chip=key][data-own]")

    key_screen.page.click("[data-chip=key]")
    key_screen.page.click("#forget-key")
    key_screen.page.wait_for_selector("[data-chip=key]:not([data-own])")

    assert "The key is forgotten" in key_screen.page.inner_text("#key-told")


def test_a_spent_cap_is_told_with_its_figures_and_the_result_stays(key_screen: Screen) -> None:
    shown = key_screen.run("The first fits the cap")
    key_screen.wait_until_idle()

    key_screen.write("The second does not")
    key_screen.page.click("#run")
    key_screen.page.wait_for_selector("#notice p")

    assert "session cap of $0.15" in key_screen.page.inner_text("#notice")
    assert key_screen.shown() == shown


def test_one_dear_click_is_asked_about_first(screen: Screen) -> None:
    before = screen.app.submits()
    for choice in (
        "lane-2] [value='flux-2-flex'",
        "repeats] [value='4'",
        "resolution] [value='2K'",
    ):
        screen.page.check(f"[data-choice={choice}]")
    screen.app.desk.settings = _with_limit(screen.app, "0.90")
    try:
        screen.write("Eight large ones")
        screen.page.click("#run")
        screen.page.wait_for_selector(".pg-confirm")
        question = screen.page.inner_text(".pg-confirm")
        assert screen.app.submits() == before
        assert "8 pictures for emulated $0.96" in question
        assert screen.page.evaluate("document.activeElement.className") == "pg-confirm"

        screen.page.keyboard.press("Escape")
        screen.page.wait_for_selector("#notice p")
        assert screen.page.inner_text("#notice") == "Nothing was bought."
        assert screen.app.submits() == before

        screen.page.click("#run")
        screen.page.dblclick("[data-action=confirm]")
        screen.page.wait_for_selector(".pg-card:not([data-example])")
        screen.page.wait_for_selector("#run:enabled", timeout=60_000)
        assert screen.app.submits() == before + 8
    finally:
        screen.app.desk.settings = _with_limit(screen.app, "1")


def _with_limit(app: App, usd: str) -> object:
    from dataclasses import replace

    return replace(app.desk.settings, warn_usd=Decimal(usd))


def test_uploads_outside_the_upload_folder_are_refused(screen: Screen, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"not yours")
    ask = """async (path) => {
        const config = window.gradio_config.components.find(c => c.props.elem_id === 'references');
        const answer = await fetch('gradio_api/component_server/', {
            method: 'POST',
            headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({session_hash: 'x', component_id: config.id,
                                  fn_name: 'keep_file', data: {path, name: 'x'}}),
        });
        return await answer.json();
    }"""

    for path in (str(secret), "http://127.0.0.1:1/x.png", "/etc/passwd", ""):
        answer = screen.page.evaluate(ask, path)
        assert answer["problem"] == "This is not a file that was uploaded here."
