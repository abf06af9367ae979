"""The soak's own judgement, and a few seconds of it."""

from pathlib import Path

import pytest

from tests.benchmarks.soak import Sample, judge, main


def growing(part: int, level_kb: int, kb_a_second: float) -> list[Sample]:
    return [
        Sample(part, float(second), int(level_kb + kb_a_second * second), 10, 5)
        for second in range(100)
    ]


def test_the_slope_is_one_for_all_parts_whatever_their_levels() -> None:
    judged = judge([*growing(1, 50_000, 2.0), *growing(2, 90_000, 2.0)])
    # 2 KB a second are 7,200 KB in an hour, of which the market makes 50.
    assert judged.slope == pytest.approx(7200 / 1024 / 50, rel=1e-6)
    assert judged.passed
    assert not judge(growing(1, 50_000, 20.0)).passed


def test_a_descriptor_more_in_the_second_half_is_growth() -> None:
    rows = growing(1, 50_000, 0.0)
    rows[80:] = [row._replace(descriptors=11) for row in rows[80:]]
    assert not judge(rows).steady


@pytest.mark.slow
def test_the_daemon_lives_on_a_looped_market_and_ends_cleanly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(tmp_path / "soak"), str(20 / 60), "walk"])  # too short for the slope to mean anything
    said = capsys.readouterr().out
    assert said.count("\n") == 1, said  # one line: nothing was wrong with its end
