"""``pytest-ftgate dataset``: validate, split, lock, import and export datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_ftgate.cli.output import write_table
from pytest_ftgate.errors import ConfigError, DataError, DataErrors, shown_path
from pytest_ftgate.reports.numbers import plural
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_ftgate.datasets import Shares, Summary
    from pytest_ftgate.model import Case

EXIT_BAD_DATA = 4
_PATH = click.Path(path_type=Path)
_TAGS = 20
_SPLITS = ("train", "dev", "holdout")


@click.group()
def dataset() -> None:
    """Validate, split, lock, import and export datasets."""


@dataset.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=_PATH)
def validate(paths: tuple[Path, ...]) -> int:
    """Check datasets: every bad line, what each split and stratum holds, what is doubtful."""
    from pytest_ftgate import datasets

    code = 0
    for path in paths:
        try:
            cases = datasets.load(path)
            check = datasets.verify_lock(path, cases)
        except DataErrors as errors:
            _tell_all(errors)
            code = EXIT_BAD_DATA
            continue
        except DataError as error:
            click.echo(error, err=True)
            code = EXIT_BAD_DATA
            continue
        _print_summary(path, datasets.summarize(cases))
        if check is not None and not check.holds:
            advice = "Restore the cases, or accept the change by 'dataset lock --replace'"
            click.echo(DataError(path, check.reason, advice), err=True)
            code = EXIT_BAD_DATA
    return code


@dataset.command()
@click.argument("path", type=_PATH)
@click.option("-o", "--output", metavar="FILE", type=_PATH, help="Write here, not in place.")
@click.option(
    "--ratios",
    metavar="TRAIN,DEV,HOLDOUT",
    default="0.75,0.125,0.125",
    show_default=True,
    help="The shares of the splits; they add up to 1.",
)
@click.option("--seed", metavar="N", type=int, default=0, show_default=True)
def split(path: Path, output: Path | None, ratios: str, seed: int) -> None:
    """Assign each case of PATH to train, dev or holdout.

    Each stratum is divided alike. Cases with the same input and cases of one cluster stay
    together. The same cases and seed give the same splits.
    """
    from pytest_ftgate import datasets

    summary = datasets.split_file(path, output, ratios=_numbers(ratios), seed=seed)
    _print_summary(output or path, summary)


@dataset.command()
@click.argument("path", type=_PATH)
@click.option("--replace", is_flag=True, help="Lock the holdout anew although it has changed.")
def lock(path: Path, replace: bool) -> None:
    """Write a lock of the holdout of PATH, to be committed: later changes are then noticed."""
    from pytest_ftgate import datasets

    target = datasets.lock(path, replace=replace)
    click.echo(f"{shown_path(target)}: locks the holdout of {shown_path(path)}. Commit it.")


@dataset.command("import")
@click.argument("source", type=_PATH)
@click.argument("target", type=_PATH)
@click.option(
    "--field",
    "fields",
    metavar="TARGET=SOURCE",
    multiple=True,
    help="Take a field of the case from a column: input.message=question. Repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite TARGET.")
def import_(source: Path, target: Path, fields: tuple[str, ...], force: bool) -> None:
    """Make a dataset TARGET (.jsonl or .csv) from JSON Lines, JSON, YAML or CSV of any columns.

    Chats ({"messages": ...}) and {"prompt": ..., "completion": ...} are known. Columns that are
    not used go to the metadata.
    """
    from pytest_ftgate import datasets

    cases = datasets.import_cases(source, fields=dict(map(_field, fields)))
    _refuse_existing(target, force)
    datasets.dump(cases, target)
    _print_summary(target, datasets.summarize(cases))


@dataset.command()
@click.argument("path", type=_PATH)
@click.argument("target", type=_PATH)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["jsonl", "csv", "chat"]),
    help="By default what the suffix of TARGET says; chat is training data for fine-tuning.",
)
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(_SPLITS),
    help="Only cases of this split; repeatable. chat takes train by default, never the holdout.",
)
@click.option(
    "--experiment", metavar="FILE", type=_PATH, help="For chat: render inputs by this experiment."
)
@click.option("--variant", metavar="NAME", help="Its variant; by default the current one.")
@click.option("--force", is_flag=True, help="Overwrite TARGET.")
def export(
    *,
    path: Path,
    target: Path,
    format_: str | None,
    splits: tuple[str, ...],
    experiment: Path | None,
    variant: str | None,
    force: bool,
) -> None:
    """Write the cases of PATH to TARGET for another tool."""
    from pytest_ftgate import datasets

    cases = datasets.load(path)
    to_messages = _renderer(experiment, variant)
    _refuse_existing(target, force)
    count = datasets.export(
        cases, target, format=format_, splits=splits or None, to_messages=to_messages
    )
    click.echo(f"{shown_path(target)}: {plural(count, 'case')} written.")


def _renderer(path: Path | None, name: str | None) -> Callable[[Case], list[dict[str, Any]]] | None:
    if path is None:
        if name is not None:
            raise ConfigError(f"--variant {name}: name the experiment that has it: --experiment")
        return None
    from pytest_ftgate import experiments
    from pytest_ftgate.errors import did_you_mean

    experiment = experiments.load(path)
    name = name or experiment.current
    if name not in experiment.variants:
        raise ConfigError(
            f"--variant {name}: {shown_path(path)} has no such variant; "
            f"{did_you_mean(name, experiment.variants)}"
        )
    variant = experiment.variants[name]
    return lambda case: experiments.render(variant, case)


def _tell_all(errors: DataErrors) -> None:
    for error in errors.errors:
        click.echo(error, err=True)
    click.echo(f"{plural(len(errors.errors), 'problem')}.", err=True)


def _print_summary(path: Path, summary: Summary) -> None:
    cases = plural(summary.total.cases, "case")
    click.echo(f"{shown_path(path)}: {cases}, hash {summary.hash}")
    rows = [
        _row("(none)" if stratum is None else shown(stratum, 40), shares)
        for stratum, shares in summary.strata.items()
    ]
    write_table(
        ("stratum", *_SPLITS, "cases"),
        [*rows, _row("all", summary.total)],
        right="train dev holdout cases",
    )
    for part, by_label in summary.labels.items():
        write_table(
            (shown(part, 40), *_SPLITS, "cases"),
            [_row(shown(label, 40), shares) for label, shares in by_label.items()],
            right="train dev holdout cases",
        )
    if summary.tags:
        click.echo(f"tags: {_tags(summary.tags)}")
    for note in summary.notes:
        click.echo(f"note: {note}")
    click.echo()


def _tags(counts: Mapping[str, int]) -> str:
    """The commonest tags with their counts."""
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    told = [f"{shown(tag, 40)} {count:,}" for tag, count in ranked[:_TAGS]]
    rest = len(ranked) - len(told)
    return ", ".join(told) + (f" and {rest:,} more" if rest else "")


def _row(label: str, shares: Shares) -> tuple[str, ...]:
    cells = (
        f"{shares.splits[split]:,} ({shares.share(split):.0%})" if shares.splits[split] else "0"
        for split in _SPLITS
    )
    return (label, *cells, f"{shares.cases:,}")


def _refuse_existing(target: Path, force: bool) -> None:
    if target.exists() and not force:
        raise ConfigError(f"{shown_path(target)}: exists already. Overwrite it by --force.")


def _field(text: str) -> tuple[str, str]:
    target, equals, source = text.partition("=")
    if not (target and equals and source):
        raise ConfigError(f"--field {text}: write TARGET=SOURCE, like input.message=question.")
    return target, source


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--ratios {text}: write three fractions like 0.75,0.125,0.125."
        ) from None
