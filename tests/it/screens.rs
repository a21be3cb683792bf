//! Whole screens as text: load `sample-logs`, press these keys, compare. A `#` line under a row that has more than one
//! style says where the styles change, so that a colour that changes is noticed too.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use frontlog::contract::Contract;
use frontlog::contract::acknowledged::{Acknowledged, Written};
use frontlog::contract::baseline::{Baseline, Rows};
use frontlog::contract::standing::KnownCauses;
use frontlog::error::Error;
use frontlog::frame::Snapshot;
use frontlog::frame::causes::{CauseOptions, group_causes};
use frontlog::model::{Notice, Progress};
use frontlog::pipeline::{self, ContractInForce, Handle, Needs, RunOptions};
use frontlog::source;
use frontlog::tui::input::Event;
use frontlog::tui::job::Means;
use frontlog::tui::keymap::Keymap;
use frontlog::tui::session::{Flow, Session};
use frontlog::tui::terminal::Host;
use frontlog::tui::{App, ColorDepth, Setting, Styles, Wardrobe};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A host that remembers.
#[derive(Debug, Default, Clone)]
struct Remembering {
    copied: Arc<Mutex<Vec<String>>>,
    frames: Arc<Mutex<usize>>,
}

impl Host for Remembering {
    fn begin_frame(&mut self) -> io::Result<()> {
        *self.frames.lock().unwrap() += 1;
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static CONTRACT: LazyLock<Arc<Contract>> =
    LazyLock::new(|| Arc::new(Contract::load("sample-logs".as_ref()).unwrap()));

fn options() -> RunOptions {
    let source = source::Options {
        sources: vec!["sample-logs".to_owned()],
        ..source::Options::default()
    };
    let needs = Needs {
        record_fields: true,
        event_columns: true,
        failed_raw: false,
        windows: false,
        judge: true,
        repairs: false,
    };
    RunOptions {
        source,
        contract: CONTRACT.clone(),
        threads: 2,
        needs,
    }
}

static LOADED: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    Arc::new(
        pipeline::load(
            &options(),
            &Arc::new(Progress::default()),
            &CancellationToken::new(),
        )
        .unwrap(),
    )
});

fn means() -> Means {
    Means {
        contract: Arc::new(ContractInForce::new(CONTRACT.clone())),
        source: options().source,
        exporting: None,
    }
}

fn app() -> App {
    app_knowing(KnownCauses::default())
}

fn app_knowing(known: KnownCauses) -> App {
    App::new(Setting {
        sources: vec!["sample-logs".to_owned()],
        command: vec![
            "sample-logs".to_owned(),
            "--where".to_owned(),
            "good".to_owned(),
        ],
        filter: None,
        following: false,
        contract: Arc::new(ContractInForce::new(CONTRACT.clone())),
        known,
        user: "ann".to_owned(),
        can_export: true,
        styles: Styles::dark(),
        wardrobe: Wardrobe::open(None, None, ColorDepth::True).unwrap(),
        keymap: Keymap::load(None).unwrap(),
    })
}

/// `j j <Enter> <C-d>`: characters, and names in angle brackets; `"text"` types it.
fn keys(script: &str) -> Vec<KeyEvent> {
    let mut out = Vec::new();
    for word in script.split(' ').filter(|w| !w.is_empty()) {
        if let Some(text) = word.strip_prefix('"') {
            let plain = |c: char| if c == '_' { ' ' } else { c };
            out.extend(
                text.trim_end_matches('"')
                    .chars()
                    .map(|c| KeyEvent::new(KeyCode::Char(plain(c)), KeyModifiers::NONE)),
            );
            continue;
        }
        let (code, modifiers) = match word {
            "<Enter>" => (KeyCode::Enter, KeyModifiers::NONE),
            "<Esc>" => (KeyCode::Esc, KeyModifiers::NONE),
            "<Tab>" => (KeyCode::Tab, KeyModifiers::NONE),
            "<Down>" => (KeyCode::Down, KeyModifiers::NONE),
            "<Up>" => (KeyCode::Up, KeyModifiers::NONE),
            "<Space>" => (KeyCode::Char(' '), KeyModifiers::NONE),
            _ => match word.strip_prefix("<C-").and_then(|w| w.chars().next()) {
                Some(c) => (KeyCode::Char(c), KeyModifiers::CONTROL),
                None => (
                    KeyCode::Char(word.chars().next().unwrap()),
                    KeyModifiers::NONE,
                ),
            },
        };
        out.push(KeyEvent::new(code, modifiers));
    }
    out
}

