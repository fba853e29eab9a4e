"""The projects that are measured: the same tests, once for every way to answer their calls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import measure
from benchmarks.server import ANSWER, Server

if TYPE_CHECKING:
    from pathlib import Path

_SYSTEM = """You read messages to the support desk of a shop for kitchen goods. Reply with one line
of JSON and nothing else: order_id (a capital letter, a dash, digits), product (one word, as the
shop's catalogue spells it) and urgency (low, normal or high; high when the customer names a date
or says that the order is needed at once). Never guess an order id: give null instead."""

_PROMPT = f"""[system]
{_SYSTEM}

[user]
{{{{ input }}}}
"""

_APP = '''
import json
from pathlib import Path

import openai

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "orders.jsonl").read_text("utf-8").splitlines()]
SYSTEM = """{system}"""


def client(**options):
    return openai.OpenAI(api_key="not-a-key", base_url="{url}", **options)


def read_order(client, message):
    reply = client.chat.completions.create(
        model="benchmark-1",
        messages=[{{"role": "system", "content": SYSTEM}}, {{"role": "user", "content": message}}],
        temperature=0,
        max_tokens=60,
    )
    return reply.choices[0].message.content
'''

_SCHEMA = {
    "type": "object",
    "properties": {
        "order_id": {"type": ["string", "null"], "pattern": "^[A-Z]-[0-9]+$"},
        "product": {"type": "string"},
        "urgency": {"enum": ["low", "normal", "high"]},
    },
    "required": ["order_id", "product", "urgency"],
    "additionalProperties": False,
}

# What an application with a client of its own needs to say ...
_EXPERIMENT = """
suite = "orders"
primary_kpi = "format_valid"
current = "v1"

[[variant]]
name = "v1"
change = "the only one"

[kpi.format_valid]
min = 0.95

[kpi.time_to_output_p50]
max = 60.0

[prices]
benchmark-1 = { input = 0.15, output = 0.60 }
"""

# ... and what it takes to render the same request from a prompt.
_PROMPT_VARIANT = """
name = "v1"
provider = "openai"
base_url = "{url}"
model = "benchmark-1"
params = {{ temperature = 0, max_tokens = 60 }}
prompt = "prompt.md"
"""

_EVAL = """
import app
import pytest


@pytest.fixture(scope="session")
def client():
    return app.client()


@pytest.mark.llm_eval(dataset="orders.jsonl", experiment="experiment.toml")
def test_order(eval_case, client, grade):
    grade.format(app.read_order(client, eval_case.input), "order.schema.json")
"""

_CLIENT_PER_TEST = _EVAL.replace('(scope="session")', "")

_PROMPTED = """
import pytest


@pytest.mark.llm_eval(dataset="orders.jsonl", experiment="prompted.toml")
def test_order(eval_output, grade):
    grade.format(eval_output, "order.schema.json")
"""

_PLAIN = """
import json

import app
import httpx2
import jsonschema
import pytest

SCHEMA = json.loads((app.HERE / "order.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ANSWER = (app.HERE / "answer.json").read_bytes()
HEADERS = {"content-type": "application/json"}


@pytest.fixture(scope="session")
def client():
    transport = httpx2.MockTransport(
        lambda request: httpx2.Response(200, headers=HEADERS, content=ANSWER)
    )
    return app.client(http_client=httpx2.Client(transport=transport))


@pytest.mark.parametrize("case", app.CASES, ids=[case["id"] for case in app.CASES])
def test_order(case, client):
    VALIDATOR.validate(json.loads(app.read_order(client, case["input"])))
"""

_REPLAYED = """
import json

import app
import jsonschema
import pytest

from pytest_ftgate.recording import Recorder

SCHEMA = json.loads((app.HERE / "order.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PACK = app.HERE / "cassettes" / "orders" / "v1.jsonl"


@pytest.fixture(scope="session")
def recorder():
    with Recorder("none") as recorder:
        yield recorder


@pytest.fixture(scope="session")
def client():
    return app.client()


@pytest.mark.parametrize("case", app.CASES, ids=[case["id"] for case in app.CASES])
def test_order(case, client, recorder):
    with recorder.scope(PACK, "orders", "v1", case["id"], 0):
        VALIDATOR.validate(json.loads(app.read_order(client, case["input"])))
"""

_YAML = """
import json

import app
import jsonschema
import pytest

SCHEMA = json.loads((app.HERE / "order.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="session")
def client():
    return app.client()


@pytest.mark.vcr
@pytest.mark.parametrize("case", app.CASES, ids=[case["id"] for case in app.CASES])
def test_order(case, client):
    VALIDATOR.validate(json.loads(app.read_order(client, case["input"])))
"""

_EMPTY = """
import pytest


@pytest.mark.parametrize("case", range({count}))
def test_order(case):
    pass
"""

FTGATE = ("-p", "pytest_ftgate.plugin")
RECORDING = ("-p", "pytest_recording.plugin")
WITHOUT = ("-p", "no:ftgate")


@dataclass(frozen=True)
class Project:
    """A directory of tests over ``count`` cases whose client asks the server at ``url``."""

    directory: Path
    count: int
    url: str

    def pytest(self, file: str, *options: str, **environment: str) -> measure.Cost:
        """What ``pytest file`` costs here.

        Raises:
            RuntimeError: it did not pass.
        """
        arguments = ["-m", "pytest", "-q", *options, file]
        return measure.run(arguments, self.directory, measure.clean_environment(**environment))


def make(directory: Path, count: int, url: str) -> Project:
    """Write the project; nothing is recorded yet."""
    directory.mkdir(parents=True)
    files = {
        "pytest.ini": "[pytest]\n",
        "app.py": _APP.format(url=url, system=_SYSTEM),
        "orders.jsonl": "".join(map(_case, range(count))),
        "order.schema.json": json.dumps(_SCHEMA),
        "answer.json": json.dumps(ANSWER),
        "experiment.toml": _EXPERIMENT,
        "prompted.toml": _EXPERIMENT.replace('\nname = "v1"\n', _PROMPT_VARIANT.format(url=url)),
        "prompt.md": _PROMPT,
        "test_eval.py": _EVAL,
        "test_client_per_test.py": _CLIENT_PER_TEST,
        "test_prompted.py": _PROMPTED,
        "test_plain.py": _PLAIN,
        "test_replayed.py": _REPLAYED,
        "test_yaml.py": _YAML,
        "test_empty.py": _EMPTY.format(count=count),
    }
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")
    return Project(directory, count, url)


def recorded(directory: Path, count: int, *, yaml: bool = False) -> Project:
    """A project with its cassettes, recorded from a server that is gone afterwards.

    Args:
        directory: where; must not exist.
        count: the number of cases.
        yaml: record the cassettes of pytest-recording, too.
    """
    with Server() as server:
        project = make(directory, count, server.url)
        project.pytest("test_eval.py", *FTGATE, "--ftgate-record=new_episodes")
        if yaml:
            project.pytest("test_yaml.py", *RECORDING, "--record-mode=once")
    return project


def _case(number: int) -> str:
    message = (
        f"Hello, I ordered a kettle three weeks ago under A-{10_000 + number} and it has still not "
        "arrived. I need it by Friday for my mother's birthday, please tell me what is going on."
    )
    return json.dumps({"id": f"order-{number:05}", "input": message}) + "\n"
