"""Small pools of made-up pairs, whose words are entries."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from tests.helpers.runner import Runner

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
T = 6.0

Row = dict[str, str]


def make_pairs(seed: int, images: int = 60) -> list[Row]:
    """Return pairs with 1 to 3 texts an image; most texts have the first words, few the last."""
    chance = random.Random(seed)
    pairs = []
    for image in range(images):
        for _ in range(chance.randint(1, 3)):
            words = [word for n, word in enumerate(WORDS) if chance.random() < 1.5 / (2 + n)]
            text = " ".join([*words, f"text {chance.random()}"])
            url = f"http://{seed}.example.org/{image}.jpg"
            pairs.append({"url": url, "text": text, "uid": f"{seed}-{image}"})
    return pairs


def arrive(run: Runner, crawl: str, pairs: Sequence[Row], folder: Path, steps: int = 3) -> None:
    """Import, match and count one crawl alone, or only the first of these steps."""
    file = folder / f"{crawl}.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    for step in (import_pairs, match_entries, count_entries)[:steps]:
        run(step, f"crawl.name={crawl}", f"crawl.files={file}")
