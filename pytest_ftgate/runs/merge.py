"""Putting the shards of one session together again.

The shards must be all of one session and nothing else: each once, complete, of the same dataset,
experiment, gates, rules and baselines, made by the same code. What differs is named. The merged run
is the one that a single machine would have stored, but for its id, its times and what the machines
differ in; its bytes do not depend on the order in which the shards are given.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pytest_ftgate.errors import StoreError
from pytest_ftgate.model import Manifest, Run, RunEnd, SuitePlan
from pytest_ftgate.runs.reading import in_plan_order
from pytest_ftgate.runs.wording import counted, label, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_ftgate.model import Baseline, Record
    from pytest_ftgate.runs.shards import Key

    _Suite = tuple[str, str]

_DECIDING_VERSIONS = ("pytest-ftgate", "jsonschema")
"""Packages of which another version may judge the same answer otherwise."""

_VALUE_LIMIT = 60
_SHARD_OPTION = "--ftgate-shard"
_EVALUATE = "Evaluate all shards from one commit, with the same options"


def merge(runs: Sequence[Run]) -> Run:
    """One complete run out of the shards of a session.

    Args:
        runs: the shards, in any order.

    Raises:
        StoreError: a run is no shard or incomplete, a shard is missing or given twice, or shards
            do not belong together.
    """
    shards = _in_order(runs)
    _refuse_any("The shards do not belong together", _differences(shards), _EVALUATE)
    _refuse_any("The shards overlap", _overlaps(shards), _EVALUATE)
    run_id = _merged_id(shards)
    records = {
        _key(record): replace(record, run=run_id)
        for record in chain.from_iterable(run.records for run in shards)
    }
    plans = _merged_plans(shards, records)
    ends = [run.end for run in shards if run.end is not None]
    return Run(
        manifest=_merged_manifest(shards, run_id, plans),
        records=tuple(in_plan_order(dict(records), plans)),
        end=RunEnd(
            ended_at=max(end.ended_at for end in ends),
            received=len(records),
            wall_s=max(end.wall_s for end in ends),
        ),
        baselines={suite: each for run in shards for suite, each in run.baselines.items()},
        anchors={suite: each for run in shards for suite, each in run.anchors.items()},
        histories={suite: each for run in shards for suite, each in run.histories.items()},
    )


def _key(record: Record) -> Key:
    return record.suite, record.variant, record.case, record.trial


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """The shards from the first to the last; every one of them, each once."""
    if not runs:
        raise StoreError("There is no run to merge. Name the directories of all shards.")
    by_index: dict[int, list[Run]] = defaultdict(list)
    for run in runs:
        if run.manifest.shard is None:
            raise StoreError(
                f"Run {run.manifest.run} is no shard. Merge the runs of pytest {_SHARD_OPTION}=i/n."
            )
        by_index[run.manifest.shard[0]].append(run)
    counts = sorted({run.manifest.shard[1] for run in runs if run.manifest.shard})
    if len(counts) > 1:
        text = " and ".join(map(str, counts))
        raise StoreError(f"The runs are shards of {text}. Merge the shards of one session.")
    (count,) = counts
    missing = [str(index) for index in range(1, count + 1) if index not in by_index]
    if missing:
        what = f"Shard {missing[0]} of {count} is"
        if len(missing) > 1:
            what = f"Shards {named(missing)} of {count} are"
        raise StoreError(f"{what} missing. Give the runs of all {count} shards.")
    for index, found in sorted(by_index.items()):
        if len(found) > 1:
            names = ", ".join(sorted(run.manifest.run for run in found))
            raise StoreError(
                f"Shard {index} of {count} is given {len(found)} times: {names}. Name each once."
            )
        if found[0].end is None:
            raise StoreError(
                f"Run {found[0].manifest.run}, shard {index} of {count}, did not reach its end. "
                "Run it again: a merged run with a part missing proves nothing."
            )
    return [by_index[index][0] for index in range(1, count + 1)]


def _name(run: Run) -> str:
    index = run.manifest.shard[0] if run.manifest.shard else "?"
    return f"shard {index} (run {run.manifest.run})"


def _differences(shards: Sequence[Run]) -> Iterator[str]:
    """What shards of one session have in common and these have not, a clause each."""
    first, *others = shards
    for other in others:
        ours, theirs = _facts(first.manifest), _facts(other.manifest)
        for fact in ours:
            if ours[fact] is not None and theirs[fact] is not None and ours[fact] != theirs[fact]:
                yield _unlike(fact, (first, ours[fact]), (other, theirs[fact]))
    seen: dict[_Suite, tuple[Run, SuitePlan]] = {}
    for run in shards:
        for plan in run.manifest.plans:
            before, reference = seen.setdefault((plan.suite, plan.variant), (run, plan))
            for field in SuitePlan.__struct_fields__:
                ours, theirs = getattr(reference, field), getattr(plan, field)
                if field != "selected" and ours != theirs:
                    fact = f"{field} of the suite {plan.suite} [{plan.variant}]"
                    yield _unlike(fact, (before, ours), (run, theirs))
    yield from _other_baselines(shards)


def _other_baselines(shards: Sequence[Run]) -> Iterator[str]:
    """Suites that were not compared with the same baseline, or anchor, in all shards."""
    seen: dict[tuple[str, str], tuple[Run, Baseline | None]] = {}
    for run in shards:
        for suite in sorted({plan.suite for plan in run.manifest.plans}):
            for role, found in (("baseline", run.baselines), ("anchor", run.anchors)):
                other, reference = seen.setdefault((role, suite), (run, found.get(suite)))
                if reference != found.get(suite):
                    one, two = (
                        each.header.run if each else None for each in (reference, found.get(suite))
                    )
                    yield _unlike(f"{role} of the suite {suite}", (other, one), (run, two))


def _facts(manifest: Manifest) -> dict[str, Any]:
    """What must be equal in all shards where it is known."""
    commit = manifest.git_commit
    return {
        "rules": manifest.rules,
        "record mode": manifest.record_mode,
        # A job's own files make a checkout dirty; what matters of it has hashes of its own.
        "git commit": commit.removesuffix("-dirty") if commit else None,
        **{f"version of {name}": manifest.versions.get(name) for name in _DECIDING_VERSIONS},
    }


def _unlike(fact: str, one: tuple[Run, object], other: tuple[Run, object]) -> str:
    values = [repr(value) for _, value in (one, other)]
    said = f" ({' and '.join(values)})" if max(map(len, values)) <= _VALUE_LIMIT else ""
    return f"{_name(one[0])} and {_name(other[0])} differ in the {fact}{said}"


def _overlaps(shards: Sequence[Run]) -> Iterator[str]:
    owners: dict[Key, Run] = {}
    shared: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for run in shards:
        for plan in run.manifest.plans:
            for case, trial in plan.selected:
                owner = owners.setdefault((plan.suite, plan.variant, case, trial), run)
                if owner is not run:
                    where = (plan.suite, plan.variant, _name(owner), _name(run))
                    shared[where].append(label(case, trial))
    for (suite, variant, one, other), names in shared.items():
        count = counted(len(names), "result")
        yield f"{count} of the suite {suite} [{variant}] in {one} and {other}: {named(names)}"


def _refuse_any(what: str, problems: Iterable[str], advice: str) -> None:
    found = list(problems)
    if found:
        raise StoreError(f"{what}: {'; '.join(found)}. {advice}.")


def _merged_id(shards: Sequence[Run]) -> str:
    """An id that the same shards always get, and that sorts just after the newest of them."""
    ids = sorted(run.manifest.run for run in shards)
    mark = hashlib.blake2b("\n".join(ids).encode(), digest_size=4).hexdigest()
    return f"{ids[-1]}-{mark}"


def _merged_plans(shards: Sequence[Run], records: Mapping[Key, Record]) -> tuple[SuitePlan, ...]:
    parts: dict[_Suite, list[SuitePlan]] = defaultdict(list)
    for plan in chain.from_iterable(run.manifest.plans for run in shards):
        parts[plan.suite, plan.variant].append(plan)
    merged = []
    for (suite, variant), plans in parts.items():
        keys = [(suite, variant, *key) for key in chain.from_iterable(p.selected for p in plans)]
        ordered = sorted(keys, key=_dataset_order(keys, records))
        selected = tuple((case, trial) for _, _, case, trial in ordered)
        merged.append(replace(plans[0], selected=selected))
    return tuple(sorted(merged, key=_session_order))


def _session_order(plan: SuitePlan) -> tuple[object, ...]:
    """By file, suite, and the experiment's order of variants."""
    place = plan.order.index(plan.variant) if plan.variant in plan.order else len(plan.order)
    return plan.file, plan.suite, place, plan.variant


