"""Reading an ``experiment.toml``: the log of variants, the gates and the prices of a suite."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pytest_ftgate.errors import DataError, DataErrors, did_you_mean, nearest, shown_path
from pytest_ftgate.experiments.fingerprints import fingerprint
from pytest_ftgate.experiments.gates import read_gates, read_prices
from pytest_ftgate.experiments.homes import HOMES, PARAMS, SHARED, TOP, VARIANT
from pytest_ftgate.experiments.model import KINDS, Experiment
from pytest_ftgate.experiments.parts import Files
from pytest_ftgate.experiments.saturation import read_saturation
from pytest_ftgate.experiments.tables import Document, Table, read_document
from pytest_ftgate.model import Variant

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

ANONYMOUS = "default"
"""The name of the variant of an experiment (or of a suite) that names none."""

_KEYS = (*TOP, "defaults", "variant", "kpi", "prices", "saturation")
_OPENAI_APIS = ("chat", "responses")
NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
NAME_ADVICE = "Use 1 to 64 of the characters A-Z a-z 0-9 . _ -"
_IN_PARAMS = dict.fromkeys(PARAMS, "Put it into params = { ... }")


def load(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment file and the prompts, examples, schemas and tools that it names.

    What a variant does not say is taken from ``[defaults]``, never from its parent; tables are
    taken whole. An empty text (``schema = ""``) switches a default off. File names are relative
    to the experiment. Without a ``[[variant]]`` there is one named ``default``.

    Raises:
        DataErrors: with everything that is wrong, each with its file and, where known, line.
    """
    path = Path(path)
    try:
        document = read_document(path)
    except DataError as error:
        raise DataErrors([error]) from None
    root = Table(document, (), "", document.data)
    root.allow_only(_KEYS)
    suite = root.text("suite")
    if suite is not None and not NAME.fullmatch(suite):
        root.refuse(f"the suite's name {suite!r} is not allowed", NAME_ADVICE, "suite")
    variants = _variants(root)
    current = _current(root, variants)
    gates = read_gates(root.table("kpi"))
    prices = read_prices(root.table("prices"))
    saturation = read_saturation(root.table("saturation"))
    primary = root.text("primary_kpi")
    if document.problems:
        raise DataErrors(sorted(document.problems, key=_reading_order(document)))
    return Experiment(
        path=path,
        suite=suite,
        primary_kpi=primary,
        current=current,
        variants=variants,
        gates=gates,
        prices=prices,
        saturation=saturation,
        lines=document.lines,
    )


def anonymous_variant(name: str = ANONYMOUS) -> Variant:
    """The variant of a suite without an experiment: nothing but a name."""
    return with_fingerprint(Variant(name=name))


def with_fingerprint(variant: Variant) -> Variant:
    """The variant with the hashes of its components."""
    return replace(variant, components=fingerprint(variant))


def _reading_order(document: Document) -> Callable[[DataError], tuple[bool, str, int]]:
    own = str(document.path)
    return lambda error: (error.path != own, error.path, error.line or 0)


def _variants(root: Table) -> dict[str, Variant]:
    defaults = root.table("defaults")
    defaults.allow_only(SHARED, _IN_PARAMS)
    files = Files(root.document.path.parent, root.document.problems)
    tables = root.tables("variant")
    if not tables:
        return {ANONYMOUS: _variant(ANONYMOUS, defaults, files)}
    variants: dict[str, Variant] = {}
    placed: dict[str, Table] = {}
    for table in tables:
        table.allow_only((*VARIANT, *SHARED), _IN_PARAMS)
        name = _name(table, placed)
        if name is None:
            continue
        placed[name] = table
        variants[name] = _variant(name, replace(table, defaults=defaults), files)
    _check_parents(variants, placed)
    return variants


def _name(table: Table, placed: dict[str, Table]) -> str | None:
    name = table.text("name")
    if name is None:
        if not table.data.get("name"):
            table.refuse("the name is missing", 'Add name = "v1"')
        return None
    if not NAME.fullmatch(name) or name == "all":
        advice = "all stands for every variant" if name == "all" else NAME_ADVICE
        table.refuse(f"the name {name!r} is not allowed", advice, "name")
        return None
    for other, there in placed.items():
        if other.casefold() == name.casefold():
            line = there.document.line((*there.keys, "name"))
            as_there = "" if other == name else f", which has it as {other!r}"
            table.refuse(f"the name is that of line {line}{as_there}", "Rename one of them", "name")
            return None
    return name


