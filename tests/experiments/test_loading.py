from __future__ import annotations

import pytest

from pytest_ftgate import experiments
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.experiments import homes, parts
from pytest_ftgate.model import Gate
from pytest_ftgate.options import Settings

FULL = """\
suite = "triage"
primary_kpi = "format_valid"
current = "v2"

[defaults]
provider = "openai"
api = "responses"
base_url = "http://127.0.0.1:8080/v1"
model = "small"
params = { temperature = 0, stop = ["\\n"] }
prompt = "v1.md"
schema = "ticket.json"
retries = 1

[[variant]]
name = "v1"
change = "basic"
schema = ""

[[variant]]
name = "v2"
parent = "v1"
kind = "fine-tuned"
model = "ft:small"
params = { max_tokens = 5 }
examples = "shots.jsonl"
shots = 1
constrain = true
tools = "tools.json"
retrieval = "handbook of May"
retries = 0
change = "everything"

[kpi.format_valid]
min = 0.95
max_drop = 0.02
[kpi.policy_violation_rate]
max = 0.01
mode = "proven"
alpha = 0.01
protect_slices = ["safety", "stratum:hard"]

[prices]
"small" = [0.15, 0.6]
"""
FILES = {
    "v1_md": "Sort: {{ message }}\r\nPlease.",
    "ticket_json": '{"type": "object"}',
    "shots_jsonl": '{"input": "a", "output": "b"}\n{"input": {"c": 1}, "output": {"d": 2}}\n',
    "tools_json": '[{"type": "function"}]',
}
MINIMAL = '[[variant]]\nname = "v1"\n'


def test_reads_everything(load) -> None:
    experiment = load(FULL, **FILES)

    assert (experiment.suite, experiment.primary_kpi, experiment.current) == (
        "triage",
        "format_valid",
        "v2",
    )
    assert list(experiment.variants) == ["v1", "v2"]
    first, second = experiment.variants.values()
    assert (first.provider, first.api, first.model, first.base_url) == (
        "openai",
        "responses",
        "small",
        "http://127.0.0.1:8080/v1",
    )
    assert first.prompt == "Sort: {{ message }}\nPlease."
    assert first.prompt_path == str(experiment.path.parent / "v1.md")
    assert (first.schema, first.schema_path, first.kind, first.retries) == (None, None, "prompt", 1)
    assert first.params == {"temperature": 0, "stop": ["\n"]}
    assert (second.parent, second.kind, second.model) == ("v1", "fine-tuned", "ft:small")
    assert second.params == {"max_tokens": 5}
    assert second.examples == ({"input": "a", "output": "b"},)
    assert (second.schema, second.constrain, second.retries) == ({"type": "object"}, True, 0)
    assert second.tools == ({"type": "function"},)
    assert (second.retrieval, second.change) == ("handbook of May", "everything")
    assert experiment.gates == (
        Gate(kpi="format_valid", min=0.95, max_drop=0.02),
        Gate(
            kpi="policy_violation_rate",
            max=0.01,
            mode="proven",
            alpha=0.01,
            protect_slices=("safety", "stratum:hard"),
        ),
    )
    assert experiment.prices == {"small": (0.15, 0.6)}
    assert second.components == experiments.fingerprint(second)


def test_a_variant_takes_nothing_from_its_parent(load) -> None:
    experiment = load(
        'current = "b"\n[[variant]]\nname = "a"\nmodel = "m"\n'
        '[[variant]]\nname = "b"\nparent = "a"\n'
    )

    assert experiment.variants["b"].model is None


def test_lines_of_keys(load) -> None:
    experiment = load(FULL, **FILES)

    assert experiment.line("primary_kpi") == 2
    assert experiment.line("kpi", "policy_violation_rate", "max") == 38
    assert experiment.line("kpi", "format_valid", "alpha") == 34
    assert experiment.line("nowhere") is None


def test_byte_order_mark_and_windows_line_ends(load) -> None:
    experiment = load("\ufeff" + FULL.replace("\n", "\r\n"), **FILES)

    assert experiment.line("kpi", "policy_violation_rate", "max") == 38
    assert experiment.variants["v2"].change == "everything"


