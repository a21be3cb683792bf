#!/usr/bin/env python3
"""Follows a prefix that gains an object every second, for ten minutes: does each event come in time, once, in flat memory?

    cargo build --release
    python3 benches/follow.py [--seconds 600] [--binary target/release/frontlog]

The bucket is a small S3 server in this script, on loopback (lists and gets, ETags, `If-Match`), because it has to misbehave
on purpose: one request in ten is answered with 503, one object in five comes under an hour long gone, one in seven is
overwritten with a line before and a line after what it held. The explorer follows it in a pseudo-terminal, whose screen is
kept here; an event is on screen once the count of good events in the header has reached it. Beside it `frontlog check -f`
follows the same bucket, is killed (-9) at half time and goes on with --resume; its report says what was missed or doubled.

Prints the time from an object's appearance to its events on screen, the explorer's memory after one minute and at the
end, and the counts of the check. Standard library only; Linux, because it reads /proc.
"""

import argparse
import datetime
import fcntl
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken"
)
ANSWERS = ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b[c", b"\x1b[?62;22c"))
ROWS, COLUMNS = 40, 200


class Bucket:
    """Keys with their content; refuses one request in `busy`."""

    def __init__(self, busy):
        self.objects, self.lock, self.busy = {}, threading.Lock(), busy
        self.requests = self.refused = self.lists = 0

    def put(self, key, content):
        etag = hashlib.md5(content).hexdigest()
        with self.lock:
            self.objects[key] = (content, etag, datetime.datetime.now(datetime.timezone.utc))

    def is_busy(self):
        with self.lock:
            self.requests += 1
            refuse = self.requests % self.busy == 0
            self.refused += refuse
            return refuse


def handler(bucket):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, body, headers=()):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            if bucket.is_busy():
                return self.answer(503, b"<Error><Code>SlowDown</Code><Message>slow</Message></Error>")
            key = urllib.parse.unquote(url.path).split("/", 2)[2:]
            if "list-type" in query:
                return self.list(query)
            with bucket.lock:
                found = bucket.objects.get(key[0] if key else "")
            if found is None:
                return self.answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
            content, etag, _ = found
            wanted = self.headers.get("If-Match")
            if wanted and wanted.strip('"') != etag:
                return self.answer(412, b"<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>")
            self.answer(200, content, [("ETag", f'"{etag}"')])

        def list(self, query):
            prefix = query.get("prefix", "")
            after = max(query.get("start-after", ""), query.get("continuation-token", ""))
            most = int(query.get("max-keys", 1000))
            with bucket.lock:
                bucket.lists += 1
                keys = sorted(k for k in bucket.objects if k.startswith(prefix) and k > after)
                page, more = keys[:most], len(keys) > most
                listed = [(k, *bucket.objects[k]) for k in page]
            rows = "".join(
                f"<Contents><Key>{escape(k)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                f"<ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size></Contents>"
                for k, content, etag, at in listed
            )
            token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
            body = (
                '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{len(page)}</KeyCount>{token}{rows}"
                "</ListBucketResult>"
            )
            self.answer(200, body.encode(), [("Content-Type", "application/xml")])

    return Handler


class Screen:
    """As much of a terminal as ratatui's drawing needs: places and characters."""

    def __init__(self):
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self.x = self.y = 0
        self.rest = ""

    def feed(self, data):
        text, self.rest = self.rest + data.decode("utf-8", "replace"), ""
        at = 0
        while at < len(text):
            c = text[at]
            if c == "\x1b":
                # A sequence may go on in the next read.
                if at + 1 == len(text):
                    self.rest = text[at:]
                    return
                if text[at + 1] == "]":
                    end = re.compile("\x07|\x1b\\\\").search(text, at)
                    if end is None:
                        self.rest = text[at:]
                        return
                    at = end.end()
                    continue
                if text[at + 1] != "[":
                    at += 2
                    continue
                end = re.compile("[@-~]").search(text, at + 2)
                if end is None:
                    self.rest = text[at:]
                    return
                self.control(text[at + 2 : end.start()], end.group())
                at = end.end()
                continue
            if c == "\r":
                self.x = 0
            elif c == "\n":
                self.y = min(self.y + 1, ROWS - 1)
            elif c >= " ":
                if self.y < ROWS and self.x < COLUMNS:
                    self.cells[self.y][self.x] = c
                self.x += 1
            at += 1

    def control(self, arguments, name):
        if name == "H":
            place = [int(n or 1) for n in (arguments or "1;1").split(";")]
            self.y, self.x = place[0] - 1, (place[1] if len(place) > 1 else 1) - 1
        elif name == "J":
            self.cells = [[" "] * COLUMNS for _ in range(ROWS)]

    def line(self, y):
        return "".join(self.cells[y])


class Explorer:
    def __init__(self, command, environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.screen = Screen()

    def pump(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if ready:
            data = os.read(self.fd, 65536)
            for query, answer in ANSWERS:
                if query in data:
                    os.write(self.fd, answer)
            self.screen.feed(data)

    def events(self):
        found = re.search(r"([\d,]+) ok", self.screen.line(0))
        return int(found.group(1).replace(",", "")) if found else 0

    def memory_mb(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def quit(self):
        os.write(self.fd, b"Q")
        os.waitpid(self.pid, 0)


def record(n):
    now = datetime.datetime.now(datetime.timezone.utc)
    return "\t".join(
        [f"{now:%Y-%m-%d}", f"{now:%H:%M:%S}", "FRA56-P3", "421", "192.0.2.7", "GET", "d1.cloudfront.net", "/i", "200"]
        + ["-", "bench", f"e=view&n={n}", "-", "Hit", f"request-{n:06d}==", "px.example.com", "https", "300", "0.001"]
    )


def packed(records):
    text = f"#Version: 1.0\n#Fields: {FIELDS}\n" + "".join(line + "\n" for line in records)
    return gzip.compress(text.encode(), mtime=0)


def writer(bucket, seconds, appeared, done):
    """Puts an object a second; notes when the n-th event appeared."""
    start, count = time.monotonic(), 0
    rewrite = []
    for n in range(seconds):
        time.sleep(max(0.0, start + n - time.monotonic()))
        back = 9 if n % 5 == 4 else 0
        hour = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=back)
        key = f"px/E2BENCH.{hour:%Y-%m-%d-%H}.{hashlib.md5(str(n).encode()).hexdigest()[:8]}.gz"
        first, count = count, count + 1
        records = [record(first)]
        bucket.put(key, packed(records))
        appeared.append(time.monotonic())
        if n % 7 == 6:
            rewrite.append((n + 3, key, records))
        while rewrite and rewrite[0][0] <= n:
            _, key, records = rewrite.pop(0)
            bucket.put(key, packed([record(count), *records, record(count + 1)]))
            count += 2
            appeared.extend([time.monotonic()] * 2)
    done.set()


class Check:
    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.last = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.last = json.loads(line)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.thread.join()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait()
        self.thread.join()
        return status, self.last


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
    parser.add_argument("--binary", default=str(target / "release" / "frontlog"))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--poll", type=int, default=2, help="poll interval in seconds")
    args = parser.parse_args()

    bucket = Bucket(busy=10)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(bucket))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = tempfile.TemporaryDirectory()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": home.name,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    source = ["s3://logs/px/", "--endpoint-url", f"http://127.0.0.1:{server.server_address[1]}", "--path-style"]
    source += ["--region", "us-east-1", "--poll-interval", f"{args.poll}s"]
    check_command = [args.binary, "check", "-f", "--resume", "--format", "json", "--every", "1s", *source]

    appeared, done = [], threading.Event()
    threading.Thread(target=writer, args=(bucket, args.seconds, appeared, done), daemon=True).start()
    time.sleep(1)
    explorer = Explorer([args.binary, "-f", *source], environment)
    check = Check(check_command, environment)
    start, seen, waits, memory, killed = time.monotonic(), 0, [], {}, False
    while True:
        explorer.pump(0.005)
        now = time.monotonic()
        events = explorer.events()
        for n in range(seen, min(events, len(appeared))):
            # The first objects were there before the explorer.
            waits.append(now - max(appeared[n], start))
        seen = max(seen, events)
        minute = int(now - start) // 60
        if minute not in memory:
            memory[minute] = explorer.memory_mb()
        if not killed and now - start > args.seconds / 2:
            check.kill()
            check, killed = Check(check_command, environment), True
        if done.is_set() and (seen >= len(appeared) or now - start > args.seconds + 60):
            break
    time.sleep(args.poll + 2)
    explorer.pump(0.1)
    seen, last = explorer.events(), explorer.memory_mb()
    status, report = check.end()
    explorer.quit()

    waits.sort()
    at = lambda share: waits[min(len(waits) - 1, int(share * len(waits)))]
    counters = report["counters"]
    doubled = sum(f["rows"] for f in report["failures"] if f["code"] in ("X501", "X502"))
    limit = args.poll + 1
    print(f"events written        {len(appeared):6}    in {args.seconds} s, {bucket.refused} of {bucket.requests} requests refused")
    print(f"on screen             {seen:6}")
    print(
        f"until on screen       {at(0.5):6.2f} s  median, {at(0.99):.2f} s p99, {waits[-1]:.2f} s worst; "
        f"{sum(w > limit for w in waits)} took over {limit} s (poll interval + 1 s)"
    )
    first = memory.get(1, memory[0])
    print(f"memory                {first:6.1f} MB after a minute, {last:.1f} MB at the end")
    print(f"listings              {bucket.lists:6}    by two followers")
    print(f"check, killed once    {counters['events']:6}    events, {doubled} of them twice, exit status {status}")
    whole = seen == len(appeared) == counters["events"] and doubled == 0
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
