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
        "1 case repeats another's input, which then counts twice: "
        "a, b (but for white space and letter case). Remove them, or use trials.",
    )


def test_the_same_input_is_told_from_one_that_is_alike() -> None:
    summary = datasets.summarize(
        [
            Case(id="a", input={"text": "x", "n": 1}, expected="yes"),
            Case(id="b", input={"n": 1, "text": "x"}, expected="no"),
            Case(id="c", input={"text": "X", "n": 1}, expected="no"),
            Case(id="d", input="y"),
            Case(id="e", input="y"),
        ]
    )

    assert summary.exact == (("a", "b"), ("d", "e"))
    assert summary.duplicates == (("a", "b", "c"), ("d", "e"))
    assert summary.notes[:2] == (
        "a, b have the same input and expect different answers, so that no answer is right for "
        "all of them. Correct or remove all but one.",
        "3 cases repeat another's input, which then counts twice: a, b (the same); "
        "d, e (the same); a, b, c (but for white space and letter case). "
        "Remove them, or use trials.",
    )


def test_many_groups_of_duplicates_are_not_all_listed() -> None:
    cases = [Case(id=f"c{at}", input=str(at // 2)) for at in range(24)]
    (note,) = (note for note in datasets.summarize(cases).notes if "repeat" in note)
    assert note.count("(the same)") == 10
    assert "; and 2 groups more. " in note


def test_labels_are_counted_by_split() -> None:
    def case(at: int, split: str) -> Case:
        expected = {
            "queue": "billing" if at % 3 else "shipping",
            "urgent": at % 2 == 0,
            "summary": f"text {at}",
            "total": at,
        }
        return Case(id=f"c{at}", input=str(at), expected=expected, split=split)

    summary = datasets.summarize([case(at, "dev" if at < 4 else "train") for at in range(6)])

    assert list(summary.labels) == ["queue", "urgent"]
    assert list(summary.labels["queue"]) == ["billing", "shipping"]
    assert summary.labels["queue"]["billing"].splits == {"train": 2, "dev": 2, "holdout": 0}
    assert summary.labels["urgent"]["true"].cases == 3


def test_a_text_that_is_expected_as_a_whole_is_a_label_where_it_is_repeated() -> None:
    repeated = [Case(id=f"c{at}", input=str(at), expected="ab"[at % 2]) for at in range(4)]
    assert {
        label: shares.cases
        for label, shares in datasets.summarize(repeated).labels["expected"].items()
    } == {"a": 2, "b": 2}
    free = [Case(id=f"c{at}", input=str(at), expected=f"text {at}") for at in range(4)]
    assert datasets.summarize(free).labels == {}


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
