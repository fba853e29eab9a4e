"""Making a run the baseline of a suite: the only way to move a baseline.

Only a run that says all about the suite can become its baseline: complete, with every case of its
split, without errors, of the experiment's current variant, and never of the holdout. What the
present baseline has and the run has not is named and refused unless it is to be dropped.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct, structs

from pytest_ftgate.errors import NoBaseline, StoreError, shown_path
from pytest_ftgate.files import write_together
from pytest_ftgate.model import Baseline, BaselineHeader, HistoryEntry
from pytest_ftgate.runs.baseline import anchor_path, history_path, read
from pytest_ftgate.runs.baseline_lines import count_outcomes, order
from pytest_ftgate.runs.baseline_writing import encode_baseline
from pytest_ftgate.runs.eligibility import acceptable_records, gated_plan, refused
from pytest_ftgate.runs.history import encode_history, read_history
from pytest_ftgate.runs.wording import counted, named

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from pytest_ftgate.model import KpiResult, Record, Run, SuitePlan


class Acceptance(Struct, frozen=True, kw_only=True):
    """What accepting a run changes; nothing is written before :meth:`write`.

    ``added``, ``dropped`` and ``changed`` are case ids: not in the present baseline, not in the
    run, and in both with another content. ``fewer_trials`` are cases that lose trials. ``anchor``
    says what becomes of the anchor: there is ``none`` yet, it is ``made`` of the present baseline,
    ``kept``, or ``moved`` to the present baseline.
    """

    path: Path
    baseline: Baseline
    previous: Baseline | None
    anchor: Literal["none", "made", "kept", "moved"]
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    fewer_trials: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    files: tuple[tuple[Path, bytes], ...] = ()

    def write(self) -> None:
        """Write the baseline, its anchor and its history: all of them or none.

        Raises:
            StoreError: a file cannot be written; all are as they were.
        """
        write_together(self.files)


def accept(
    run: Run,
    suite: str,
    *,
    path: str | os.PathLike[str],
    now: str,
    primary: KpiResult | None = None,
    replace: bool = False,
    with_outputs: bool = False,
    move_anchor: bool = False,
) -> Acceptance:
    """Make a run the baseline of a suite, and write it.

    Args and errors are those of :func:`prepare`.

    Raises:
        StoreError: the run cannot be the baseline, or a file cannot be written.
        DataError: a present file is damaged.
    """
    acceptance = prepare(
        run,
        suite,
        path=path,
        now=now,
        primary=primary,
        replace=replace,
        with_outputs=with_outputs,
        move_anchor=move_anchor,
    )
    acceptance.write()
    return acceptance


def prepare(
    run: Run,
    suite: str,
    *,
    path: str | os.PathLike[str],
    now: str,
    primary: KpiResult | None = None,
    replace: bool = False,
    with_outputs: bool = False,
    move_anchor: bool = False,
) -> Acceptance:
    """What accepting a run would write, for a look before it is written.

    Accepting the run of the present baseline again rewrites it and leaves the history, and the
    anchor unless it is asked to move: a drop that is meant is a bar no more.

    Args:
        run: a stored run.
        suite: one of its suites.
        path: the baseline's file.
        now: the current instant, ISO 8601 in UTC.
        primary: the suite's primary KPI, for the history.
        replace: drop what the present baseline has and the run has not.
        with_outputs: keep the outputs, and the reasons of checks, which quote them.
        move_anchor: make the present baseline the anchor, instead of keeping an older one.

    Raises:
        StoreError: the run cannot be the baseline; the message says why and what to do.
        DataError: a present file is damaged.
    """
    path = Path(path)
    plan = gated_plan(run, suite)
    records = acceptable_records(run, plan)
    baseline = _baseline_of(run, plan, records, now)
    previous = _present(path, suite)
    anchor = _present(anchor_path(path), suite)
    again = previous is not None and previous.header.run == run.manifest.run
    difference = _compare(previous, baseline)
    if (difference.dropped or difference.fewer_trials) and not replace:
        raise refused(run, suite, *_shrinking(difference))
    files = [(path, encode_baseline(baseline, outputs=with_outputs))]
    if not again:
        history = _with_entry(read_history(history_path(path)), baseline.header, primary)
        files.insert(0, (history_path(path), encode_history(history)))
    fate = _fate_of_anchor(previous, anchor, again=again, move=move_anchor)
    if fate in ("made", "moved"):
        # Byte for byte: it is a version that was accepted, outputs and all.
        files.insert(0, (anchor_path(path), path.read_bytes()))
    return Acceptance(
        path=path,
        baseline=baseline,
        previous=previous,
        anchor=fate,
        files=tuple(files),
        **difference._asdict(),
    )


class _Difference(NamedTuple):
    """See :class:`Acceptance`."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    fewer_trials: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def _baseline_of(run: Run, plan: SuitePlan, records: Sequence[Record], now: str) -> Baseline:
    trials = Counter(record.case for record in records)
    header = BaselineHeader(
        suite=plan.suite,
        run=run.manifest.run,
        variant=plan.variant,
        split=plan.split,
        accepted_at=now,
        models=tuple(sorted({record.model for record in records if record.model is not None})),
        dataset_hash=plan.dataset_hash,
        cases=len(trials),
        trials=max(trials.values()),
        counts=count_outcomes(records),
        components=plan.components,
        git_commit=run.manifest.git_commit,
    )
    return Baseline(header=header, records=tuple(sorted(records, key=order)))