def _dataset_order(
    keys: Iterable[Key], records: Mapping[Key, Record]
) -> Callable[[Key], tuple[str, int, int]] | None:
    """A sort key: by the place in the dataset where every record tells it, else by id."""
    places: dict[Key, tuple[str, int, int]] = {}
    for key in keys:
        record = records.get(key)
        path, _, line = (record.source if record and record.source else "").rpartition(":")
        if not line.isdecimal():
            return None
        places[key] = (path, int(line), key[3])
    return places.__getitem__


def _merged_manifest(shards: Sequence[Run], run_id: str, plans: tuple[SuitePlan, ...]) -> Manifest:
    manifests = [run.manifest for run in shards]
    commits = {manifest.git_commit for manifest in manifests if manifest.git_commit}
    return replace(
        manifests[0],
        run=run_id,
        created_at=min(manifest.created_at for manifest in manifests),
        plans=plans,
        origin="merge",
        versions=_common([manifest.versions for manifest in manifests]),
        git_commit=max(commits, key=len, default=None),  # "-dirty" if any of them is
        ci=_common([manifest.ci for manifest in manifests]),
        command=_without_shard(manifests[0].command),
        shard=None,
    )


def _common(facts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The facts that all machines agree on."""
    counts = Counter(chain.from_iterable(each.items() for each in facts))
    return {name: value for (name, value), count in sorted(counts.items()) if count == len(facts)}


def _without_shard(command: Sequence[str]) -> tuple[str, ...]:
    kept: list[str] = []
    words = iter(command)
    for word in words:
        if word == _SHARD_OPTION:
            next(words, None)
        elif not word.startswith(f"{_SHARD_OPTION}="):
            kept.append(word)
    return tuple(kept)
