"""KPIs of labels: accuracy, macro F1, per class, and what unseen rows may do to them."""

from __future__ import annotations

import pytest

from pytest_ftgate.model import Gate
from pytest_ftgate.verdicts import kpis
from tests.runs.making import failed, missed, run_of, scored
from tests.verdicts.checked import gate_of, kpi_of, suite_of
from tests.verdicts.observed import graded, label


class TestLabels:
    RECORDS = (
        scored("c1", label("a", "a")),
        scored("c2", label("a", "b")),
        scored("c3", label("b", "b")),
        scored("c4", label("b", None)),
        scored("c5", label("b", "invented")),
        scored("c6", label("b", "b")),
    )

    def test_accuracy_has_the_check_s_name(self) -> None:
        run = run_of(*self.RECORDS)
        assert kpi_of(run, "queue").value == 0.5

    def test_macro_f1(self) -> None:
        # a: TP 1, FN 1; b: TP 2, FP 1, FN 2.
        f1 = (2 / 3 + 4 / 7) / 2
        kpi = kpi_of(run_of(*self.RECORDS), "queue_macro_f1")
        assert (kpi.value, kpi.unit) == (pytest.approx(f1), "score")
        assert kpi.low is not None
        assert kpi.high is not None
        assert 0 <= kpi.low < f1 < kpi.high <= 1

    def test_the_table_counts_what_was_expected_and_predicted(self) -> None:
        (table,) = suite_of(run_of(*self.RECORDS)).labels
        assert table.check == "queue"
        assert table.labels == ("a", "b", None)
        assert table.counts == ((1, 1, 0), (0, 2, 2), (0, 0, 0))
        assert table.precision == {"a": 1.0, "b": pytest.approx(2 / 3)}
        assert table.recall == {"a": 0.5, "b": 0.5}
        assert table.f1 == {"a": pytest.approx(2 / 3), "b": pytest.approx(4 / 7)}
        assert (table.accuracy, table.macro_f1) == (0.5, pytest.approx((2 / 3 + 4 / 7) / 2))
        assert (table.macro_precision, table.macro_recall) == (pytest.approx(5 / 6), 0.5)

    def test_no_column_for_predictions_that_could_be_made(self) -> None:
        (table,) = suite_of(run_of(*self.RECORDS[:3])).labels
        assert (table.labels, table.counts) == (("a", "b"), ((1, 1), (0, 1)))

    def test_a_class_that_is_never_predicted_has_no_precision(self) -> None:
        (table,) = suite_of(run_of(scored("c1", label("a", "b")), *self.RECORDS[2:3])).labels
        assert table.precision == {"a": None, "b": 0.5}
        assert table.macro_precision == 0.25

    @pytest.mark.parametrize(
        ("alias", "own"),
        [
            ("accuracy", "queue"),
            ("queue_accuracy", "queue"),
            ("macro_f1", "queue_macro_f1"),
        ],
    )
    def test_aliases(self, alias: str, own: str) -> None:
        run = run_of(*self.RECORDS, gates=(Gate(kpi=alias, min=0.1),))
        assert kpi_of(run, alias).value == kpi_of(run_of(*self.RECORDS), own).value
        assert own not in [kpi.name for kpi in suite_of(run).kpis]

    def test_a_check_s_own_name_goes_before_a_derived_one(self) -> None:
        records = [scored("c1", label("a", "a"), missed("queue_accuracy"), missed("accuracy"))]
        run = run_of(*records, gates=(Gate(kpi="accuracy", min=0.1),))
        assert kpi_of(run, "accuracy").value == 0.0
        assert kpi_of(run, "queue_accuracy").value == 0.0
        own = scored("c1", label("a", "a"), graded(1.0, check="queue_macro_f1"))
        assert kpi_of(run_of(own), "queue_macro_f1").value == 1.0

    def test_weights_and_trials_count_as_in_the_kpi(self) -> None:
        records = [
            scored("c1", label("a", "a"), weight=2.0, trial=0),
            scored("c1", label("a", "b"), weight=2.0, trial=1),
            scored("c2", label("b", "b")),
        ]
        (table,) = suite_of(run_of(*records, trials=2)).labels
        assert table.counts == ((1, 1), (0, 1))
        assert table.accuracy == pytest.approx((2 * 0.5 + 1) / 3)
        assert table.precision == {"a": 1.0, "b": 0.5}

    def test_a_trial_that_lacks_its_label_does_not_shift_the_others(self) -> None:
        records = [
            scored("c1", trial=0, weight=5.0),
            scored("c2", label("b", "a"), trial=0),
            scored("c1", label("a", "a"), trial=1, weight=5.0),
            scored("c2", label("b", "b"), trial=1),
        ]
        kpi = kpi_of(run_of(*records, trials=2), "queue_macro_f1")
        # weights: c1 5, c2 two rows of 1/2; a: TP 5, FP .5; b: TP .5, FN .5
        assert kpi.value == pytest.approx((10 / 10.5 + 1 / 1.5) / 2)

    def test_the_worst_case_puts_unseen_rows_where_they_hurt_most(self) -> None:
        records = [scored(f"c{n}", label("ab"[n % 2], "ab"[n % 2])) for n in range(8)]
        run = run_of(*records, failed("e"), gates=(Gate(kpi="macro_f1", min=0.9),))
        # One more expected row without a hit, and one more predicted: a row of each class.
        verdict, reason = gate_of(run, "macro_f1")
        assert (verdict, kpi_of(run, "macro_f1").value) == ("block", 1.0)
        assert f"1 unseen result at the worst {8 / 9:.3f} does not" in reason

    def test_the_worst_case_of_a_stratum_without_errors_is_what_was_seen(self) -> None:
        records = [scored(f"c{n}", label("a", "a"), stratum="easy") for n in range(4)]
        broken = failed("e", stratum="hard")
        found = kpis.catalogue_of([*records, broken]).get("queue_macro_f1")
        assert found is not None
        assert found.measure(stratum="easy", worst=True).value == 1.0
        assert found.measure(worst=True).value == 8 / 10

    def test_more_classes_than_anyone_can_read(self) -> None:
        records = [scored(f"c{n}", label(f"l{n}", f"l{n}")) for n in range(60)]
        suite = suite_of(run_of(*records))
        assert suite.labels == ()
        assert kpi_of(run_of(*records), "queue_macro_f1").value == 1.0

    def test_free_text_used_as_labels_has_no_macro_f1(self) -> None:
        records = [scored(f"c{n}", label(f"l{n}", "x")) for n in range(1001)]
        kpi = kpi_of(run_of(*records), "queue_macro_f1")
        assert (kpi.value, kpi.n, kpi.reason) == (None, 0, "there are more than 1,000 classes")

    def test_invented_labels_cost_neither_memory_nor_classes(self) -> None:
        records = [scored(f"c{n}", label("ab"[n % 2], f"invented {n}")) for n in range(3000)]
        kpi = kpi_of(run_of(*records), "queue_macro_f1")
        assert (kpi.value, kpi.n) == (0.0, 3000)