/// What stands on the screen after these keys, what was copied, and how it went on.
fn press(size: (u16, u16), script: &str) -> (String, Vec<String>, Flow) {
    press_on(LOADED.clone(), size, script)
}

fn press_on(
    snapshot: Arc<Snapshot>,
    size: (u16, u16),
    script: &str,
) -> (String, Vec<String>, Flow) {
    press_in(app(), snapshot, size, script)
}

fn press_in(
    app: App,
    snapshot: Arc<Snapshot>,
    size: (u16, u16),
    script: &str,
) -> (String, Vec<String>, Flow) {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    let host = Remembering::default();
    let copied = host.copied.clone();
    let mut flow = Flow::On;
    {
        let mut session = Session::new(app, &mut terminal, host, &means()).unwrap();
        let counters = snapshot.counters;
        session.take_snapshot(snapshot);
        session.app.take_notice(Notice::Finished {
            counters,
            broken_identity: None,
        });
        assert!(session.settle(Duration::from_secs(20)).unwrap());
        for key in keys(script) {
            flow = session.handle(Event::Key(key)).unwrap();
            if flow != Flow::On {
                break;
            }
            assert!(
                session.settle(Duration::from_secs(20)).unwrap(),
                "still busy after {key:?}"
            );
        }
    }
    let copied = copied.lock().unwrap().clone();
    (as_text(&terminal), copied, flow)
}

/// The rows, each followed by where its styles change and a hash of them.
fn as_text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut styles = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            row.push_str(cell.symbol());
            write!(styles, "{:?}{:?}{:?};", cell.fg, cell.bg, cell.modifier).unwrap();
        }
        let hash = xxhash_rust::xxh3::xxh3_64(styles.as_bytes()) & 0xffff;
        writeln!(out, "{hash:04x} {}", row.trim_end()).unwrap();
    }
    out
}

/// The rows alone.
fn plain(size: (u16, u16), script: &str) -> String {
    press(size, script)
        .0
        .lines()
        .map(|line| format!("{}\n", &line[5..]))
        .collect()
}

macro_rules! screens {
    ($($name:ident $size:expr, $script:literal;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), press($size, $script).0);
        })*
    };
}

screens! {
    stream_80x24 (80, 24), "";
    stream_120x36 (120, 36), "";
    stream_200x60 (200, 60), "";
    a_failed_event_120x36 (120, 36), "g ] <Tab>";
    a_failed_event_80x24 (80, 24), "g ]";
    plain_lines_50x12 (50, 12), "";
    filtered_120x36 (120, 36), "f \"event=checkout\" <Enter> f \"failed\" <Enter>";
    a_wrong_filter_120x36 (120, 36), "f \"evnt=checkout\" <Enter>";
    filter_completion_80x24 (80, 24), "f \"event=ch\"";
    no_row_left_80x24 (80, 24), "f \"status=999\" <Enter>";
    all_records_120x36 (120, 36), "A g";
    sorted_by_status_120x36 (120, 36), "l l s s g";
    search_120x36 (120, 36), "g / \"add_to_cart\" <Enter> n";
    failures_80x24 (80, 24), "2";
    failures_120x36 (120, 36), "2 j";
    failures_200x60 (200, 60), "2";
    rows_of_a_cause_120x36 (120, 36), "2 <Enter>";
    schemas_120x36 (120, 36), "3 j <Tab>";
    export_120x36 (120, 36), "e";
    sources_80x24 (80, 24), "7";
    sources_120x36 (120, 36), "7";
    a_corrupt_object_80x24 (80, 24), "7 G";
    help_120x36 (120, 36), "?";
    share_of_failed_in_windows_120x36 (120, 36), "W %";
    palette_80x24 (80, 24), "<C-p> \"undo\"";
    columns_80x24 (80, 24), "c j <Space>";
    filters_80x24 (80, 24), "f \"event=checkout\" <Enter> F";
}

