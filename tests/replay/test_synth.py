"""Synthetic markets: the same seed gives the same rows, everywhere, and they are sound."""

import hashlib

import numpy as np
import polars as pl
import pytest

from openoutcry.replay.synth import synth
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError


def digest(catalog):
    """One digest of all rows, whatever the Parquet writer does and however they are cut."""
    found = hashlib.sha256()
    for info in catalog.ls():
        chunks = list(catalog.chunks(info.kind, info.instrument, info.bar))
        for name in chunks[0]:
            column = np.concatenate([chunk[name] for chunk in chunks])
            found.update(name.encode() + column.astype("<i8").tobytes())
    return found.hexdigest()


def test_a_seed_gives_the_same_rows_on_every_version(tmp_path):
    synth(tmp_path, seed=7, days=1, instruments=("A.SYNTH",), step_s=20)
    assert digest(Catalog(tmp_path)) == (
        "383022502e2ed6ab28d05c6719ba38ee2c58a8caac86da1e3cdd99828e4b8c63"
    )


def test_other_seeds_give_other_rows(tmp_path):
    for seed in (1, 2):
        synth(tmp_path / str(seed), seed=seed, days=1, instruments=("A.SYNTH",), step_s=20)
    assert digest(Catalog(tmp_path / "1")) != digest(Catalog(tmp_path / "2"))


def test_it_is_marked_as_synthetic_and_has_no_findings(tmp_path):
    report = synth(tmp_path, seed=3)
    catalog = Catalog(tmp_path)
    assert catalog.check() == []
    assert report.quotes == 2 * 2 * 43_200
    infos = [catalog.info(path) for path in tmp_path.rglob("*.parquet")]
    assert {info.source for info in infos} == {"synthetic seed 3"}


def test_there_are_trends_to_follow_and_fills_to_make(tmp_path):
    synth(tmp_path, seed=1)
    chunks = Catalog(tmp_path).chunks("bar", "ETHUSDT.SYNTH", "1m-last")
    close = pl.concat([pl.DataFrame(chunk) for chunk in chunks])["close"].cast(pl.Float64)
    above = close.ewm_mean(span=20) > close.ewm_mean(span=60)
    assert 10 < (above != above.shift(1)).sum() < 500
    values = close.to_numpy()
    assert (values.max() - values.min()) / values.mean() > 0.02


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"step_s": 7}, {"step_s": 0}, {"seed": -1}, {"instruments": ()}]
)
def test_arguments_out_of_range_are_errors(tmp_path, wrong):
    with pytest.raises(CatalogError):
        synth(tmp_path, **wrong)
