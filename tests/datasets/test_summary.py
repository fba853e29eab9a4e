from __future__ import annotations

from pytest_ftgate import datasets
from pytest_ftgate.model import Case


def test_counts() -> None:
    summary = datasets.summarize(
        [
            Case(id="a", input="1", stratum="hard", tags=("x",)),
            Case(id="b", input="2", stratum="easy", split="train", tags=("y", "x")),
            Case(id="c", input="3", split="holdout"),
            Case(id="d", input="4", stratum="hard", split="holdout"),
        ]
    )

    assert summary.total == datasets.Shares(cases=4, splits={"train": 1, "dev": 1, "holdout": 2})
    assert summary.total.share("holdout") == 0.5
    assert list(summary.strata) == ["easy", "hard", None]
    assert summary.strata["hard"].splits == {"train": 0, "dev": 1, "holdout": 1}
    assert summary.tags == {"x": 2, "y": 1}
    assert (summary.duplicates, summary.crossing) == ((), ())


def test_duplicates_and_leaks() -> None:
    summary = datasets.summarize(
        [
            Case(id="a", input="Hello"),
            Case(id="b", input="hello ", split="holdout"),
            Case(id="c", input="x", cluster="t", split="holdout"),
            Case(id="d", input="y", cluster="t", split="holdout"),
        ]
    )

    assert summary.duplicates == (("a", "b"),)
    assert summary.crossing == (("a", "b"),)
    assert summary.notes[:2] == (
        "a, b belong together and lie in several splits: results on one leak into the other. "
        "Run 'pytest-ftgate dataset split', or remove all but one.",
        "1 case repeats another's input up to white space and letter case, first a, b: "
        "they count twice. Remove them, or use trials.",
    )


def test_notes_on_size_strata_and_holdout() -> None:
    notes = datasets.summarize([Case(id="a", input="1")]).notes

    assert [note.split(":")[0] for note in notes] == [
        'No case has a "stratum"',
        "The holdout is empty",
        "1 case to evaluate on",
    ]


def test_a_good_dataset_has_no_notes() -> None:
    cases = [
        Case(id=f"c{at}", input=f"{at}", stratum="hard", split="holdout" if at % 3 else "dev")
        for at in range(120)
    ]

    assert datasets.summarize(cases).notes == ()
