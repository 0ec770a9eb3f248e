"""
From `python app.py` to the first HTTP 200, beside a bare Gradio app started the same way.

    python -m tests.benchmarks.bench_startup [--rounds 5]

Each is started once before, unmeasured, so that Python finds everything compiled, whatever the
environment says about keeping that. In an environment with the app's requirements only it is told
what users have; packages beside them may be imported by the framework.
"""

import argparse
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BARE = """
import gradio as gr
with gr.Blocks() as demo:
    gr.Textbox(label="Prompt")
    gr.Button("Run")
demo.launch(run_history=False, ssr_mode=False)
"""
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def seconds_to_first_200(command: list[str], data_dir: Path) -> float:
    port = free_port()
    foreign = ("TOAPIS_", "PLAYGROUND_", "PYTHONDONTWRITEBYTECODE")
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(foreign)},
        "PYTHONPYCACHEPREFIX": str(data_dir.parent / "compiled"),
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_DATA_DIR": str(data_dir),
    }
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - begun < PATIENCE_S:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - begun
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise TimeoutError(f"{command} did not answer within {PATIENCE_S:.0f} s")
    finally:
        process.terminate()
        process.wait(15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    bare, app = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(1 + rounds):
            folder = Path(name) / str(number)
            bare.append(seconds_to_first_200([sys.executable, "-c", BARE], folder))
            app.append(seconds_to_first_200([sys.executable, "app.py"], folder))
    del bare[0], app[0]
    slower = 100 * (statistics.median(app) / statistics.median(bare) - 1)
    print(f"start to first HTTP 200, {rounds} rounds in turns, seconds")
    for label, figures in (("bare Gradio", bare), ("app.py", app)):
        print(
            f"{label:<12} median {statistics.median(figures):5.2f}   "
            f"from {min(figures):5.2f} to {max(figures):5.2f}"
        )
    print(f"app.py is {slower:+.0f} % beside the bare app")
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the larger of the two: {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
