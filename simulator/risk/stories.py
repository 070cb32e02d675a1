"""Stories: the worst paths grouped by what their worlds had in common.

Drivers are standardised over all worlds and weighed so that each group of drivers counts alike, however many columns
it has. k-means (Lloyd 1982, doi:10.1109/TIT.1982.1056489, from k-means++ starts) groups the paths for k = 2 .. 6. A
grouping counts by how far its mean silhouette (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7) exceeds that of normal
clouds with the covariance of the paths, in which there is nothing to find: the k with the largest excess is taken, and
one story where none reaches LEAST_EXCESS. This is the gap of Tibshirani, Walther and Hastie 2001
(doi:10.1111/1467-9868.00293) with the silhouette for its criterion.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_stories"]

LEAST_EXCESS = 0.03
_MOST_STORIES = 6
_LEAST_PATHS = 25  # a story, on average: of fewer nothing can be said
_STARTS = 8  # of k-means; the tightest grouping is taken
_CLOUDS = 3  # normal clouds beside which a grouping is judged
_SEED = 20_261

Floats = NDArray[np.float64]


class Story(NamedTuple):
    """A group of paths: their rows, the row nearest to its centre, and by how much the grouping exceeds a cloud's."""

    rows: NDArray[np.int64]
    representative: int
    excess: float


def find_stories(features: Floats, most: int = _MOST_STORIES) -> list[Story]:
    """Group the rows of features (paths, columns); the largest group first. Deterministic."""
    distinct = np.unique(features, axis=0).shape[0]
    groupings = [
        (_excess(features, labels, k), -k, labels)
        for k in range(2, min(most, features.shape[0] // _LEAST_PATHS, distinct) + 1)
        if (labels := _group(features, k)) is not None
    ]
    excess, _, labels = max(groupings, key=lambda entry: entry[:2], default=(0.0, 0, None))
    if labels is None or excess < LEAST_EXCESS:
        labels = np.zeros(features.shape[0], dtype=np.int64)
    stories = [_story(features, np.flatnonzero(labels == label), excess) for label in np.unique(labels)]
    return sorted(stories, key=lambda story: (-story.rows.size, story.representative))


def _excess(features: Floats, labels: NDArray[np.int64], k: int) -> float:
    """Silhouette of a grouping less the mean of those that k-means finds in normal clouds of the same covariance."""
    mean, covariance = features.mean(axis=0), np.atleast_2d(np.cov(features.T))
    clouds = []
    for cloud in range(_CLOUDS):
        rng = np.random.default_rng([_SEED, cloud])
        drawn = rng.multivariate_normal(mean, covariance, features.shape[0], method="eigh")
        cloud_labels = _group(drawn, k)
        if cloud_labels is not None:
            clouds.append(_silhouette(drawn, cloud_labels))
    return _silhouette(features, labels) - float(np.mean(clouds)) if clouds else 0.0


def _group(features: Floats, k: int) -> NDArray[np.int64] | None:
    """Labels (paths,) of the tightest of several groupings into k; None if each has an empty group."""
    from scipy.cluster.vq import ClusterError, kmeans2

    best: tuple[float, NDArray[np.int64]] | None = None
    for start in range(_STARTS):
        try:
            centres, labels = kmeans2(
                features, k, iter=50, minit="++", missing="raise", rng=np.random.default_rng([_SEED, k, start])
            )
        except ClusterError:
            continue
        spread = float(((features - centres[labels]) ** 2).sum())
        if best is None or spread < best[0]:
            best = spread, labels.astype(np.int64)
    return None if best is None else best[1]


def _silhouette(features: Floats, labels: NDArray[np.int64]) -> float:
    """The mean over rows of (b - a) / max(a, b): mean distances to its own group and to the nearest other one."""
    from scipy.spatial.distance import cdist

    distances = cdist(features, features)
    members = labels[:, None] == np.unique(labels)[None, :]
    sizes = members.sum(axis=0)
    to_groups = distances @ members
    own = members.argmax(axis=1)
    rows = np.arange(labels.size)
    a = to_groups[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = to_groups / sizes
    means[rows, own] = np.inf
    b = means.min(axis=1)
    largest = np.maximum(a, b)
    scores = np.where((sizes[own] > 1) & (largest > 0.0), (b - a) / np.where(largest > 0.0, largest, 1.0), 0.0)
    return float(scores.mean())


def _story(features: Floats, rows: NDArray[np.int64], excess: float) -> Story:
    inside = features[rows]
    nearest = int(np.argmin(((inside - inside.mean(axis=0)) ** 2).sum(axis=1)))
    return Story(rows, int(rows[nearest]), excess)