class TestCurrent:
    def test_a_single_variant_is_current(self, load) -> None:
        assert load(MINIMAL).current == "v1"

    def test_without_variants_there_is_a_default_one(self, load) -> None:
        experiment = load('[defaults]\nmodel = "m"\n[kpi.x]\nmin = 1')

        assert experiment.current == experiments.ANONYMOUS == "default"
        assert experiment.variants["default"].model == "m"

    def test_of_several_one_must_be_named(self, problems) -> None:
        assert problems(MINIMAL + '[[variant]]\nname = "v2"\n') == [
            "experiment.toml: current is missing, and there are several variants. "
            'Add current = "v2": the variant that a plain run evaluates.'
        ]

    def test_a_misspelt_one_is_told_once(self, problems) -> None:
        assert problems('curent = "v1"\n' + MINIMAL + '[[variant]]\nname = "v2"\n') == [
            "experiment.toml:1: unknown key 'curent'; did you mean 'current'? Correct or remove it."
        ]

    def test_a_misplaced_key_is_not_taken_for_it(self, problems) -> None:
        found = problems('parent = "v1"\n' + MINIMAL + '[[variant]]\nname = "v2"\n')
        assert len(found) == 2
        assert "current is missing" in found[0]
        assert "'parent' does not belong here" in found[1]

    def test_it_must_exist(self, problems) -> None:
        assert problems('current = "v3"\n' + MINIMAL) == [
            "experiment.toml:1: current is 'v3', which is no variant; allowed: v1. "
            "Name a variant of this file."
        ]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('suit = "x"\n', "experiment.toml:1: unknown key 'suit'; did you mean 'suite'? "
         "Correct or remove it."),
        ('model = "x"\n', "experiment.toml:1: 'model' does not belong here. "
         "Put it below [defaults] or into a [[variant]]."),
        ("max_errors = 2\n", "experiment.toml:1: 'max_errors' does not belong here. "
         "Put it below [tool.ftgate] of pyproject.toml."),
        ('dataset = "cases.jsonl"\n', "experiment.toml:1: 'dataset' does not belong here. "
         "It is an argument of the test's marker, llm_eval(...)."),
        ('Suite = "x"\n', "experiment.toml:1: unknown key 'Suite'; did you mean 'suite'? "
         "Correct or remove it."),
        ('[defaults]\nchange = "less"\n', "experiment.toml:2: defaults: 'change' does not belong "
         "here. Put it into a [[variant]]."),
        ("[defaults]\ntemperature = 0\n", "experiment.toml:2: defaults: 'temperature' does not "
         "belong here. Put it into params = { ... }."),
        ("[kpi.pass_rate]\nmin = 0.5\non_partial = 'fail'\n", "experiment.toml:3: kpi "
         "'pass_rate': 'on_partial' does not belong here. "
         "Put it below [tool.ftgate] of pyproject.toml."),
        ("[saturation]\ncurrent = 'v1'\n", "experiment.toml:2: saturation: 'current' does not "
         "belong here. Put it at the top of the file, above the first [table]."),
        ('suite = "a b"\n', "experiment.toml:1: the suite's name 'a b' is not allowed. "
         "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -."),
        ("suite = 3\n", "experiment.toml:1: suite must be text, got 3. Put it in quotes."),
        ('\n[defaults]\nnmae = "x"\n', "experiment.toml:3: defaults: unknown key 'nmae'; allowed: "
         "kind, provider, api, base_url, model, params, prompt, examples, shots, schema, "
         "constrain, tools, retrieval, retries. Correct or remove it."),
        ('[defaults]\nretries = -1\n', "experiment.toml:2: defaults: retries must be a whole "
         "number of at least 0, got -1. Write a number without quotes."),
        ('defaults = 3\n', "experiment.toml:1: defaults must be a table [defaults], got 3. "
         "Start it with [defaults] on a line of its own."),
    ],
)  # fmt: skip
def test_wrong_keys_at_the_top(problems, toml: str, message: str) -> None:
    assert problems(toml + "\n" + MINIMAL) == [message]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('promt = "x"', "unknown key 'promt'; did you mean 'prompt'? Correct or remove it."),
        ('name = "v2"\nmin = 1', "'min' does not belong here. Put it below the [kpi.NAME] that it "
         "speaks of."),
        ('kind = "finetuned"', "kind is 'finetuned'; did you mean 'fine-tuned'? "
         "Use one of: prompt, fine-tuned, base, human."),
        ('provider = "openai"\napi = "response"', "api is 'response'; did you mean 'responses'? "
         "Use one of: chat, responses."),
        ('base_url = "localhost:80"', "base_url must start with http:// or https://, got "
         '\'localhost:80\'. Write it like "http://127.0.0.1:8080/v1".'),
        ("model = 4", "model must be text, got 4. Put it in quotes."),
        ("params = 4", "params must be a table, got 4. Write params = { name = value }."),
        ("params = { seed = nan }", "params holds the number nan. "
         "Use text, finite numbers, lists and tables."),
        ("params = { at = [2024-01-01] }", "params holds the date 2024-01-01. "
         "Use text, finite numbers, lists and tables."),
        ('params = { model = "x" }', "params must not hold 'model'. "
         'Write model = "..." beside params.'),
        ("params = { messages = [] }", "params must not hold 'messages'. Use the prompt."),
        ("shots = 2", 'shots needs examples. Add examples = "examples.jsonl".'),
        ("constrain = true", 'constrain needs a schema. Add schema = "...".'),
        ('constrain = "yes"', "constrain must be true or false, got 'yes'. "
         "Write it without quotes."),
        ("retries = true", "retries must be a whole number of at least 0, got True. "
         "Write a number without quotes."),
        ('prompt = "sub/v9.md"', "prompt names 'sub/v9.md', and there is no file sub/v9.md. "
         "File names are relative to the experiment."),
        ('schema = "."', "schema names '.', and there is no file . "
         "File names are relative to the experiment."),
        ('parent = "v0"', "unknown parent 'v0'; there is no other variant. "
         "Name a variant of this file."),
        ('parent = "v"', "the parents run in a circle: v -> v. A first variant has no parent."),
    ],
)  # fmt: skip
def test_wrong_keys_of_a_variant(problems, line: str, message: str) -> None:
    (problem,) = problems(f'[[variant]]\nname = "v"\n{line}'.replace('name = "v"\nname', "name"))

    where, _, rest = problem.partition(": ")
    assert where in {"experiment.toml:2", "experiment.toml:3", "experiment.toml:4"}
    assert rest.partition(": ")[2] == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ('""', "variant number 1: the name is missing. Add name = \"v1\"."),
        ('"a/b"', "variant 'a/b': the name 'a/b' is not allowed. "
         "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -."),
        ('"all"', "variant 'all': the name 'all' is not allowed. all stands for every variant."),
        ("3", "variant number 1: name must be text, got 3. Put it in quotes."),
    ],
)  # fmt: skip
def test_names(problems, name: str, message: str) -> None:
    (problem,) = problems(f"[[variant]]\nname = {name}\n")

    assert problem.partition(": ")[2].replace("variant '': ", "variant number 1: ") == message


