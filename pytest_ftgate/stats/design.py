"""How cases count: their weights, strata and clusters, and the variance of a weighted mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_ftgate.stats.grouping import codes, vector

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from pytest_ftgate.stats.grouping import Labels

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

SMALLEST_STRATUM = 5
_FEW_GROUPS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The case weights of an estimate and the structure that its variance must respect.

    ``weight`` holds n non-negative numbers or ``None`` for equal weights; ``strata`` holds n
    codes 0..H-1 or ``None`` for one stratum; ``clusters`` holds n codes 0..G-1 or ``None`` when
    every case is independent of the others. A stratum weighs what its cases weigh, so
    stratification changes the variance and the degrees of freedom, never the estimate.
    """

    n: int
    weight: Floats | None
    strata: Ints | None
    clusters: Ints | None

    @classmethod
    def of(
        cls,
        n: int,
        *,
        weights: ArrayLike | None = None,
        strata: Labels | None = None,
        clusters: Labels | None = None,
    ) -> Design:
        """Prepare a design for n cases.

        Args:
            n: number of cases.
            weights: n non-negative numbers; a case of weight 0 does not count at all.
            strata: n labels; strata with fewer than 5 counting cases are merged.
            clusters: n labels, ``None`` for a case that belongs to no cluster. When some
                cluster has two or more cases, clusters decide the variance and strata do not.
        """
        weight = None if weights is None else vector(weights, "weights", length=n)
        if weight is not None:
            if (weight < 0).any():
                raise ValueError("weights must be >= 0")
            if n and weight.max() == weight.min() > 0:
                weight = None
        counting = np.ones(n, bool) if weight is None else weight > 0
        return cls(
            n=n,
            weight=weight,
            strata=_strata(strata, n, counting),
            clusters=_clusters(clusters, n, counting),
        )

    @property
    def effective_n(self) -> float:
        """Kish's effective number of cases, (sum w)^2 / sum w^2; n for equal weights."""
        if self.weight is None:
            return float(self.n)
        return _effective(self.weight)

    @property
    def units(self) -> float:
        """The effective number of independent units: clusters if there are any, else cases."""
        if self.clusters is None:
            return self.effective_n
        weight = self._weight()
        return _effective(_summing(self.clusters)(weight[:, None])[:, 0])

    def mean(self, values: Floats) -> Floats:
        """Weighted mean over cases: values (n, m) -> (m,); NaN when nothing counts."""
        weight = self._weight()
        total = weight.sum()
        if not total > 0:
            return np.full(values.shape[1], np.nan)
        return np.asarray(weight @ values / total, dtype=np.float64)

    def variance(self, values: Floats, e2: Floats) -> tuple[Floats, Floats]:
        """Variance of the weighted mean and its degrees of freedom.

        Without clusters: within strata, with one pseudo-case of squared deviation ``e2`` shared
        out over the strata by weight, and degrees of freedom after Satterthwaite (1946). With
        unequal weights the number of cases of a stratum is Kish's effective number.

        With clusters: the ultimate-cluster estimator G/(G-1) sum z_g^2 with G-1 degrees of
        freedom (Hansen, Hurwitz & Madow 1953), never below what one pseudo-case alone gives.

        Args:
            values: (n, m), one column an estimate.
            e2: (m,), in squared units of the values; 0 for no pseudo-case.

        Returns:
            variances (m,) and degrees of freedom (m,); 0 degrees of freedom mean that the data
            cannot say, and then the variance is meaningless.
        """
        if self.clusters is not None:
            return self._cluster_variance(values, e2, self.clusters)
        return self._stratified_variance(values, e2)

    def _weight(self) -> Floats:
        return np.ones(self.n) if self.weight is None else self.weight

    def _stratified_variance(self, values: Floats, e2: Floats) -> tuple[Floats, Floats]:
        """V = sum W^2 s2 / n with s2 = (SS + W e2) / (n - 1 + W) within each stratum."""
        weight = self._weight()
        by_stratum = _summing(self.strata)
        total = by_stratum(weight[:, None])
        square = by_stratum((weight * weight)[:, None])
        size = total * total / square
        mean = by_stratum(values * weight[:, None]) / total
        residual = values - (mean if self.strata is None else mean[self.strata])
        residual *= weight[:, None]
        scaled_ss = size * by_stratum(residual * residual) / (total * total)
        share = total / total.sum()
        pseudo = np.where(e2 > 0, share, 0.0)
        freedom = size - 1.0 + pseudo
        known = freedom > 1e-12
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(known, share**2 * (scaled_ss + pseudo * e2 / size) / freedom, 0.0)
            variance = part.sum(axis=0)
            spread = np.where(known, part * part / freedom, 0.0).sum(axis=0)
            df = np.where(spread > 0, variance * variance / spread, freedom.sum(axis=0))
        return variance, np.where(known.all(axis=0), df, 0.0)

    def _cluster_variance(
        self, values: Floats, e2: Floats, clusters: Ints
    ) -> tuple[Floats, Floats]:
        weight = self._weight()
        share = weight / weight.sum()
        residual = (values - self.mean(values)) * share[:, None]
        by_cluster = _summing(clusters)
        sizes = by_cluster(weight[:, None])[:, 0]
        present = np.flatnonzero(sizes)
        sums = by_cluster(residual)[present]
        count = present.size
        variance = count / max(count - 1, 1) * (sums * sums).sum(axis=0)
        floor = e2 / _effective(weight) ** 2
        return np.maximum(variance, floor), np.full(values.shape[1], float(count - 1))


def _summing(groups: Ints | None) -> Callable[[Floats], Floats]:
    """Column sums by group: (n, m) -> (groups, m); one group if there are none."""
    if groups is None:
        return lambda values: (np.ones(values.shape[0]) @ values)[None, :]
    count = int(groups.max()) + 1
    if count <= _FEW_GROUPS:  # a product with the indicator matrix beats one pass a column
        indicator = (groups == np.arange(count)[:, None]).astype(np.float64)
        return lambda values: np.asarray(indicator @ values)
    return lambda values: np.stack(
        [np.bincount(groups, weights=column) for column in values.T], axis=1
    )


def _effective(weight: Floats) -> float:
    square = float(weight @ weight)
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0


def _strata(labels: Labels | None, n: int, counting: NDArray[np.bool_]) -> Ints | None:
    if labels is None:
        return None
    if len(labels) != n:
        raise ValueError(f"{n} cases but {len(labels)} strata labels")
    code = codes(labels)
    sizes = np.bincount(code[counting]) if counting.any() else np.zeros(0, np.intp)
    small = np.flatnonzero(sizes < SMALLEST_STRATUM)
    large = np.flatnonzero(sizes >= SMALLEST_STRATUM)
    if large.size == 0:
        return None
    target = np.arange(int(code.max()) + 1)
    pooled = int(sizes[small].sum())
    if 0 < pooled < SMALLEST_STRATUM:
        target[small] = large[np.argmin(sizes[large])]
    elif small.size:
        target[small] = small[0]
    target[sizes.size :] = large[0]  # strata of which no case counts
    _, merged = np.unique(target[code], return_inverse=True)
    return merged if merged.max() > 0 else None


def _clusters(labels: Labels | None, n: int, counting: NDArray[np.bool_]) -> Ints | None:
    if labels is None:
        return None
    if len(labels) != n:
        raise ValueError(f"{n} cases but {len(labels)} cluster labels")
    code = codes(labels, none_is_unique=True)
    if not counting.any() or np.bincount(code[counting]).max() <= 1:
        return None
    return code
