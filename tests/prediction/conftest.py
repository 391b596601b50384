"""One posterior of `tests.zoo.competitor`, and what is predicted from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6infer.prediction.interventions import interventions_of
from il6infer.prediction.predict import predict
from il6infer.stages.predictions import ModelPredictions
from tests.zoo.competitor import ASKED, SOLVER, posterior, problem
from tests.zoo.verdicts import verdict


@pytest.fixture(scope="package")
def asked():
    return interventions_of(ASKED, Path("predictions.yaml"))


@pytest.fixture(scope="package")
def found(asked) -> ModelPredictions:
    return predict(problem(), posterior(), asked, seed=1, verdict=verdict(reproduces=False), **SOLVER)
