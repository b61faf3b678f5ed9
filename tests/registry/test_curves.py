"""Pictures of how a training went."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from kgqa.errors import ConfigError
from kgqa.registry import EpochSummary, RunSummary
from kgqa.registry.curves import draw

pytest.importorskip("matplotlib", reason="the extra kgqa[plot] is not installed")


def run(*epochs: EpochSummary) -> RunSummary:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return RunSummary(
        id=3, snapshot="f" * 64, model="m", status="finished", config={}, questions=None, dev=None, warm_start=None, source="s",
        started=moment, finished=moment, left_out={}, seconds=1.0, epochs=epochs,
    )  # fmt: skip


def test_curves_are_an_svg_with_a_line_for_each_measure(tmp_path):
    epochs = [
        EpochSummary(number=number, loss=None if number == 2 else 1.0 / number, dev={"correct": 0.5, "f1": None}, seconds=1.0)
        for number in (1, 2, 3)
    ]
    draw(run(*epochs), tmp_path / "curves.svg")
    picture = ET.parse(tmp_path / "curves.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    text = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "<!-- mean loss -->" in text
    assert "<!-- correct -->" in text
    assert "<!-- F1 -->" not in text


def test_a_picture_of_another_kind_or_of_nothing_is_refused(tmp_path):
    epoch = EpochSummary(number=1, loss=1.0, dev={"correct": 0.5}, seconds=1.0)
    with pytest.raises(ConfigError, match=r"curves\.gif: expected a file \.svg, found '\.gif'"):
        draw(run(epoch), tmp_path / "curves.gif")
    with pytest.raises(ConfigError, match="run 3: expected an epoch to draw, found none"):
        draw(run(), tmp_path / "curves.svg")
    assert not list(tmp_path.iterdir())
