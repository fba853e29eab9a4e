from __future__ import annotations

from pytest_ftgate.experiments.toml_lines import key_lines

TEXT = '''\
suite = "x"  # [not.a.table]
"quoted key" = 1
a.b = 2

[defaults]
params = { temperature = 0 }
long = """
[variant]
name = "no key"
"""
list = [
  "x = 1",
  "y",
]

[[variant]]
name = "v1"
change = \'\'\'one
[[variant]]\'\'\'
[variant.params]
seed = 1
[[variant]]
  name = "v2"

[kpi."queue.f1"]
min = 0.5
[ kpi . 'x' ]
max = 1
'''


def test_every_key_has_its_line() -> None:
    lines = key_lines(TEXT)

    assert lines == {
        ("suite",): 1,
        ("quoted key",): 2,
        ("a",): 3,
        ("a", "b"): 3,
        ("defaults",): 5,
        ("defaults", "params"): 6,
        ("defaults", "long"): 7,
        ("defaults", "list"): 11,
        ("variant",): 16,
        ("variant", 0): 16,
        ("variant", 0, "name"): 17,
        ("variant", 0, "change"): 18,
        ("variant", 0, "params"): 20,
        ("variant", 0, "params", "seed"): 21,
        ("variant", 1): 22,
        ("variant", 1, "name"): 23,
        ("kpi",): 25,
        ("kpi", "queue.f1"): 25,
        ("kpi", "queue.f1", "min"): 26,
        ("kpi", "x"): 27,
        ("kpi", "x", "max"): 28,
    }


def test_a_long_text_on_one_line_stays_closed() -> None:
    assert key_lines('a = """x"""\nb = 1') == {("a",): 1, ("b",): 2}