def test_equal_names_name_both_lines(problems) -> None:
    assert problems('current = "v1"\n' + MINIMAL + MINIMAL + '[[variant]]\nname = "V1"\n') == [
        "experiment.toml:5: variant 'v1': the name is that of line 3. Rename one of them.",
        "experiment.toml:7: variant 'V1': the name is that of line 3, which has it as 'v1'. "
        "Rename one of them.",
    ]


def test_a_circle_of_parents_is_reported_once(problems) -> None:
    toml = 'current = "a"\n' + "".join(
        f'[[variant]]\nname = "{name}"\nparent = "{parent}"\n'
        for name, parent in (("a", "b"), ("b", "c"), ("c", "b"), ("d", "a"))
    )

    assert problems(toml) == [
        "experiment.toml:7: variant 'b': the parents run in a circle: b -> c -> b. "
        "A first variant has no parent."
    ]


def test_an_unknown_parent(problems) -> None:
    toml = 'current = "v1"\n' + MINIMAL + '[[variant]]\nname = "v2"\nparent = "v11"\n'

    assert problems(toml) == [
        "experiment.toml:6: variant 'v2': unknown parent 'v11'; did you mean 'v1'? "
        "Name a variant of this file."
    ]


def test_a_bad_default_is_reported_once_and_where_it_stands(problems) -> None:
    toml = 'current = "v1"\n[defaults]\nkind = "x"\n' + MINIMAL + '[[variant]]\nname = "v2"\n'

    assert problems(toml) == [
        "experiment.toml:3: defaults: kind is 'x'; allowed: prompt, fine-tuned, base, human. "
        "Use one of: prompt, fine-tuned, base, human."
    ]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("a = ]", "experiment.toml:1:5: this is not TOML: Invalid value. "
         "Look at the quotes and brackets up to this place; a table may be given only once."),
        ('x = 1\n[a]\n[a]\n', "experiment.toml:3:3: this is not TOML: Cannot declare ('a',) twice. "
         "Look at the quotes and brackets up to this place; a table may be given only once."),
        (f"a = {'[' * 50_000}", "experiment.toml: tables are nested deeper than 100 levels. "
         "Flatten them."),
        (f"a{'.a' * 200} = 1", "experiment.toml: tables are nested deeper than 100 levels. "
         "Flatten them."),
        ("variant = 3", "experiment.toml:1: variant must be an array of tables [[variant]], "
         "got 3. Start each with [[variant]]."),
        ("[variant]\nname = 'a'", "experiment.toml:1: variant must be an array of tables "
         "[[variant]], got {'name': 'a'}. Start each with [[variant]]."),
    ],
    ids=["value", "twice", "lists", "tables", "number", "table"],
)  # fmt: skip
def test_what_is_no_experiment(problems, toml: str, message: str) -> None:
    assert problems(toml) == [message]


