#!/usr/bin/env python3
"""Times frontlog beside gzip and DuckDB on generated logs, and prints ratios.

    cargo build --release
    python3 benches/compare.py                     # 1,000,000 records in 500 objects, about two minutes
    python3 benches/compare.py --scaling           # also 2 and 4 million
    python3 benches/compare.py --records 100000 --objects 50 --runs 1

Everything is measured in units of `cat *.gz | gzip -dc >/dev/null` of the same run, the best of --runs each, so that
figures of two machines can be compared. DuckDB (from PyPI) is left out where it is not installed.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Field names and DuckDB types of a standard log, in order.
FIELDS = [
    ("date", "DATE"), ("time", "TIME"), ("x_edge_location", "VARCHAR"), ("sc_bytes", "BIGINT"), ("c_ip", "VARCHAR"),
    ("cs_method", "VARCHAR"), ("cs_host", "VARCHAR"), ("cs_uri_stem", "VARCHAR"), ("sc_status", "BIGINT"),
    ("cs_referer", "VARCHAR"), ("cs_user_agent", "VARCHAR"), ("cs_uri_query", "VARCHAR"), ("cs_cookie", "VARCHAR"),
    ("x_edge_result_type", "VARCHAR"), ("x_edge_request_id", "VARCHAR"), ("x_host_header", "VARCHAR"),
    ("cs_protocol", "VARCHAR"), ("cs_bytes", "BIGINT"), ("time_taken", "DOUBLE"), ("x_forwarded_for", "VARCHAR"),
    ("ssl_protocol", "VARCHAR"), ("ssl_cipher", "VARCHAR"), ("x_edge_response_result_type", "VARCHAR"),
    ("cs_protocol_version", "VARCHAR"), ("fle_status", "VARCHAR"), ("fle_encrypted_fields", "BIGINT"),
    ("c_port", "BIGINT"), ("time_to_first_byte", "DOUBLE"), ("x_edge_detailed_result_type", "VARCHAR"),
    ("sc_content_type", "VARCHAR"), ("sc_content_len", "BIGINT"), ("sc_range_start", "BIGINT"),
    ("sc_range_end", "BIGINT"),
]

DUCKDB = """
import duckdb, sys
con = duckdb.connect()
con.execute("SET threads = {threads}")
con.execute('''CREATE TABLE records AS SELECT * FROM read_csv({glob!r}, delim = '\\t', header = false, skip = 2,
    quote = '', escape = '', nullstr = '-', auto_detect = false,
    columns = {columns})''')
found = con.execute("SELECT count(*) FROM records").fetchone()[0]
sys.exit(0 if found == {records} else f"DuckDB found {{found}} records, not {records}")
"""


class Timing:
    """Seconds and peak resident bytes of one command."""

    def __init__(self, seconds, peak_bytes, status):
        self.seconds, self.peak_bytes, self.status = seconds, peak_bytes, status


def measure(command, expected=(0,)):
    """Runs a command without output; wall time, and peak memory from the kernel."""
    start = time.perf_counter()
    with open(os.devnull, "wb") as nothing, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=nothing, stderr=errors, shell=isinstance(command, str))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if child.returncode not in expected:
            errors.seek(0)
            message = errors.read().decode(errors="replace")[-400:]
            raise SystemExit(f"{command}: status {child.returncode}\n{message}")
    return Timing(seconds, usage.ru_maxrss * 1024, child.returncode)


def best(runs, command, expected=(0,)):
    """The fastest of several runs."""
    return min((measure(command, expected) for _ in range(runs)), key=lambda t: t.seconds)


def generate(binary, folder, records, objects):
    """Generated logs in a folder, unless they are there already."""
    if not folder.is_dir():
        # Without faults: DuckDB stops at a truncated object, and gzip at junk.
        size = ["--records", str(records), "--objects", str(objects)]
        timing = measure([binary, "generate", folder, *size, "--seed", "1", "--faults", "0"])
        print(f"generated {records:,} records in {objects:,} objects in {timing.seconds:.1f} s")
    return sorted(folder.rglob("*.gz"))


def counters(binary, folder):
    """The identity, as `check` counts it."""
    ran = subprocess.run([binary, "check", folder, "--format", "json"], capture_output=True, check=False)
    return json.loads(ran.stdout)["counters"]


def duckdb_command(files, threads, records):
    """DuckDB reading the same files into a table: names and types given, sniffing off."""
    columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in FIELDS) + "}"
    code = DUCKDB.format(threads=threads, records=records, glob=str(files[0].parent / "*.gz"), columns=columns)
    return [sys.executable, "-c", code]


def has_duckdb():
    """True where the Python running this can import duckdb."""
    return subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0


def scaling(binary, base, folder, runs):
    """Seconds of `check` for one, two and four times the records."""
    seconds = {}
    for factor in (1, 2, 4):
        records, objects = base[0] * factor, base[1] * factor
        logs = folder / f"{records}-{objects}"
        generate(binary, logs, records, objects)
        seconds[factor] = best(runs, [binary, "check", logs, "--threads", "2"], (0, 3)).seconds
    return seconds


def report(name, timing, unit, target=""):
    """One line of the table."""
    ratio = timing.seconds / unit
    print(f"{name:<44} {timing.seconds:>8.2f} {ratio:>8.2f} {timing.peak_bytes / 1e6:>9.0f}  {target}")


def main():
    """Generates, measures, prints."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--objects", type=int, default=500)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--binary", help="default: target/release/frontlog, or the one in CARGO_TARGET_DIR")
    options.add_argument("--folder", help="keep the generated logs here")
    options.add_argument("--scaling", action="store_true")
    options.add_argument("--json", help="also write the figures to this file")
    typed = options.parse_args()

    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = pathlib.Path(typed.binary or target / "release" / "frontlog")
    if not binary.is_file():
        raise SystemExit(f"{binary} is not there: run `cargo build --release` first, or give --binary")
    folder = pathlib.Path(typed.folder or tempfile.mkdtemp(prefix="frontlog-bench-"))
    try:
        run(typed, binary, folder)
    finally:
        if not typed.folder:
            shutil.rmtree(folder, ignore_errors=True)


