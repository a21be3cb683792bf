#!/usr/bin/env python3
"""Times every format that frontlog reads, on the same records, as a ratio to standard logs (v1) per byte of text.

    cargo build --release
    python3 benches/formats.py                     # 200,000 records in 40 objects of each format, some two minutes
    python3 benches/formats.py --records 50000

Rounds go through all formats, so that a slow moment hits each alike; the best of --runs counts. `check` reads and
judges; `query` builds every column too. The text of a Parquet file is what its rows are as lines.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORMATS = ["v1", "w3c", "json", "parquet", "realtime", "combined"]
SQL = "SELECT count(*) AS n, sum(sc_bytes) AS bytes FROM records"


def seconds(command):
    """Wall time of one command; it must end as a clean run or one with findings."""
    start = time.perf_counter()
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    took = time.perf_counter() - start
    if ran.returncode not in (0, 3):
        raise SystemExit(f"{command}: status {ran.returncode}\n{ran.stderr.decode(errors='replace')[-400:]}")
    return took


def counters(binary, folder):
    """The identity, as `check` counts it."""
    ran = subprocess.run([binary, "check", folder, "--format", "json"], capture_output=True, check=False)
    return json.loads(ran.stdout)["counters"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", help="default: target/release/frontlog, or the one in CARGO_TARGET_DIR")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--objects", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    options.binary = options.binary or target / "release" / "frontlog"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="frontlog-formats-"))
    try:
        texts = {}
        for name in FORMATS:
            size = ["--records", str(options.records), "--objects", str(options.objects), "--faults", "0"]
            subprocess.run(
                [options.binary, "generate", folder / name, *size, "--log-format", name],
                check=True, stdout=subprocess.DEVNULL,
            )
            found = counters(options.binary, folder / name)
            if found["records"] != options.records:
                raise SystemExit(f"{name}: {found['records']} records, not {options.records}")
            texts[name] = found["text_bytes"]
        commands = {
            "check": lambda name: [options.binary, "check", folder / name],
            "query": lambda name: [options.binary, "query", SQL, folder / name],
        }
        best = {(what, name): float("inf") for what in commands for name in FORMATS}
        for _ in range(options.runs):
            for what, name in best:
                best[what, name] = min(best[what, name], seconds(commands[what](name)))
        print(f"{options.records:,} records in {options.objects} objects, {os.cpu_count()} cores, best of {options.runs}")
        print(f"{'':<10} {'MB':>7}" + "".join(f" {what + ' MB/s':>12} {'x v1':>6}" for what in commands))
        for name in FORMATS:
            line = f"{name:<10} {texts[name] / 1e6:>7.0f}"
            for what in commands:
                speed = texts[name] / best[what, name]
                ratio = speed / (texts["v1"] / best[what, "v1"])
                line += f" {speed / 1e6:>12.0f} {ratio:>6.2f}"
            print(line)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