/// A baseline of half as many failures of the top cause, without the second; one cause is acknowledged, one no longer.
fn known(folder: &std::path::Path) -> KnownCauses {
    let cancel = std::sync::atomic::AtomicBool::new(false);
    let groups = group_causes(&LOADED, None, CauseOptions::default(), &cancel).unwrap();
    let rows = |i: usize, rows: u64| Rows {
        rows,
        of_events: groups[i].of_events,
    };
    let causes = groups.iter().enumerate().filter(|(i, _)| *i != 1);
    let causes = causes.map(|(i, g)| {
        (
            g.cause.key(),
            rows(i, if i == 0 { g.rows / 3 } else { g.rows }),
        )
    });
    let file = folder.join("baseline.json");
    Baseline::of(causes).write(&file).unwrap();
    let mut acknowledged = Acknowledged::load(Some(folder)).unwrap();
    for (i, until) in [(2, "2026-12-31"), (3, "2026-11-21")] {
        let written = Written {
            note: "a page that nobody owns".to_owned(),
            by: "ann".to_owned(),
            until: until.parse().ok(),
        };
        acknowledged = acknowledged.write(groups[i].cause.key(), &written).unwrap();
    }
    KnownCauses {
        acknowledged,
        baseline: Some(Baseline::read(&file, 2.0).unwrap()),
    }
}

#[test]
fn causes_stand_beside_a_baseline_and_what_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let known = known(folder.path());
    for size in [(80, 24), (120, 36), (200, 60)] {
        let app = app_knowing(known.clone());
        let shown = press_in(app, LOADED.clone(), size, "2 j j").0;
        insta::assert_snapshot!(format!("known_causes_{}x{}", size.0, size.1), shown);
    }
}

#[test]
fn a_cause_is_acknowledged_after_a_note_a_day_and_a_question() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acknowledged.toml");
    let press = |script: &str| {
        let known = KnownCauses {
            acknowledged: Acknowledged::load(Some(folder.path())).unwrap(),
            baseline: None,
        };
        press_in(app_knowing(known), LOADED.clone(), (120, 36), script).0
    };
    let asked = press("2 K \"decimal_comma\" <Enter> <Enter>");
    assert!(
        asked.contains("writes to") && asked.contains("Enter write it"),
        "{asked}"
    );
    let without_place = asked.replace(&path.display().to_string(), "contract/acknowledged.toml");
    assert!(
        without_place.contains("2026-12-22"),
        "30 days are proposed:\n{asked}"
    );
    // Put aside: nothing is written, and what was typed is there again.
    let aside = press("2 K \"decimal_comma\" <Enter> <Enter> <Esc> K");
    assert!(aside.contains("decimal comma"), "{aside}");
    assert!(!path.exists());
    let empty = press("2 K <Enter>");
    assert!(empty.contains("say why it may be so"), "{empty}");
    let done = press("2 K \"decimal_comma\" <Enter> <Enter> <Enter>");
    assert!(
        done.contains("✓ ack") && done.contains("by ann until 2026-12-22: decimal comma"),
        "{done}"
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "[[cause]]\ncode = \"V402\"\nevent = \"checkout\"\nversion = \"1-0-2\"\npath = \"value\"\nexpected = \"a number\"\nnote = \"decimal comma\"\nby = \"ann\"\nuntil = 2026-12-22\n"
    );
    // Again: what the file says is there to be changed.
    let again = press("2 K");
    assert!(again.contains("note   decimal comma"), "{again}");
    // Without a contract's folder there is no such file.
    let none = press_in(app(), LOADED.clone(), (120, 36), "2 K").0;
    assert!(none.contains("--contract DIR"), "{none}");
}

#[test]
fn no_size_is_too_small() {
    for width in [1, 2, 3, 10, 19, 39, 59, 61, 79, 81, 99, 101] {
        for height in [1, 2, 3, 4, 5, 9, 10, 14, 15, 19, 21] {
            for script in [
                "", "<Tab>", "f \"e", "2", "2 K", "3", "e", "7", "?", "<C-p>", "c",
            ] {
                press((width, height), script);
            }
        }
    }
}

/// The bars of a screen: of good events, and of failed ones.
fn bars(script: &str) -> (String, String) {
    let screen = plain((120, 36), script);
    let mut lines = screen.lines().skip(1).map(str::to_owned);
    (lines.next().unwrap(), lines.next().unwrap())
}

#[test]
fn a_filter_takes_bars_away() {
    let all = bars("");
    let of_event = bars("f \"event=checkout\" <Enter>");
    assert_ne!(all.0, of_event.0);
    for time in [" 12:45:00 ", " 15:57:30 "] {
        assert!(
            all.0.contains(time) && of_event.0.contains(time),
            "the axis stays"
        );
    }
    let failed = bars("f \"failed\" <Enter>");
    assert!(
        !failed.0.contains(['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']),
        "{}",
        failed.0
    );
    assert_eq!(failed.1, all.1, "failed events are what is left");
    assert_eq!(bars("f \"failed\" <Enter> U"), all);
}

