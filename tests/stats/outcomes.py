"""Real outcomes, as small tables: only counts and measures extracted from public repositories."""

from __future__ import annotations

import numpy as np

# lchen001/LLMDrift (Apache-2.0): 1,000 primality questions. Each row: stratum, then whether
# gpt-3.5-turbo-0301, gpt-3.5-turbo-0613, gpt-4-0314 and gpt-4-0613 were right, then how many
# questions had that pattern.
LLMDRIFT = [
    ("composite", 0, 0, 0, 0, 1),
    ("composite", 0, 0, 0, 1, 16),
    ("composite", 0, 0, 1, 1, 8),
    ("composite", 0, 1, 0, 1, 7),
    ("composite", 0, 1, 1, 1, 46),
    ("composite", 1, 0, 0, 1, 88),
    ("composite", 1, 0, 1, 1, 59),
    ("composite", 1, 1, 0, 1, 36),
    ("composite", 1, 1, 1, 1, 239),
    ("prime", 0, 0, 0, 0, 3),
    ("prime", 0, 0, 1, 0, 54),
    ("prime", 0, 0, 1, 1, 3),
    ("prime", 0, 1, 0, 0, 8),
    ("prime", 0, 1, 1, 0, 352),
    ("prime", 0, 1, 1, 1, 6),
    ("prime", 1, 0, 0, 0, 1),
    ("prime", 1, 0, 1, 0, 5),
    ("prime", 1, 1, 1, 0, 65),
    ("prime", 1, 1, 1, 1, 3),
]
LLMDRIFT_MODELS = ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", "gpt-4-0314", "gpt-4-0613")

# sierra-research/tau-bench (MIT): 50 airline tasks by 4 trials of one model, 1 = solved.
TAUBENCH = (
    "0000 0100 0010 0000 0000 0100 1000 0010 0000 0000 0000 1000 1111 0110 0000 0011 0001 0001 "
    "1111 0000 1111 0111 0000 0000 1111 0000 1010 0110 0000 1000 0101 1001 0000 0000 1101 1111 "
    "1111 0111 1111 1000 1101 0101 1111 1000 1010 1001 0110 0100 1111 1111"
)

# WeOpenML/PandaLM (Apache-2.0): the preferences of three human raters (0 = tie) and how many of
# 999 items had them.
PANDALM = [
    ((0, 0, 0), 85),
    ((0, 0, 1), 2),
    ((0, 0, 2), 2),
    ((0, 2, 0), 4),
    ((0, 2, 2), 4),
    ((1, 0, 0), 5),
    ((1, 0, 1), 11),
    ((1, 1, 0), 10),
    ((1, 1, 1), 368),
    ((1, 1, 2), 10),
    ((1, 2, 1), 12),
    ((1, 2, 2), 11),
    ((2, 0, 0), 7),
    ((2, 0, 2), 4),
    ((2, 1, 1), 11),
    ((2, 1, 2), 18),
    ((2, 2, 0), 2),
    ((2, 2, 1), 7),
    ((2, 2, 2), 426),
]

# The same items: whether the GPT-3.5 judge and the PandaLM judge agree with the majority of the
# raters (None: its verdict could not be parsed), and how many items came out so.
PANDALM_JUDGES: list[tuple[int | None, int, int]] = [
    (0, 0, 173),
    (0, 1, 104),
    (1, 0, 145),
    (1, 1, 552),
    (None, 0, 14),
    (None, 1, 11),
]

_ = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability: 4 observers, 12 units.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)

# Darwin's maize (1876): height of crossed minus self-fertilised plants, eighths of an inch.
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)


def llmdrift(model: str, stratum: str | None = None) -> np.ndarray:
    """Outcomes of a model on every question (of a stratum), in one fixed order of questions."""
    place = 1 + LLMDRIFT_MODELS.index(model)
    rows = [row for row in LLMDRIFT if stratum in (None, row[0])]
    return np.repeat([row[place] for row in rows], [row[5] for row in rows]).astype(float)


def llmdrift_strata() -> list[str]:
    return [row[0] for row in LLMDRIFT for _ in range(row[5])]


def taubench() -> np.ndarray:
    """Outcomes (tasks, trials)."""
    return np.array([[float(mark) for mark in task] for task in TAUBENCH.split()])


def pandalm() -> np.ndarray:
    """Ratings (raters, items)."""
    return np.repeat([list(r) for r, _ in PANDALM], [n for _, n in PANDALM], axis=0).T.astype(float)