def run(typed, binary, folder):
    """One comparison."""
    logs = folder / f"{typed.records}-{typed.objects}"
    files = generate(binary, logs, typed.records, typed.objects)
    counted = counters(binary, logs)
    text = counted["text_bytes"]
    stored = sum(f.stat().st_size for f in files)
    print(f"{typed.records:,} records, {len(files):,} objects, {stored / 1e6:,.0f} MB stored, {text / 1e6:,.0f} MB of text")
    print(f"\n{'':<44} {'seconds':>8} {'x gzip':>8} {'peak MB':>9}")

    threads = ["--threads", str(typed.threads)]
    everything = " ".join(f"'{f.parent}'/*.gz" for f in files[:1])
    gzip = best(typed.runs, f"cat {everything} | gzip -dc > /dev/null")
    unit = gzip.seconds
    report("cat *.gz | gzip -dc", gzip, unit)
    check = best(typed.runs, [binary, "check", logs, *threads], (0, 3))
    report("frontlog check", check, unit, "at most 0.5, 400 MB")
    count = best(typed.runs, [binary, "check", "--no-judge", logs, *threads], (0, 3))
    report("frontlog check --no-judge (reads, counts)", count, unit)
    load = best(typed.runs, [binary, "query", "SELECT count(*) AS n FROM records", logs, *threads])
    report("frontlog query (every column in the frame)", load, unit, f"at most 0.8, {text / 1e6:,.0f} MB")
    figures = {"gzip": unit, "check": check.seconds, "check_peak_bytes": check.peak_bytes, "count": count.seconds,
               "load": load.seconds, "load_peak_bytes": load.peak_bytes, "text_bytes": text}
    if has_duckdb():
        duckdb = best(typed.runs, duckdb_command(files, typed.threads, counted["records"]))
        report("DuckDB read_csv into a table", duckdb, unit)
        figures["duckdb"] = duckdb.seconds
        print(f"\ncheck / DuckDB          {check.seconds / duckdb.seconds:>6.2f}   at most 0.4")
    else:
        print("\nDuckDB is not installed (pip install duckdb): left out")
    print(f"check / count           {check.seconds / count.seconds:>6.2f}   at most 1.6")
    print(f"memory loaded / text    {load.peak_bytes / text:>6.2f}   at most 1.0")
    if typed.scaling:
        seconds = scaling(binary, (typed.records, typed.objects), folder, typed.runs)
        print(f"twice the records       {seconds[2] / seconds[1]:>6.2f}   at most 2.1")
        print(f"four times the records  {seconds[4] / seconds[2]:>6.2f}   at most 2.1, from two to four")
        figures["scaling"] = seconds
    if typed.json:
        pathlib.Path(typed.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