def _present(path: Path, suite: str) -> Baseline | None:
    try:
        present = read(path)
    except NoBaseline:
        return None
    if present.header.suite != suite:
        raise StoreError(
            f"{shown_path(path)}: is of the suite {present.header.suite!r}, not of {suite!r}. "
            "Rename one of the suites, or name another file."
        )
    return present


def _compare(previous: Baseline | None, baseline: Baseline) -> _Difference:
    if previous is None:
        return _Difference()
    before, after = _trials(previous.records), _trials(baseline.records)
    contents = {record.case: record.content for record in previous.records}
    return _Difference(
        added=tuple(sorted(after.keys() - before.keys())),
        dropped=tuple(sorted(before.keys() - after.keys())),
        fewer_trials=tuple(sorted(case for case in after if after[case] < before[case])),
        changed=tuple(
            sorted(
                {
                    record.case
                    for record in baseline.records
                    if _differs(contents.get(record.case), record.content)
                }
            )
        ),
    )


def _differs(before: str | None, now: str | None) -> bool:
    """Whether a content is known to be another; unknown content is taken at the id's word."""
    return None not in (before, now) and before != now


def _trials(records: Iterable[Record]) -> Counter[str]:
    """Scored trials of each case: a case that is skipped now says nothing any more."""
    return Counter(record.case for record in records if record.status == "scored")


def _shrinking(difference: _Difference) -> tuple[str, str]:
    """Why a run with less than the present baseline is refused, and what to do."""
    lost = []
    if difference.dropped:
        count = counted(len(difference.dropped), "scored case")
        lost.append(f"{count} of the present one: {named(difference.dropped)}")
    if difference.fewer_trials:
        count = counted(len(difference.fewer_trials), "case")
        lost.append(f"trials of {count}: {named(difference.fewer_trials)}")
    return f"it lacks {' and '.join(lost)}", "Evaluate them too, or drop them by --replace"


def _fate_of_anchor(
    previous: Baseline | None, anchor: Baseline | None, *, again: bool, move: bool
) -> Literal["none", "made", "kept", "moved"]:
    if anchor is None:
        return "none" if previous is None or again else "made"
    stays = previous is None or previous.header.run == anchor.header.run
    return "moved" if move and not stays else "kept"


def _with_entry(
    entries: Sequence[HistoryEntry], header: BaselineHeader, primary: KpiResult | None
) -> list[HistoryEntry]:
    entry = HistoryEntry(
        accepted_at=header.accepted_at or "",
        run=header.run,
        variant=header.variant,
        models=header.models,
        dataset_hash=header.dataset_hash,
        cases=header.cases,
    )
    if primary is not None:
        entry = structs.replace(
            entry,
            kpi=primary.name,
            value=primary.value,
            low=primary.low,
            high=primary.high,
            unit=primary.unit,
        )
    # A kill may have come between the history and the baseline; accepting again completes it.
    return [*(each for each in entries if each.run != entry.run), entry]