#[test]
fn every_bar_can_be_reached() {
    // 1 s bars of two and a half hours: far more than fit.
    let seconds = ["W"; 9].join(" ");
    let newest = bars(&format!("{seconds} G"));
    assert!(
        newest.1.contains("1s/bar") && newest.0.contains('‹'),
        "{newest:?}"
    );
    let oldest = bars(&format!("{seconds} g"));
    assert!(
        !oldest.0.contains('‹') && oldest.0.contains('›'),
        "{oldest:?}"
    );
    assert_ne!(newest.0, oldest.0);
    // By bars from the first row on, and back again.
    let position = |script: &str| position(&plain((120, 36), script)).0;
    assert_eq!(position("g"), 1);
    let (one, two) = (position("g )"), position("g ) )"));
    assert!(1 < one && one < two, "{one} {two}");
    assert_eq!((position("g ) ) ("), position("g ) (")), (one, 1));
    assert!(plain((120, 36), "g (").contains("no bar further left"));
    assert!(plain((120, 14), "g )").contains("the timeline is not shown"));
    assert!(plain((120, 36), "G )").contains("no bar further right"));
}

/// The number before `noun` in the footer's `row 3/1,204`.
fn position(screen: &str) -> (usize, usize) {
    let footer = screen.lines().last().unwrap();
    let numbers = footer
        .split_whitespace()
        .find(|word| word.contains('/'))
        .unwrap_or_else(|| panic!("{footer}"));
    let (at, of) = numbers.split_once('/').unwrap();
    let number = |text: &str| text.replace(',', "").parse().unwrap();
    (number(at), number(of))
}

#[test]
fn filters_narrow_and_undo_brings_back() {
    let size = (120, 36);
    let all = position(&plain(size, "")).1;
    let one = position(&plain(size, "f \"event=checkout\" <Enter>")).1;
    let failed = position(&plain(
        size,
        "f \"event=checkout\" <Enter> f \"failed\" <Enter>",
    ))
    .1;
    assert!(
        0 < failed && failed < one && one < all,
        "{failed} {one} {all}"
    );
    assert_eq!(
        position(&plain(size, "f \"event=checkout\" <Enter> u")).1,
        all
    );
    assert_eq!(
        position(&plain(size, "f \"event=checkout\" <Enter> u <C-r>")).1,
        one
    );
    assert_eq!(
        position(&plain(size, "f \"event=checkout\" <Enter> U")).1,
        all
    );
    assert_eq!(
        position(&plain(size, "f \"event=checkout\" <Enter> U U")).1,
        one
    );
}

#[test]
fn keep_and_drop_share_the_rows_out() {
    let size = (120, 36);
    let all = position(&plain(size, "g")).1;
    let kept = position(&plain(size, "g l +")).1;
    let dropped = position(&plain(size, "g l -")).1;
    assert_eq!(kept + dropped, all);
    assert!(kept > 0 && dropped > 0);
}

#[test]
fn the_cursor_stays_on_its_row_when_others_go() {
    let size = (120, 36);
    let selected = |screen: &str| {
        screen
            .lines()
            .find(|l| l.starts_with('▸'))
            .map(|l| l.chars().take(30).collect::<String>())
    };
    let before = plain(size, "g ]");
    let after = plain(size, "g ] f \"failed\" <Enter>");
    assert!(selected(&before).is_some());
    assert_eq!(selected(&before), selected(&after));
}

#[test]
fn typed_text_survives_esc() {
    let screen = plain((120, 36), "f \"event=chec\" <Esc> f");
    assert!(
        screen.lines().last().unwrap().contains("event=chec"),
        "{screen}"
    );
}

#[test]
fn copies_are_what_stands_under_the_cursor() {
    let (_, copied, _) = press((120, 36), "g l y c");
    assert_eq!(copied.len(), 1);
    let (screen, copied, _) = press((120, 36), "g ] y r");
    let row: serde_json::Value = serde_json::from_str(&copied[0]).unwrap();
    assert_eq!(row["verdict"], "failed");
    assert!(!row["failures"].as_array().unwrap().is_empty());
    assert!(
        screen
            .lines()
            .last()
            .unwrap()
            .contains("copied the row as JSON")
    );
    let (_, copied, _) = press((120, 36), "g ] y l");
    assert!(copied[0].split('\t').count() >= 33, "{}", copied[0]);
    let (_, copied, _) = press((120, 36), "f \"event=checkout\" <Enter> y k");
    assert_eq!(copied, ["frontlog sample-logs --where '(event=checkout)'"]);
}

