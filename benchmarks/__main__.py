"""Run the benchmarks and write their figures to `bench-results.json`."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from typing import Any

from benchmarks.inputs import ROOT
from benchmarks.machine import describe_machine, machine_line

_NAMES = (
    *("matching", "extraction", "stages", "sampling", "pool", "cost", "peers", "commands"),
    *("metadata", "cluster"),
)
_RESULTS = ROOT / "bench-results.json"


def main() -> None:
    """Run the benchmarks that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(_NAMES), help="default: all")
    names = parser.parse_args().names or _NAMES
    unknown = sorted(set(names) - set(_NAMES))
    if unknown:
        parser.error(f"expected {', '.join(_NAMES)}, found {', '.join(unknown)}")
    machine = describe_machine()
    print(machine_line(machine), flush=True)
    results: dict[str, Any] = json.loads(_RESULTS.read_text()) if _RESULTS.exists() else {}
    for name in names:
        print(f"\n{name}", flush=True)
        figures = import_module(f"benchmarks.{name}").run()
        results[name] = {"machine": machine, "figures": figures}
        _RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nAll figures: {_RESULTS}")


if __name__ == "__main__":
    main()
