"""Webhooks: the documented signature, where they may go, and when they are tried again."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from playground.emulator import Dialect, Fault, WebhookSettings
from playground.emulator.refusals import RefusalError
from playground.emulator.webhooks import (
    UndeliveredError,
    checked_address,
    headers,
    is_public,
    post,
    resolve_callback,
    sign,
)
from tests.emulator_rig import LONG_S, documented, running, shape

SECRET = "0123456789abcdef0123456789abcdef"  # the documented test vector's
URL = "https://hooks.example.com/toapis?from=console"


class Receiver(HTTPServer):
    """Keeps what it is sent, and answers with the statuses it was given, then with 204."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []
        self.statuses = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


@contextmanager
def receiving(*statuses):
    with Receiver() as receiver:
        receiver.statuses = list(statuses)
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def hook(url, **options):
    options = {"are_private_addresses_allowed": True, **options}
    return WebhookSettings(url=url, secret=SECRET, **options)


@contextmanager
def stopped_courier(data_dir, settings, monkeypatch, **options):
    """A rig whose courier delivers only when it is told to, at the stopped clock's time."""

    async def never(_courier):
        return None

    monkeypatch.setattr("playground.emulator.courier.Courier.run", never)
    with running(data_dir, webhook=settings, **options) as rig:
        yield rig


def test_the_signature_is_the_documented_known_answer():
    known = documented("webhook_known_answer")
    body = known["raw_body"].encode()
    settings = WebhookSettings(url=URL, secret=known["secret"])

    assert sign(known["secret"], event_id="evt_01test", timestamp=1783953302, body=body) == (
        "3c63f0764a8827066b1e9a6c0c5f642c64d10c3565d452e5f5f7d893ac976216"
    )
    assert (
        headers(settings, event_id="evt_01test", timestamp=1783953302, body=body)
        == known["headers"]
    )


def test_while_a_secret_is_changed_events_are_signed_with_both():
    settings = WebhookSettings(url=URL, secret="new", previous_secret="old")
    signature = headers(settings, event_id="e", timestamp=1, body=b"{}")[
        "X-ToAPIs-Webhook-Signature"
    ]

    assert signature == ",".join(
        "v1=" + sign(secret, event_id="e", timestamp=1, body=b"{}") for secret in ("new", "old")
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("faults", "name"),
    [((), "webhook_completed"), ((Fault(at="task", kind="fail"),), "webhook_failed")],
)
async def test_a_final_task_sends_one_documented_event(tmp_path, monkeypatch, faults, name):
    with receiving() as receiver:
        with stopped_courier(tmp_path, hook(receiver.url), monkeypatch, faults=faults) as rig:
            rig.create(client_business_id="run-0001")
            courier = rig.emulator.courier
            early = await courier.deliver_due()
            rig.clock.advance(LONG_S)
            sent = [await courier.deliver_due(), await courier.deliver_due()]

    path, head, body = receiver.received[0]
    event = json.loads(body)
    expected = documented(name)["body"]
    assert (early, sent, path) == (0, [1, 0], "/hook")
    assert shape(event) == shape(expected)
    assert (event["type"], event["data"]["status"]) == (
        expected["type"],
        expected["data"]["status"],
    )
    assert head["User-Agent"] == "ToAPIs-Webhook/1.0"
    timestamp = int(head["X-ToAPIs-Webhook-Timestamp"])
    assert head["X-ToAPIs-Webhook-Signature"] == "v1=" + sign(
        SECRET, event_id=event["id"], timestamp=timestamp, body=body
    )
    assert (head["X-ToAPIs-Webhook-Id"], timestamp) == (event["id"], int(rig.clock()))
    assert event["id"].startswith("evt_")


@pytest.mark.anyio
async def test_an_event_is_retried_as_documented_then_given_up(tmp_path, monkeypatch):
    with receiving(*[500] * 20) as receiver:
        with stopped_courier(tmp_path, hook(receiver.url), monkeypatch) as rig:
            rig.create()
            courier, store = rig.emulator.courier, rig.emulator.store
            waits = []
            while (due_at := store.deliveries()[0].due_at) is not None:
                waits.append(due_at - rig.clock())
                rig.clock.now_s = due_at - 0.01
                assert await courier.deliver_due() == 0
                rig.clock.now_s = due_at
                assert await courier.deliver_due() == 1
            outcome = store.deliveries()[0].outcome

    ids = {head["X-ToAPIs-Webhook-Id"] for _, head, _ in receiver.received}
    bodies = {body for _, _, body in receiver.received}
    timestamps = [head["X-ToAPIs-Webhook-Timestamp"] for _, head, _ in receiver.received]
    assert waits[1:] == pytest.approx([10, 30, 120, 600, 3_600, 21_600, 86_400])
    assert (len(receiver.received), len(ids), len(bodies)) == (8, 1, 1)
    assert len(set(timestamps)) == 8  # each attempt is signed anew
    assert outcome == "HTTP 500"


