//! The real binary in a real pseudo-terminal: what a person sees, and that the terminal is theirs again afterwards.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::program::{file, folder, header, record, root};

const LIMIT: Duration = Duration::from_secs(30);

/// A program in a terminal.
struct Running {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    _master: Box<dyn MasterPty + Send>,
}

impl Running {
    fn start((cols, rows): (u16, u16), mut command: CommandBuilder) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let cells = |n: u16| std::num::NonZero::new(n).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(cols), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (to_screen, to_raw) = (screen.clone(), raw.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(n) = output.read(&mut buffer) {
                if n == 0 {
                    return;
                }
                to_screen.lock().unwrap().process(&buffer[..n]);
                to_raw.lock().unwrap().extend_from_slice(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            child,
            keys,
            screen,
            raw,
            _master: pair.master,
        }
    }

    fn explore(size: (u16, u16), source: &Path) -> Self {
        Self::explore_with(size, source, &[])
    }

    fn explore_with(size: (u16, u16), source: &Path, options: &[&str]) -> Self {
        let home = std::env::temp_dir();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_frontlog"));
        command.env_clear();
        for (name, value) in [
            ("HOME", &home),
            ("XDG_CONFIG_HOME", &home.join("none")),
            ("XDG_STATE_HOME", &home.join("frontlog-state")),
        ] {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("COLORTERM", "truecolor");
        command.cwd(root());
        command.arg(source);
        command.args(options);
        Self::start(size, command)
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&str) -> bool) -> Duration {
        let start = Instant::now();
        while !holds(&self.text()) {
            assert!(
                start.elapsed() < LIMIT,
                "no {what} after {LIMIT:?}:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        start.elapsed()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) -> Duration {
        self.wait(text, |screen| screen.contains(text))
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    #[track_caller]
    fn ends(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // The last bytes may still be on their way.
                std::thread::sleep(Duration::from_millis(100));
                return status.exit_code();
            }
            assert!(start.elapsed() < LIMIT, "still running:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal is as it was.
    #[track_caller]
    fn assert_restored(&self) {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

#[test]
fn it_starts_shows_rows_and_gives_the_terminal_back() {
    let mut it = Running::explore((120, 36), Path::new("sample-logs"));
    it.wait_for("ok +");
    assert!(it.screen.lock().unwrap().screen().alternate_screen());
    it.wait_for("page_view");
    it.press("2");
    it.wait_for("V402");
    it.press("\r");
    it.wait_for("V402 checkout value");
    it.press("Q");
    assert_eq!(it.ends(), 0);
    it.assert_restored();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for signal in ["-TERM", "-INT"] {
        let mut it = Running::explore((80, 24), Path::new("sample-logs"));
        it.wait_for("page_view");
        it.signal(signal);
        assert_eq!(it.ends(), 130, "{signal}");
        it.assert_restored();
    }
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again() {
    let mut it = Running::explore((80, 24), Path::new("sample-logs"));
    it.wait_for("page_view");
    it.press("\x1a");
    let start = Instant::now();
    while it.screen.lock().unwrap().screen().alternate_screen() {
        assert!(start.elapsed() < LIMIT);
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    it.signal("-CONT");
    it.wait_for("page_view");
    it.press("Q");
    assert_eq!(it.ends(), 0);
    it.assert_restored();
}

#[test]
fn a_tiny_terminal_does_not_break_it() {
    let mut it = Running::explore((10, 3), Path::new("sample-logs"));
    it.wait_for("row");
    // Esc and the next key apart, or they arrive as one key with Alt.
    for keys in ["jk23", "7?", "\x1b", "6", "\x1b", "Q"] {
        it.press(keys);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(it.ends(), 0);
    it.assert_restored();
}

#[test]
fn hostile_text_is_written_out_and_never_sent() {
    let home = folder();
    let line = record(
        1,
        "e=a%25E2%2580%25AEb&x=%251B%255B31m",
        "evil%20%E2%80%AEagent%1B%5B2J",
    );
    file(
        home.path(),
        "logs/E2EX.2026-11-22-14.0a1b2c3d",
        format!("{}{line}\n", header()).as_bytes(),
    );
    let mut it = Running::explore((200, 60), &home.path().join("logs"));
    it.wait_for("‹U+202E›");
    it.press("f");
    it.wait_for("filter");
    it.press("ua~agent\r");
    it.wait_for("ua~agent");
    it.press("\tl");
    it.wait_for("‹ESC›");
    it.press("Q");
    assert_eq!(it.ends(), 0);
    let raw = it.raw.lock().unwrap().clone();
    assert!(
        memchr::memmem::find(&raw, "\u{202e}".as_bytes()).is_none(),
        "U+202E reached the terminal"
    );
    it.assert_restored();
}

#[test]
fn a_followed_folder_is_live_and_goes_on_where_it_was_left() {
    let home = folder();
    let state = home.path().join("state");
    let options = ["-f", "--resume", "--state", state.to_str().unwrap()];
    let log = file(home.path(), "logs/a.log", header().as_bytes());
    let write = |n: usize, event: &str| {
        let mut log = std::fs::File::options().append(true).open(&log).unwrap();
        log.write_all(record(n, &format!("e={event}"), "agent").as_bytes())
            .unwrap();
    };
    write(1, "alpha");
    let mut it = Running::explore_with((200, 40), &home.path().join("logs"), &options);
    it.wait_for("LIVE lag");
    it.wait_for("alpha");
    write(2, "beta");
    let took = it.wait_for("beta");
    assert!(took < Duration::from_secs(2), "{took:?}");
    it.press("Q");
    assert_eq!(it.ends(), 0);
    write(3, "gamma");
    let mut it = Running::explore_with((200, 40), &home.path().join("logs"), &options);
    it.wait_for("gamma");
    it.wait_for("1 lines");
    assert!(!it.text().contains("alpha") && !it.text().contains("beta"));
    it.press("Q");
    assert_eq!(it.ends(), 0);
}

#[test]
fn no_terminal_is_a_sentence() {
    let home = folder();
    let ran = crate::program::run(home.path(), [root().join("sample-logs")]).exits(2);
    assert!(
        ran.stderr.contains("needs a terminal") && ran.stderr.contains("frontlog check"),
        "{}",
        ran.stderr
    );
}

/// Not a test of its own: what [`a_panic_gives_the_terminal_back_before_its_message`] runs in a terminal.
#[test]
#[ignore = "runs inside of another test"]
fn panics_in_a_terminal() {
    let (mut terminal, _host) = frontlog::tui::terminal::enter().unwrap();
    terminal
        .draw(|frame| frame.render_widget("on the screen", frame.area()))
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    panic!("this is the message");
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "terminal::panics_in_a_terminal",
        "--exact",
        "--ignored",
        "--nocapture",
    ]);
    command.cwd(root());
    let mut it = Running::start((80, 24), command);
    it.wait_for("on the screen");
    it.wait_for("this is the message");
    assert_ne!(it.ends(), 0);
    it.assert_restored();
    assert!(!it.text().contains("on the screen"), "{}", it.text());
}

/// The explorer on the sample logs, on a bucket served on loopback by a real S3 server.
fn explore_bucket(server: &crate::s3_server::S3Server, source: &str) -> Running {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_frontlog"));
    command.env_clear();
    for (name, value) in [
        ("HOME", "/nonexistent"),
        ("AWS_ACCESS_KEY_ID", crate::s3_server::KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", crate::s3_server::SECRET),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command.cwd(root());
    command.args([
        source,
        "--endpoint-url",
        &server.endpoint,
        "--path-style",
        "--region",
        "us-east-1",
        "--contract",
        "sample-logs",
    ]);
    Running::start((160, 40), command)
}

#[test]
fn a_bucket_is_explored_as_the_same_files_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("logs/px");
    std::fs::create_dir_all(&prefix).unwrap();
    for entry in std::fs::read_dir(root().join("sample-logs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('E') {
            std::fs::copy(&path, prefix.join(&name)).unwrap();
        }
    }
    let server = crate::s3_server::S3Server::start(dir.path());
    let mut folder = Running::explore((160, 40), Path::new("sample-logs"));
    folder.wait_for("unreadable");
    let identity = |screen: &str| {
        let line = screen.lines().next().unwrap_or_default();
        let end = line.find("blank").unwrap_or_default();
        let start = line.find("  ").unwrap_or_default();
        line.get(start..end).unwrap_or_default().trim().to_owned()
    };
    folder.wait("the whole identity", |screen| {
        identity(screen).starts_with("19,736 lines")
    });
    let expected = identity(&folder.text());
    folder.press("Q");
    let mut bucket = explore_bucket(&server, "s3://logs/px/");
    bucket.wait("the folder's identity", |screen| {
        identity(screen) == expected
    });
    // The raw line is fetched again from the bucket.
    bucket.wait_for("raw line");
    bucket.press("7");
    bucket.wait_for("s3://logs/px/");
    bucket.press("Q");
    assert_eq!(bucket.ends(), 0);
}

#[test]
fn a_bucket_that_is_missing_or_denies_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("logs")).unwrap();
    let server = crate::s3_server::S3Server::start(dir.path());
    let check = |source: &str, secret: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_frontlog"))
            .args(["check", source, "--path-style", "--region", "us-east-1"])
            .args(["--endpoint-url", &server.endpoint])
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("AWS_ACCESS_KEY_ID", crate::s3_server::KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(root())
            .output()
            .unwrap()
    };
    for (source, secret, said) in [
        ("s3://nowhere/px/", crate::s3_server::SECRET, "nowhere"),
        ("s3://logs/px/", "wrong", "logs"),
        ("s3://logs/empty/", crate::s3_server::SECRET, "empty"),
    ] {
        let output = check(source, secret);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{source}: {message}");
        assert!(
            message.starts_with("frontlog: ") && message.contains(said),
            "{source}: {message}"
        );
    }
}

#[test]
fn objects_that_were_denied_are_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let line = |n| record(n, "e=checkout&value=1", "agent");
    for n in 1..=3 {
        let text = format!("{}{}{}", header(), line(n), line(n + 100));
        file(
            dir.path(),
            &format!("logs/px/E2EX.2026-11-22-1{n}.0a1b2c3d"),
            text.as_bytes(),
        );
    }
    let server = crate::s3_server::S3Server::start(dir.path());
    let key = |n: usize| format!("logs/px/E2EX.2026-11-22-1{n}.0a1b2c3d");
    server.deny(&key(1));
    server.deny(&key(2));
    let mut it = explore_bucket(&server, "s3://logs/px/");
    it.press("7");
    it.wait("two unreadable objects", |screen| {
        screen.matches("S902: access denied").count() == 2
    });
    it.press("R");
    it.wait_for("again");
    // Still denied: the same state, counted once. The newest hour stands first, so the first row was read: all were asked.
    let gets = || server.gets().len();
    it.wait("all of them asked for twice", |_| gets() == 3 + 2);
    it.wait("two unreadable objects", |screen| {
        screen.matches("access denied").count() == 2
    });
    server.allow_all();
    it.press("jR");
    it.wait("one of them read", |screen| {
        screen.matches("access denied").count() == 1
    });
    assert_eq!(gets(), 3 + 2 + 1);
    let lines =
        |screen: &str, lines: &str| screen.lines().next().is_some_and(|l| l.contains(lines));
    it.wait("four lines more", |screen| lines(screen, "8 lines"));
    it.press("Q");
    assert_eq!(it.ends(), 4, "one is still unreadable");

    server.deny(&key(2));
    let mut it = explore_bucket(&server, "s3://logs/px/");
    it.press("7");
    it.wait_for("access denied");
    server.allow_all();
    it.press("R");
    it.wait("each line once", |screen| {
        lines(screen, "12 lines") && !screen.contains("access denied")
    });
    it.press("RQ");
    assert_eq!(it.ends(), 0, "in the end all could be read");
}

#[test]
fn a_stream_is_followed_and_says_how_far_behind_it_is() {
    let Some(server) = crate::kinesis_server::KinesisServer::start() else {
        return;
    };
    server.stream("live", 2);
    let home = folder();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_frontlog"));
    command.env_clear();
    for (name, value) in [
        ("HOME", home.path()),
        ("XDG_CONFIG_HOME", &home.path().join("none")),
        ("XDG_STATE_HOME", &home.path().join("state")),
    ] {
        command.env(name, value);
    }
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let (id, secret) = crate::kinesis_server::KEYS;
    command.env("AWS_ACCESS_KEY_ID", id);
    command.env("AWS_SECRET_ACCESS_KEY", secret);
    command.cwd(home.path());
    let fields = "timestamp,c-ip,sc-status,cs-method,cs-uri-stem";
    command.args([
        "-f",
        "kinesis://live",
        "--from",
        "trim-horizon",
        "--fields",
        fields,
    ]);
    command.args(["--region", "us-east-1", "--endpoint-url", &server.endpoint]);
    let mut running = Running::start((150, 30), command);
    let put = |n: usize| {
        let line = format!("17954616{n:02}.541\t203.0.113.7\t200\tGET\t/i?e=page{n}");
        let key = format!("k{n}");
        server.put("live", &[(&key, line.as_bytes())]);
    };
    (0..4).for_each(put);
    running.wait("rows, live", |text| {
        text.contains("LIVE lag") && text.contains("4 lines")
    });
    put(4);
    running.wait("one more row", |text| {
        text.contains("5 lines") && text.contains("page4")
    });
    // The raw line is asked for again.
    running.press("r");
    running.wait("its raw line", |text| {
        text.contains("203.0.113.7⇥200⇥GET⇥/i?e=page")
    });
    running.press("Q");
    assert_eq!(running.ends(), 0);
}

/// A schema is edited in another window: by rename, as editors do.
#[test]
fn an_edit_of_a_schema_flashes_and_a_broken_one_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let edit = |schema: &str| {
        let new = home.path().join("new~");
        std::fs::write(&new, schema).unwrap();
        std::fs::rename(&new, home.path().join("schemas/buy.json")).unwrap();
    };
    std::fs::create_dir(home.path().join("schemas")).unwrap();
    std::fs::write(home.path().join("frontlog.toml"), "").unwrap();
    let number = r#"{"properties": {"value": {"type": "number"}}}"#;
    edit(number);
    let values = ["12%252C50", "9.90", "1%252C5", "x"];
    let lines: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(i, value)| record(i, &format!("e=buy&value={value}"), "agent"))
        .collect();
    let log = format!("{}{}", header(), lines.concat());
    std::fs::write(home.path().join("E.2026-11-23-14.abcd.log"), log).unwrap();
    let mut it = Running::explore((120, 30), home.path());
    it.wait_for("3 failed");

    edit(r#"{"properties": {"value": {"type": "string", "maxLength": 3}}}"#);
    it.wait_for("3 → 2 failed");
    it.wait_for("this edit turns 2 failed events good, 1 good one bad");
    it.press("2");
    it.wait_for("V407");
    it.press("E");
    it.wait_for("last edit of the contract");
    it.wait_for("V402 buy value a number");
    it.press("\x1b");
    it.wait("no window", |screen| !screen.contains("last edit of"));

    edit(r#"{"properties": {"value": {"type": "strin"}}}"#);
    it.wait_for("✗ contract");
    it.wait_for("buy.json:1:");
    it.wait_for("2 failed");
    edit(number);
    it.wait("no mark", |screen| !screen.contains("✗ contract"));
    it.wait_for("2 → 3 failed");
    it.wait("no flash", |screen| !screen.contains("→ 3 failed"));
    it.press("Q");
    assert_eq!(it.ends(), 0);
    it.assert_restored();
}