def test_not_utf8(suite) -> None:
    path = suite("")
    path.write_bytes(b'x = 1\nsuite = "\xe9"')

    with pytest.raises(DataErrors, match=r"^experiment\.toml:2:10: this is not UTF-8: byte 0xe9\."):
        experiments.load(path)


def test_a_missing_experiment(suite) -> None:
    with pytest.raises(DataErrors, match=r"^none\.toml: there is no such file\. Check the path\.$"):
        experiments.load(suite("").with_name("none.toml"))


class TestFiles:
    @pytest.mark.parametrize(
        ("key", "file", "text", "message"),
        [
            ("prompt", "p.md", " \n", "p.md:1: the prompt is empty. Write the instructions."),
            ("prompt", "p.md", "a\n{{ x", "p.md:2: this is not a Jinja2 template: unexpected end "
             "of template, expected 'end of print statement'. "
             "A block must end within its section."),
            ("schema", "s.json", "[]", "s.json: a schema must be an object, got []. "
             'Write {"type": "object", ...}.'),
            ("schema", "s.json", '{\n"a": 1,\nb: 2}', "s.json:3:1: this is not JSON: expecting "
             "property name enclosed in double quotes, got 'b'. "
             "Write keys in double quotes and no comma after the last one."),
            ("tools", "t.json", "{}", "t.json: tools must be a list of at least one object, "
             "got {}. Write the list as the provider takes it."),
            ("examples", "e.jsonl", "", "e.jsonl: there is no example in it. Add one a line."),
        ],
    )  # fmt: skip
    def test_bad_files(self, problems, key: str, file: str, text: str, message: str) -> None:
        toml = f'{MINIMAL}{key} = "{file}"'

        assert problems(toml, **{file.replace(".", "_"): text}) == [message]

    def test_every_bad_example_is_reported(self, problems) -> None:
        lines = (
            '{"input": "a", "output": "b"}\n"x"\n{"input": "a", "outptu": "b"}\n'
            '{"input": 3, "output": "b"}\n{"input": "a", "output": null}\n{"input": \n'
        )

        assert problems(f'{MINIMAL}examples = "e.jsonl"', e_jsonl=lines) == [
            "e.jsonl:2: an example must be an object, got 'x'. "
            'Write {"input": ..., "output": ...}.',
            "e.jsonl:3: unknown key 'outptu'; did you mean 'output'? Correct or remove it.",
            "e.jsonl:4: the input must be text or an object, got 3. "
            'Write "input" as the cases of the dataset do.',
            'e.jsonl:5: the output is missing. Add "output": the wanted answer.',
            "e.jsonl:6:11: this is not JSON: expecting value, the text ends here. "
            "Look for a line that was cut off or a missing bracket.",
        ]

    def test_more_shots_than_examples(self, problems) -> None:
        toml = f'{MINIMAL}examples = "e.jsonl"\nshots = 2\n'

        assert problems(toml, e_jsonl='{"input": "a", "output": "b"}') == [
            "experiment.toml:4: variant 'v1': shots is 2, and e.jsonl holds 1. "
            "Lower it or add examples."
        ]

    def test_no_shots(self, load) -> None:
        toml = f'{MINIMAL}examples = "e.jsonl"\nshots = 0\n'

        assert load(toml, e_jsonl='{"input": "a", "output": "b"}').variants["v1"].examples == ()

    def test_defaults_for_examples_bind_only_who_has_some(self, load) -> None:
        toml = "[defaults]\nshots = 3\nconstrain = true\n" + MINIMAL

        variant = load(toml).variants["v1"]

        assert (variant.examples, variant.constrain) == ((), False)

    def test_a_file_of_several_variants_is_read_once_and_refused_once(
        self, problems, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = []
        original = parts.read_text
        monkeypatch.setattr(parts, "read_text", lambda path: read.append(path) or original(path))
        toml = 'current = "v1"\n[defaults]\nprompt = "p.md"\n' + MINIMAL
        toml += '[[variant]]\nname = "v2"\n'

        assert len(problems(toml, p_md="{{")) == 1
        assert len(read) == 1


def test_problems_stand_in_reading_order(problems) -> None:
    toml = (
        'current = "v9"\n[[variant]]\nname = "v1"\nprompt = "p.md"\nkind = "x"\n[kpi.a]\nmim = 1\n'
    )

    assert [text.split(": ")[0] for text in problems(toml, p_md="{{")] == [
        "experiment.toml:1",
        "experiment.toml:5",
        "experiment.toml:7",
        "p.md:1",
    ]


def test_the_settings_that_an_experiment_refuses_are_those_of_the_project() -> None:
    settings = set(Settings.__annotations__)
    assert set(homes.SETTINGS) == settings - {"variant"}, "[[variant]] is one of ours too"
    assert not homes.EXPERIMENT & settings
