"""From LR frames to scores, through every module, with all errata."""

import numpy as np
import pytest

from keras_vsr.data.degrade import degrade, enlarge
from legacy_tf import pipeline
from legacy_tf.errata import AS_DESCRIBED, AS_RUN


@pytest.mark.parametrize("errata", [AS_DESCRIBED, AS_RUN])
def test_a_3d_network_learns(networks, training, scoring, errata):
    coarse = np.random.default_rng(0).random((17, 4, 5)).astype(np.float32)
    high = enlarge(coarse, "bicubic", 4)
    given = pipeline.enlarged(degrade(high, "bicubic"), errata)
    train, validation = pipeline.split(*pipeline.windows(given, high, errata))
    network = networks.srnet3d(filters=4, mapping_filters=3, errata=errata)
    before = scoring.score(network, *validation)
    rows = training.fit(
        training.Trainer(network, learning_rate=5e-3, decay=1e-3),
        train,
        validation,
        batch_size=4,
        epochs=4,
        patience=8,
        order=training.shuffled(len(train[0]), seed=0),
    )
    after = scoring.score(network, *validation)
    assert len(before) == len(after) == 3
    mse = np.mean([row["mse"] for row in after])
    assert mse == pytest.approx(min(row["validation_mse"] for row in rows), rel=1e-5)
    assert mse < 0.5 * np.mean([row["mse"] for row in before])