def _variant(name: str, table: Table, files: Files) -> Variant:
    prompt, schema, tools = (_file(table, key, files) for key in ("prompt", "schema", "tools"))
    constrain = table.flag("constrain")
    if constrain and not table.get("schema") and "constrain" in table.data:
        table.refuse("constrain needs a schema", 'Add schema = "..."', "constrain")
    return with_fingerprint(
        Variant(
            name=name,
            parent=table.text("parent"),
            kind=table.choice("kind", KINDS) or "prompt",
            provider=table.text("provider"),
            api=_api(table),
            base_url=_base_url(table),
            model=table.text("model"),
            params=_params(table),
            prompt=files.prompt(prompt) if prompt else None,
            prompt_path=str(files.path(prompt)) if prompt else None,
            examples=_examples(table, files),
            schema=files.schema(schema) if schema else None,
            schema_path=str(files.path(schema)) if schema else None,
            constrain=constrain and schema is not None,
            tools=(files.tools(tools) or ()) if tools else (),
            retrieval=table.text("retrieval"),
            change=table.text("change"),
            retries=table.whole("retries") or 0,
        )
    )


def _file(table: Table, key: str, files: Files) -> str | None:
    """The name of a file that exists."""
    name = table.text(key)
    if name is None or files.path(name).is_file():
        return name
    table.refuse(
        f"{key} names {name!r}, and there is no file {shown_path(files.path(name))}",
        "File names are relative to the experiment",
        key,
    )
    return None


def _api(table: Table) -> str:
    if table.get("provider") == "openai":
        return table.choice("api", _OPENAI_APIS) or "chat"
    return table.text("api") or "chat"


def _base_url(table: Table) -> str | None:
    url = table.text("base_url")
    if url is not None and not url.startswith(("http://", "https://")):
        table.refuse(
            f"base_url must start with http:// or https://, got {url!r}",
            'Write it like "http://127.0.0.1:8080/v1"',
            "base_url",
        )
    return url


def _params(table: Table) -> dict[str, Any]:
    params = table.json_table("params")
    for key in ("model", "messages"):
        if key in params:
            advice = 'Write model = "..." beside params' if key == "model" else "Use the prompt"
            table.refuse(f"params must not hold {key!r}", advice, "params")
    return params


def _examples(table: Table, files: Files) -> tuple[dict[str, Any], ...]:
    """The first ``shots`` examples of the file; all of them when ``shots`` is absent."""
    name, shots = _file(table, "examples", files), table.whole("shots")
    if name is None:
        if shots and "shots" in table.data and not table.get("examples"):
            table.refuse("shots needs examples", 'Add examples = "examples.jsonl"', "shots")
        return ()
    examples = files.examples(name)
    if examples is None:
        return ()
    if shots is not None and shots > len(examples):
        table.refuse(
            f"shots is {shots}, and {name} holds {len(examples)}",
            "Lower it or add examples",
            "shots",
        )
    return examples if shots is None else examples[:shots]


def _check_parents(variants: dict[str, Variant], placed: dict[str, Table]) -> None:
    parents = {name: variant.parent for name, variant in variants.items()}
    known = set(variants)
    in_reported_cycle: set[str] = set()
    for name, parent in parents.items():
        if parent is not None and parent not in known:
            others = [other for other in variants if other != name]
            hint = did_you_mean(parent, others) if others else "there is no other variant"
            placed[name].refuse(
                f"unknown parent {parent!r}; {hint}", "Name a variant of this file", "parent"
            )
        cycle = _cycle(name, parents)
        if cycle and name not in in_reported_cycle:
            in_reported_cycle.update(cycle)
            placed[name].refuse(
                f"the parents run in a circle: {' -> '.join((*cycle, name))}",
                "A first variant has no parent",
                "parent",
            )


def _cycle(name: str, parents: dict[str, str | None]) -> tuple[str, ...]:
    """The variants from ``name`` back to itself along the parents; empty when it never returns."""
    trail = [name]
    while (parent := parents.get(trail[-1])) is not None and parent not in trail:
        trail.append(parent)
    return tuple(trail) if parent == name else ()


def _current(root: Table, variants: dict[str, Variant]) -> str:
    current = root.text("current")
    if current is None:
        unknown = [key for key in root.data if key not in HOMES]
        if len(variants) > 1 and nearest("current", unknown) is None:  # a misspelt one is told
            root.refuse(
                "current is missing, and there are several variants",
                f'Add current = "{list(variants)[-1]}": the variant that a plain run evaluates',
            )
        return next(iter(variants), ANONYMOUS)
    if variants and current not in variants:
        root.refuse(
            f"current is {current!r}, which is no variant; {did_you_mean(current, variants)}",
            "Name a variant of this file",
            "current",
        )
    return current
