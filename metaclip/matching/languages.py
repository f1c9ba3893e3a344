"""Identify the language of texts by a fastText model."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError

_LABEL = "__label__"
_LINE_ENDS = str.maketrans("\r\n", "  ")  # fastText takes one line


class FastText(Protocol):
    """The part of fastText's model that is used."""

    def predict(
        self, text: str, k: int = 1, threshold: float = 0.0
    ) -> tuple[Sequence[str], Sequence[float]]:
        """Return the `k` most probable labels of one line, and their scores."""
        ...


class LanguageModel:
    """A fastText model as the bytes of its file; each process loads it once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._model: FastText | None = None

    def __reduce__(self) -> tuple[type[LanguageModel], tuple[bytes]]:
        return LanguageModel, (self._data,)

    def load(self) -> FastText:
        """Return fastText's model.

        Raises:
            ImportError: fastText is not installed.
            ValueError: the bytes are not a model.
        """
        if self._model is None:
            import fasttext

            with tempfile.NamedTemporaryFile(suffix=".ftz") as file:
                file.write(self._data)
                file.flush()
                self._model = fasttext.load_model(file.name)
        return self._model

    def identify(self, texts: pa.Array) -> pa.Array:
        """Return the most probable language of each text, as struct<language, score: double>."""
        predict = self.load().predict
        found = [predict(text.translate(_LINE_ENDS)) for text in texts.to_pylist()]
        languages = [labels[0].removeprefix(_LABEL) if labels else None for labels, _ in found]
        scores = [float(scores[0]) if labels else None for labels, scores in found]
        return pa.StructArray.from_arrays(
            [pa.array(languages, pa.string()), pa.array(scores, pa.float64())],
            ["language", "score"],
        )

    def languages(self) -> set[str]:
        """Return all languages that the model knows."""
        labels, _ = self.load().predict("", k=-1, threshold=-1.0)  # above -1: all of them
        return {label.removeprefix(_LABEL) for label in labels}


def open_model(settings: LanguageSettings) -> LanguageModel | None:
    """Return the model of the settings, loaded; None without one.

    Raises:
        InputError: an unreadable file, not a model, no package, or an unknown language.
    """
    if settings.model is None:
        return None
    where = f"languages.model {settings.model}"
    try:
        model = LanguageModel(Path(settings.model).read_bytes())
        known = model.languages()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(where, "a fastText model, such as lid.176.ftz", reason) from None
    except ImportError:
        raise InputError(
            where, "the package fasttext", "none", "pip install fasttext-predict-v2"
        ) from None
    except ValueError:
        raise InputError(
            where, "a fastText model, such as lid.176.ftz", "a file of another format"
        ) from None
    unknown = sorted(set(settings.keep) - known)
    if unknown:
        raise InputError("languages.keep", "languages of the model, such as en", ", ".join(unknown))
    return model
