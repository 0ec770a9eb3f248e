"""A ToAPIs client that is not ours, written from the vendor's documented flow, runs unchanged."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator_rig import picture_bytes

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-quickstart-0123456789"
FINAL = {"completed", "failed"}
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def base_url(tmp_path_factory) -> Iterator[str]:
    """A stand-alone emulator, fifty times faster than life, with money for a few pictures."""
    command = [sys.executable, "-m", "playground.emulator", "--port", "0", "--speed", "50"]
    data = str(tmp_path_factory.mktemp("emulator"))
    options = ["--data", data, "--picture", "plain", "--key", KEY, "--balance", "100"]
    process = subprocess.Popen(
        [*command, *options, "--key", "sk-poor-0123456789=poor"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url is not None
        yield url.group()
    finally:
        process.terminate()
        process.communicate(timeout=10)


class Quickstart:
    """The documented flow with the standard library alone: submit, ask until final, download."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self.key = key

    def call(
        self, method: str, path: str, data: bytes | None = None, content_type: str | None = None
    ) -> dict[str, Any]:
        request = urllib.request.Request(self.base_url + path, data=data, method=method)
        request.add_header("Authorization", f"Bearer {self.key}")
        if content_type:
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = json.load(answer)
        assert isinstance(body, dict)
        return body

    def submit(self, **body: Any) -> dict[str, Any]:
        data = json.dumps(body).encode()
        return self.call("POST", "/v1/images/generations", data, "application/json")

    def wait(self, task_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            task = self.call("GET", f"/v1/images/generations/{task_id}")
            if task["status"] in FINAL:
                return task
            time.sleep(0.02)
        raise TimeoutError(task_id)

    def upload(self, picture: bytes) -> str:
        boundary = "quickstart-boundary"
        data = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode()
        data += picture + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        url = self.call("POST", "/v1/uploads/images", data, kind)["data"]["url"]
        assert isinstance(url, str)
        return url


def test_the_python_quickstart_makes_a_picture(base_url):
    client = Quickstart(base_url, KEY)
    task = client.submit(
        model="gpt-image-2",
        prompt="a city at night",
        size="16:9",
        resolution="1k",
        quality="low",
        n=1,
        response_format="url",
    )
    done = client.wait(task["id"])
    with urllib.request.urlopen(done["result"]["data"][0]["url"], timeout=10) as answer:
        picture = answer.read()

    assert task["status"] in {"pending", "queued"}
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert picture.startswith(b"\xff\xd8\xff")


def test_the_python_quickstart_edits_an_uploaded_picture(base_url):
    client = Quickstart(base_url, KEY)
    url = client.upload(picture_bytes())
    task = client.submit(
        model="flux-2-pro",
        prompt="image 1 in winter",
        size="1:1",
        image_urls=[url],
        metadata={"resolution": "1K"},
        client_business_id="order-1",
    )
    done = client.wait("order-1")

    assert (done["id"], done["status"]) == (task["id"], "completed")
    assert done["client_business_id"] == "order-1"
    assert done["billing"] == {"status": "settled", "credits": "5", "cost_usd": "0.025"}
    assert done["expires_at"] - done["completed_at"] == 86_400


def test_the_balance_goes_down_by_what_was_charged(base_url):
    client = Quickstart(base_url, KEY)
    before = client.call("GET", "/v1/balance")
    client.submit(model="flux-2-pro", prompt="x", metadata={"resolution": "2K"})
    after = client.call("GET", "/v1/balance")

    assert before["remain_credits"] - after["remain_credits"] == 7
    assert after["credits_per_usd"] == 200


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "code"),
    [
        ("/v1/images/generations", {"model": "flux-9", "prompt": "x"}, KEY, 400, "invalid_request"),
        ("/v1/images/generations", {"model": "flux-2-pro"}, KEY, 400, "invalid_request"),
        ("/v1/images/generations", {"model": "flux-2-pro", "prompt": "x"}, "sk-no", 401, ""),
        ("/v1/images/generations/nobody", None, KEY, 404, 404),
        ("/v1/pricing?model=flux-9", None, KEY, 404, "model_not_found"),
    ],
)
def test_errors_have_their_documented_status_and_code(base_url, path, body, key, status, code):
    method = "GET" if body is None else "POST"
    data = None if body is None else json.dumps(body).encode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        Quickstart(base_url, key).call(method, path, data, "application/json")
    with caught.value as answer:
        error = json.load(answer)["error"]

    assert (answer.code, error["code"]) == (status, code)


def test_a_balance_that_is_used_up_is_a_402(base_url):
    with httpx.Client(
        base_url=base_url, headers={"Authorization": "Bearer sk-poor-0123456789"}
    ) as http:
        body = {"model": "flux-2-flex", "prompt": "x", "metadata": {"resolution": "2K"}}
        answers = [http.post("/v1/images/generations", json=body) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [402]
    assert answers[-1].json()["error"]["code"] == "insufficient_quota"


def test_a_burst_past_the_limit_is_a_429_that_says_how_long(base_url):
    with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {KEY}"}) as http:
        for _ in range(200):
            answer = http.post("/v1/images/generations", json={"model": "flux-2-pro"})
            if answer.status_code == 429:
                break
        time.sleep(float(answer.headers["retry-after"]))
        again = http.post("/v1/images/generations", json={"model": "flux-2-pro"})

    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert answer.headers["x-ratelimit-category"] == "async_submit"
    assert again.status_code == 400  # a token was there; the prompt was not


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_quickstart_runs_as_it_is_printed(base_url, tmp_path):
    picture = tmp_path / "reference.jpg"
    picture.write_bytes(picture_bytes())
    script = """
    set -eu
    url() { sed -n 's/.*"url": *"\\([^"]*\\)".*/\\1/p'; }
    reference=$(curl -sS --fail-with-body --request POST --url "$TOAPIS_BASE_URL/v1/uploads/images" \\
      --header "Authorization: Bearer $TOAPIS_API_KEY" --form "file=@$PICTURE" | url)
    task=$(curl -sS --fail-with-body --request POST \\
      --url "$TOAPIS_BASE_URL/v1/images/generations" \\
      --header "Authorization: Bearer $TOAPIS_API_KEY" --header 'Content-Type: application/json' \\
      --data "{\\"model\\":\\"flux-2-pro\\",\\"prompt\\":\\"image 1\\",\\"image_urls\\":[\\"$reference\\"]}" \\
      | sed -n 's/.*"id": *"\\([^"]*\\)".*/\\1/p')
    for attempt in $(seq 200); do
      status=$(curl -sS --fail-with-body --url "$TOAPIS_BASE_URL/v1/images/generations/$task" \\
        --header "Authorization: Bearer $TOAPIS_API_KEY")
      case $status in *'"completed"'*) break;; esac
      sleep 0.05
    done
    curl -sS --fail --output "$RESULT" "$(printf %s "$status" | url)"
    curl -sS -o /dev/null -w '%{http_code}' --url "$TOAPIS_BASE_URL/v1/images/generations/nobody" \\
      --header "Authorization: Bearer $TOAPIS_API_KEY"
    """
    result = tmp_path / "result.jpg"
    environment = {
        **os.environ,
        "TOAPIS_BASE_URL": base_url,
        "TOAPIS_API_KEY": KEY,
        "PICTURE": str(picture),
        "RESULT": str(result),
        "no_proxy": "127.0.0.1",
    }
    done = subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr, done.stdout) == (0, "", "404")
    assert result.read_bytes().startswith(b"\xff\xd8\xff")
