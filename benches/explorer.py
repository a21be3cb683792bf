#!/usr/bin/env python3
"""Measures the explorer through a real pseudo-terminal: what a person waits for.

    cargo build --release
    frontlog generate /tmp/million --records 1000000 --objects 500 --seed 7
    python3 benches/explorer.py /tmp/million [--binary target/release/frontlog] [--runs 3]

Prints the time to the first frame and to the first rows, how long after a key its effect is drawn while logs are being
read, how long loading takes (until the program rests), its memory then, and its CPU time while idle. Beside it, for the
ratio, `cat *.gz | gzip -dc >/dev/null` of the same run. Standard library only; Linux, because it reads /proc.
"""

import argparse
import fcntl
import os
import pathlib
import pty
import select
import struct
import subprocess
import termios
import time

ANSWERS = ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?62;22c"))
REST_S = 1.0


class Program:
    def __init__(self, command):
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        self.drawn = b""

    def pump(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return b""
        data = os.read(self.fd, 65536)
        for query, answer in ANSWERS:
            if query in data:
                os.write(self.fd, answer)
        self.drawn = (self.drawn + data)[-200_000:]
        return data

    def wait(self, text, limit=30.0):
        """Seconds from now until `text` is drawn."""
        self.drawn, begin = b"", time.monotonic()
        while text not in self.drawn:
            if time.monotonic() - begin > limit:
                raise SystemExit(f"{text!r} was not drawn within {limit} s")
            self.pump(0.002)
        return time.monotonic() - begin

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def until_rest(self, sleep=0.05):
        """Seconds since the start after which the program used no CPU for a while."""
        used, since = self.cpu(), time.monotonic()
        while time.monotonic() - since < REST_S:
            self.pump(sleep)
            now = self.cpu()
            if now - used > 0.02:
                used, since = now, time.monotonic()
        return since - self.start

    def quit(self):
        os.write(self.fd, b"Q")
        os.waitpid(self.pid, 0)


def loading(command):
    program = Program(command)
    while not program.pump(0.001):
        pass
    frame = time.monotonic() - program.start
    program.wait(b"page_view")
    rows = time.monotonic() - program.start
    loaded = program.until_rest()
    memory, before = program.memory_mb(), program.cpu()
    time.sleep(3)
    idle, drawn = program.cpu() - before, len(program.pump(0))
    program.quit()
    return frame, rows, loaded, memory, idle, drawn


def keys(command):
    """Seconds from `?` to the help it opens, again and again until everything is loaded."""
    program, waits = Program(command), []
    program.wait(b"page_view")
    used, checked = program.cpu(), time.monotonic()
    while True:
        begin = time.monotonic()
        os.write(program.fd, b"?")
        program.wait(b"to narrow")
        waits.append(time.monotonic() - begin)
        os.write(program.fd, b"\x1b")
        pause = time.monotonic()
        while time.monotonic() - pause < 0.06:
            program.pump(0.01)
        if time.monotonic() - checked > 0.5:
            now = program.cpu()
            # Two cores at work mean that it still reads.
            if now - used < 0.35:
                break
            used, checked = now, time.monotonic()
    program.quit()
    return waits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    root = pathlib.Path(__file__).resolve().parent.parent
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser.add_argument("--binary", default=str(target / "release" / "frontlog"))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    command = [args.binary, args.folder]
    inflate = f"cat {args.folder}/*.gz | gzip -dc >/dev/null 2>&1"
    gzip = []
    for _ in range(args.runs):
        begin = time.monotonic()
        subprocess.run(inflate, shell=True, check=False)
        gzip.append(time.monotonic() - begin)
    runs = [loading(command) for _ in range(args.runs)]
    waits = sorted(wait for _ in range(args.runs) for wait in keys(command))
    best = [min(column) for column in zip(*runs)]
    print(f"gzip -dc              {min(gzip):7.2f} s")
    print(f"first frame           {best[0] * 1000:7.0f} ms")
    print(f"first rows            {best[1] * 1000:7.0f} ms   (worst {max(r[1] for r in runs) * 1000:.0f})")
    print(f"loaded, at rest       {best[2]:7.2f} s    {best[2] / min(gzip):.2f} x gzip")
    print(f"memory then           {best[3]:7.0f} MB")
    print(f"idle, 3 s             {best[4]:7.2f} s CPU, {best[5]:.0f} bytes drawn")
    at = lambda share: waits[min(len(waits) - 1, int(share * len(waits)))] * 1000
    print(f"key to help, reading  {at(0.5):7.0f} ms median, {at(0.99):.0f} ms p99 of {len(waits)}")


if __name__ == "__main__":
    main()
