"""Languages are identified, and unusable settings are refused."""

from __future__ import annotations

import pickle
import sys

import pyarrow as pa
import pytest

from metaclip.config.command_line import load_config
from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.matching.languages import LanguageModel, open_model
from tests.helpers.shared_data import LANGUAGE_MODEL as MODEL


def test_plain_languages_are_identified_also_after_pickling() -> None:
    texts = {
        "A black cat sleeps on the old wooden chair": "en",
        "Die schwarze Katze schläft auf dem\nalten Stuhl": "de",
        "Чёрная кошка спит на старом стуле": "ru",
        "黒い猫が古い椅子で寝ている": "ja",
    }
    model = open_model(LanguageSettings(model=str(MODEL), keep=["en", "ja"]))
    assert model is not None
    for one in (model, pickle.loads(pickle.dumps(model))):
        assert isinstance(one, LanguageModel)
        found = one.identify(pa.array(list(texts))).to_pylist()
        assert [row["language"] for row in found] == list(texts.values())
        assert all(row["score"] > 0.5 for row in found)
    assert model.identify(pa.array([], pa.string())).to_pylist() == []
    assert len(model.identify(pa.array(["", " \0\r\n", "1"]))) == 3


def test_languages_are_not_identified_by_default() -> None:
    assert open_model(load_config().languages) is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (LanguageSettings("/nowhere/lid.ftz"), "/nowhere/lid.ftz: expected a fastText model, "),
        (LanguageSettings(str(MODEL.parent)), "found Is a directory"),
        (LanguageSettings(__file__), "found a file of another format"),
        (LanguageSettings(str(MODEL), ["en", "english"]), "of the model, such as en, found engl"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused(settings: LanguageSettings, line: str) -> None:
    with pytest.raises(InputError) as caught:
        open_model(settings)
    assert line in str(caught.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with pytest.raises(InputError, match=r"pip install fasttext-predict-v2\Z"):
        open_model(LanguageSettings(str(MODEL)))


def test_languages_without_a_model_are_refused() -> None:
    with pytest.raises(InputError, match=r"model: expected a fastText model for what is kept"):
        load_config(None, ["languages.keep=[en]"])
