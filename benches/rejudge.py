#!/usr/bin/env python3
"""Measures edits of a contract under a loaded explorer, through a real pseudo-terminal.

    cargo build --release
    frontlog generate /tmp/million --records 1000000 --objects 500 --seed 7
    python3 benches/rejudge.py /tmp/million [--binary target/release/frontlog] [--runs 3]

Each schema gets an edit of one property in a copy of the folder's contract, by rename, as editors do. Prints how long
loading takes, and for each event type the time from the edit to the new verdicts on the screen (with the 60 ms that the
folder has to rest), as a share of loading; then the same for an edit of the routing, which judges everything again; the
memory before and after; and how long a key waits for its effect while records are judged again. Standard library only;
Linux, because it reads /proc.
"""

import argparse
import json
import os
import pathlib
import shutil
import tempfile
import time

from explorer import Program


def edited(schema):
    """The schema with one property that is judged in another way."""
    schema = json.loads(json.dumps(schema))
    for rule in schema["properties"].values():
        if rule.get("type") == "string" and "enum" not in rule and "format" not in rule:
            rule["maxLength"] = 3
            return schema
    raise SystemExit("no property to edit")


class Contract:
    def __init__(self, folder):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        shutil.copy(folder / "frontlog.toml", self.dir)
        shutil.copytree(folder / "schemas", self.dir / "schemas")

    def write(self, path, text):
        (self.dir / "new~").write_text(text)
        (self.dir / "new~").rename(self.dir / path)


def until_flash(program, edit):
    program.until_rest()
    # The flash before must be gone, so that the next one is drawn whole.
    time.sleep(6.2)
    program.pump(0.1)
    program.drawn = b""
    edit()
    begin = time.monotonic()
    while "→".encode() not in program.drawn:
        if time.monotonic() - begin > 60:
            raise SystemExit("no flash")
        program.pump(0.002)
    return time.monotonic() - begin


def keys(program, edit):
    """Waits of keys from an edit on, until it has flashed and 0.3 s longer."""
    program.until_rest()
    edit()
    begin, waits, end = time.monotonic(), [], None
    while end is None or time.monotonic() < end:
        pressed = time.monotonic()
        os.write(program.fd, b"?")
        program.wait(b"to narrow")
        waits.append(time.monotonic() - pressed)
        if end is None and "→".encode() in program.drawn:
            end = time.monotonic() + 0.3
        os.write(program.fd, b"\x1b")
        pause = time.monotonic()
        while time.monotonic() - pause < 0.05:
            program.pump(0.005)
            if end is None and "→".encode() in program.drawn:
                end = time.monotonic() + 0.3
        if time.monotonic() - begin > 60:
            raise SystemExit("no flash")
    return waits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    root = pathlib.Path(__file__).resolve().parent.parent
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser.add_argument("--binary", default=str(target / "release" / "frontlog"))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    times, loads, waits, memory = {}, [], [], []
    for _ in range(args.runs):
        contract = Contract(args.folder)
        program = Program([args.binary, str(args.folder), "--contract", str(contract.dir)])
        program.wait(b"page_view")
        loads.append(program.until_rest())
        before = program.memory_mb()
        toml = (contract.dir / "frontlog.toml").read_text()
        edits = {}
        for path in sorted((contract.dir / "schemas").iterdir()):
            schema = json.loads(path.read_text())
            edits[path.name] = (f"schemas/{path.name}", json.dumps(edited(schema)), json.dumps(schema))
        edits["frontlog.toml"] = ("frontlog.toml", toml.replace('"warn"', '"quarantine"'), toml)
        for name, (path, text, back) in edits.items():
            took = until_flash(program, lambda: contract.write(path, text))
            times.setdefault(name, []).append(took)
            waits += keys(program, lambda: contract.write(path, back))
        program.until_rest()
        memory.append((before, program.memory_mb()))
        program.quit()
        shutil.rmtree(contract.dir)
    loaded = min(loads)
    print(f"loaded                {loaded:7.2f} s")
    for name, took in times.items():
        print(f"{name:<22}{min(took):7.2f} s   {min(took) / loaded:.2f} of loading")
    waits.sort()
    at = lambda share: waits[min(len(waits) - 1, int(share * len(waits)))] * 1000
    print(f"key to help           {at(0.5):7.0f} ms median, {at(0.99):.0f} ms p99, {waits[-1] * 1000:.0f} ms at most, of {len(waits)}")
    print(f"memory                {memory[-1][0]:7.0f} MB loaded, {memory[-1][1]:.0f} MB after all edits")


if __name__ == "__main__":
    main()