#[test]
fn q_goes_back_and_then_quits() {
    assert_eq!(press((80, 24), "2 q").2, Flow::On);
    assert_eq!(press((80, 24), "2 q q").2, Flow::Quit);
    assert_eq!(press((80, 24), "2 Q").2, Flow::Quit);
    assert_eq!(press((80, 24), "<Esc> <Esc>").2, Flow::On);
}

#[test]
fn an_empty_screen_says_why() {
    let screen = press_on(Arc::new(Snapshot::empty()), (80, 24), "").0;
    assert!(
        screen.contains("No records: 0 objects with 0 lines were read."),
        "{screen}"
    );
    let screen = plain((80, 24), "f \"status=999\" <Enter>");
    assert!(screen.contains("passes the filters"), "{screen}");
}

#[test]
fn new_rows_wait_while_paused() {
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let mut session = Session::new(app(), &mut terminal, Remembering::default(), &means()).unwrap();
    session.take_snapshot(Arc::new(Snapshot::empty()));
    session.handle(Event::Key(keys("p")[0])).unwrap();
    session.take_snapshot(LOADED.clone());
    session.settle(Duration::from_secs(20)).unwrap();
    let rows = LOADED.len().to_string();
    let new = format!(
        "paused, {},{} new",
        &rows[..rows.len() - 3],
        &rows[rows.len() - 3..]
    );
    drop(session);
    let screen = as_text(&terminal);
    assert!(screen.lines().last().unwrap().contains(&new), "{screen}");
}

fn handle() -> (
    watch::Sender<Arc<Snapshot>>,
    crossbeam_channel::Sender<Notice>,
    Handle,
) {
    let (sender, snapshots) = watch::channel(Arc::new(Snapshot::empty()));
    let (news, notices) = crossbeam_channel::unbounded();
    let handle = Handle {
        snapshots,
        notices,
        progress: Arc::new(Progress::default()),
        again: crossbeam_channel::unbounded().0,
        edit: crossbeam_channel::unbounded().0,
        in_force: means().contract,
        cancel: CancellationToken::new(),
    };
    (sender, news, handle)
}

#[test]
fn the_loop_draws_before_it_lists_and_sleeps_when_idle() {
    let (sender, news, handle) = handle();
    let (to, events) = crossbeam_channel::unbounded();
    let host = Remembering::default();
    let frames = host.frames.clone();
    let cancel = handle.cancel.clone();
    let keys = std::thread::spawn({
        let frames = frames.clone();
        move || {
            sender.send(LOADED.clone()).unwrap();
            news.send(Notice::Finished {
                counters: LOADED.counters,
                broken_identity: None,
            })
            .unwrap();
            std::thread::sleep(Duration::from_millis(1500));
            let before = *frames.lock().unwrap();
            std::thread::sleep(Duration::from_millis(500));
            let idle = *frames.lock().unwrap() - before;
            to.send(Event::Key(KeyEvent::new(
                KeyCode::Char('Q'),
                KeyModifiers::NONE,
            )))
            .unwrap();
            idle
        }
    });
    let mut terminal = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let started = frames.clone();
    let start = move || {
        assert_eq!(
            *started.lock().unwrap(),
            1,
            "the first frame comes before the listing"
        );
        Ok(handle)
    };
    frontlog::tui::run(&mut terminal, host, app(), &events, (&means(), start)).unwrap();
    assert_eq!(
        keys.join().unwrap(),
        0,
        "frames drawn while nothing happened"
    );
    assert!(as_text(&terminal).contains("lines"));
    assert!(cancel.is_cancelled(), "quitting stops the run");
}

#[test]
fn a_signal_ends_the_loop_as_interrupted() {
    let (_sender, _news, handle) = handle();
    let (to, events) = crossbeam_channel::unbounded();
    to.send(Event::Terminate).unwrap();
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let ended = frontlog::tui::run(
        &mut terminal,
        Remembering::default(),
        app(),
        &events,
        (&means(), || Ok(handle)),
    );
    assert!(matches!(ended, Err(Error::Cancelled)));
}