@pytest.mark.anyio
@pytest.mark.parametrize("status", [302, 404, 500])
async def test_only_a_2xx_ends_the_retries_and_redirects_are_not_followed(
    tmp_path, monkeypatch, status
):
    with receiving(status) as receiver:
        with stopped_courier(tmp_path, hook(receiver.url), monkeypatch) as rig:
            rig.create()
            rig.clock.advance(LONG_S)
            await rig.emulator.courier.deliver_due()
            first = rig.emulator.store.deliveries()[0]
            rig.clock.advance(10)
            await rig.emulator.courier.deliver_due()
            second = rig.emulator.store.deliveries()[0]

    assert len(receiver.received) == 2
    assert (first.outcome, first.due_at) == (f"HTTP {status}", pytest.approx(rig.clock()))
    assert (second.outcome, second.due_at, second.n_attempts) == ("HTTP 204", None, 2)


@pytest.mark.anyio
async def test_a_stuck_task_sends_nothing(tmp_path, monkeypatch):
    stuck = (Fault(at="task", kind="stuck"),)
    with stopped_courier(tmp_path, hook("http://127.0.0.1:9/"), monkeypatch, faults=stuck) as rig:
        rig.create()
        rig.clock.advance(10 * 86_400)

        assert await rig.emulator.courier.deliver_due() == 0


@pytest.mark.anyio
async def test_a_private_address_is_refused_unless_it_is_allowed(tmp_path, monkeypatch):
    with receiving() as receiver:
        settings = WebhookSettings(url="https://localhost/hook", secret=SECRET)
        with stopped_courier(tmp_path, settings, monkeypatch) as rig:
            rig.create()
            rig.clock.advance(LONG_S)
            await rig.emulator.courier.deliver_due()
            delivery = rig.emulator.store.deliveries()[0]

    assert receiver.received == []
    assert delivery.outcome.startswith("refused: localhost is the private address")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_private_addresses_are_known_in_every_disguise(address):
    assert not is_public(address)
    with pytest.raises(UndeliveredError, match="refused"):
        checked_address(address, 443, are_private_allowed=False)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses_pass(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://hooks.example.com/other/path?x=1",
        "https://hooks.example.com:443/",
        "https://HOOKS.example.com/",
    ],
)
def test_a_callback_may_change_path_and_query(url):
    assert resolve_callback(WebhookSettings(url=URL, secret=SECRET), url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/toapis",
        "https://hooks.example.com:8443/toapis",
        "https://evil.example.com/toapis",
        "https://hooks.example.com.evil.example/",
        "https://hooks.example.com@evil.example/",
        "https://user@hooks.example.com/",
        "https://hooks.example.com:x/",
        "/toapis",
        "",
    ],
)
def test_a_callback_may_change_nothing_else(url):
    with pytest.raises(RefusalError) as caught:
        resolve_callback(WebhookSettings(url=URL, secret=SECRET), url)

    assert caught.value.body["error"]["code"] == "webhook_not_configured"


def test_a_callback_without_a_default_is_refused_as_documented(tmp_path):
    with running(tmp_path) as rig:
        answer = rig.create(callback_url=URL)

        expected = documented("error_400_webhook_not_configured")
        assert answer.status_code == expected["status_code"]
        assert shape(answer.json()) == shape(expected["body"])
        assert rig.emulator.charges() == []


def test_without_a_callback_the_default_is_used():
    settings = WebhookSettings(url=URL, secret=SECRET)

    assert resolve_callback(settings, None) == URL
    assert resolve_callback(None, None) is None


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://hooks.example.com/"},
        {"url": "ftp://hooks.example.com/", "are_private_addresses_allowed": True},
        {"url": "https:///nothing"},
        {"url": "https://user@hooks.example.com/"},
        {"url": URL, "secret": ""},
    ],
)
def test_a_webhook_that_the_vendor_would_refuse_is_refused(options):
    with pytest.raises(ValueError, match="webhook"):
        WebhookSettings(**{"secret": SECRET, **options})


def test_secrets_are_not_shown():
    assert SECRET not in repr(WebhookSettings(url=URL, secret=SECRET, previous_secret=SECRET))


def test_what_cannot_be_reached_is_an_undelivered_event():
    with pytest.raises(UndeliveredError, match="Error"):
        post("http://127.0.0.1:9/", b"{}", {}, timeout_s=1, are_private_allowed=True)


def test_the_courier_delivers_by_itself_and_a_test_event_too(tmp_path):
    with receiving() as receiver:
        with running(tmp_path, webhook=hook(receiver.url), dialect=Dialect()) as rig:
            rig.create()
            rig.clock.advance(LONG_S)
            event_id = rig.http.post("/_emulator/webhook-test").json()["event_id"]
            arrived = threading.Event()
            for _ in range(200):
                if len(receiver.received) == 2 or arrived.wait(0.02):
                    break

    events = {json.loads(body)["id"]: json.loads(body) for _, _, body in receiver.received}
    known = json.loads(documented("webhook_known_answer")["raw_body"])
    assert len(events) == 2
    assert shape(events[event_id]) == shape(known)
    assert events[event_id]["data"] == known["data"]


def test_without_a_webhook_there_is_nothing_to_test(tmp_path):
    with running(tmp_path) as rig:
        assert rig.http.post("/_emulator/webhook-test").status_code == 400
