"""The weights of boxes.features in a rectangle's score.

benchmarks/detection/region_weights.py fitted them when the number of rectangles was not yet limited (boxes.MOST); run
now, it gives other weights.
"""

from __future__ import annotations

import numpy as np

ROUGH_WEIGHTS = np.array(
    [
        -26.5886,
        4.3116,
        2.2963,
        2.0527,
        2.0417,
        0.1054,
        -0.4191,
        5.4841,
        -5.5153,
        11.4257,
        29.1193,
        -15.4809,
        1.0315,
        -0.9394,
        -2.9809,
        5.2170,
        0.7393,
        -1.7583,
    ],
    np.float64,
)
"""(ROUGH,) float64: the weights of the quick features, by which the rectangles for all features are chosen."""

WEIGHTS = np.array(
    [
        -17.9039,
        8.0225,
        2.2704,
        0.9489,
        2.1810,
        0.3637,
        -5.2135,
        1.8786,
        -0.7898,
        0.7949,
        28.6826,
        -14.2682,
        -0.2524,
        -1.4415,
        -4.1301,
        1.0235,
        1.6591,
        -0.8949,
        -0.4446,
        1.7991,
        -3.4163,
        -3.2855,
        -3.6285,
        -0.2953,
        -3.2638,
    ],
    np.float64,
)
"""(FEATURES,) float64: the weights of all features."""
