//! Edits of a contract under what is loaded: the same as a fresh load under the edited contract, whatever the edit, the
//! moment and the number of threads; and never half of it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontlog::contract::Contract;
use frontlog::frame::{Cell, ColumnRef, Snapshot, Virtual, cell};
use frontlog::model::{Counters, Notice, Progress};
use frontlog::pipeline::{self, Edition, Handle, Needs, RunOptions};
use frontlog::source;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_mins(1);

fn options(source: &Path, contract: &Path, threads: usize) -> RunOptions {
    RunOptions {
        source: source::Options {
            sources: vec![source.display().to_string()],
            ..source::Options::default()
        },
        contract: Arc::new(Contract::load(contract).unwrap()),
        threads,
        needs: Needs::default(),
    }
}

/// A contract of its own, begun as the one of the sample logs.
struct Edited(tempfile::TempDir);

impl Edited {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
        std::fs::create_dir(folder.path().join("schemas")).unwrap();
        std::fs::copy(
            from.join("frontlog.toml"),
            folder.path().join("frontlog.toml"),
        )
        .unwrap();
        for file in std::fs::read_dir(from.join("schemas")).unwrap().flatten() {
            let to = folder.path().join("schemas").join(file.file_name());
            std::fs::copy(file.path(), to).unwrap();
        }
        Self(folder)
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    /// Replaces a text in a file, which must have it, as editors do: by rename.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.dir().join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}: {text}");
        self.write(file, &text.replacen(from, to, 1));
    }

    fn write(&self, file: &str, text: &str) {
        let new = self.dir().join("new~");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, self.dir().join(file)).unwrap();
    }

    fn append(&self, text: &str) {
        let toml = std::fs::read_to_string(self.dir().join("frontlog.toml")).unwrap();
        self.write("frontlog.toml", &format!("{toml}\n{text}"));
    }

    fn remove(&self, file: &str) {
        std::fs::remove_file(self.dir().join(file)).unwrap();
    }

    fn schema(&self, event: &str, change: impl FnOnce(&mut serde_json::Value)) {
        let file = format!("schemas/{event}.json");
        let text = std::fs::read_to_string(self.dir().join(&file)).unwrap();
        let mut schema = serde_json::from_str(&text).unwrap();
        change(&mut schema);
        self.write(&file, &schema.to_string());
    }

    /// Every file with its text.
    fn files(&self) -> Vec<(String, String)> {
        let schemas = std::fs::read_dir(self.dir().join("schemas"))
            .unwrap()
            .flatten();
        let names = schemas.map(|f| format!("schemas/{}", f.file_name().display()));
        let read = |name: String| {
            let text = std::fs::read_to_string(self.dir().join(&name)).unwrap();
            (name, text)
        };
        names
            .chain(["frontlog.toml".to_owned()])
            .map(read)
            .collect()
    }

    fn restore(&self, files: &[(String, String)]) {
        for file in std::fs::read_dir(self.dir().join("schemas"))
            .unwrap()
            .flatten()
        {
            std::fs::remove_file(file.path()).unwrap();
        }
        for (name, text) in files {
            std::fs::write(self.dir().join(name), text).unwrap();
        }
    }

    fn edition(&self) -> Edition {
        Edition::Contract(Arc::new(Contract::load(self.dir()).unwrap()))
    }
}

/// Everything that is known of every record, by names instead of ids.
#[derive(Debug, PartialEq)]
struct Told {
    counters: Counters,
    objects: Vec<Counters>,
    rows: Vec<String>,
    failures: Vec<String>,
    types: Vec<String>,
    seconds: Vec<(u32, u32, u32)>,
    found_by: Option<String>,
}

fn told(snapshot: &Snapshot) -> Told {
    let mut names: Vec<&str> = snapshot
        .events
        .iter()
        .flat_map(|table| table.event_type.columns.iter().map(|c| &*c.name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let properties: Vec<ColumnRef> = names
        .iter()
        .map(|n| ColumnRef::Property((*n).into()))
        .collect();
    let virtuals: Vec<ColumnRef> = Virtual::ALL
        .iter()
        // Its number is the run's own.
        .filter(|v| **v != Virtual::Cause)
        .map(|v| ColumnRef::Virtual(*v))
        .collect();
    let row = |row: usize| {
        let mut text = String::new();
        for column in virtuals.iter().chain(&properties) {
            let cell = cell(snapshot, row, column);
            if !matches!(cell, Cell::Null) {
                text.push_str(&format!("{column:?}={cell:?} "));
            }
        }
        text
    };
    let mut failures = vec![];
    let values = snapshot.failures.column("value").unwrap().str().unwrap();
    let repaired = snapshot.failures.column("repaired").ok();
    let repaired = repaired.map(|column| column.str().unwrap());
    let mut at = 0;
    snapshot.each_failure(|record, cause| {
        failures.push(format!(
            "{record} {:?} {:?} {:?}",
            snapshot.causes[cause as usize],
            values.get(at),
            repaired.and_then(|texts| texts.get(at))
        ));
        at += 1;
    });
    let types = snapshot
        .events
        .iter()
        .filter(|t| t.event_type.declared || t.frame.height() > 0);
    let mut types: Vec<String> = types
        .map(|t| {
            let columns: Vec<&str> = t.event_type.columns.iter().map(|c| &*c.declared).collect();
            let dtypes: Vec<String> = t
                .frame
                .dtypes()
                .iter()
                .map(|d| format!("{d:?}").chars().take(4).collect())
                .collect();
            format!(
                "{} {} {} {columns:?} {dtypes:?}",
                t.event_type.name,
                t.event_type.version,
                t.frame.height()
            )
        })
        .collect();
    types.sort();
    let (start, end) = snapshot.timeline.span().unwrap_or_default();
    let buckets = snapshot
        .timeline
        .buckets(start, 1, (end - start + 1) as usize);
    Told {
        counters: snapshot.counters,
        objects: snapshot.objects.iter().map(|o| o.counters).collect(),
        rows: (0..snapshot.len()).map(row).collect(),
        failures,
        types,
        seconds: buckets
            .iter()
            .map(|b| (b.good, b.failed, b.other))
            .collect(),
        found_by: snapshot.found_by.as_deref().map(ToOwned::to_owned),
    }
}

fn fresh(source: &Path, contract: &Path) -> Told {
    let options = options(source, contract, 1);
    let snapshot = pipeline::load(
        &options,
        &Arc::new(Progress::default()),
        &CancellationToken::new(),
    );
    told(&snapshot.unwrap())
}

/// Waits for a snapshot; every one that is seen on the way holds the identity.
fn wait(handle: &Handle, what: &str, is_it: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let end = Instant::now() + LONG;
    loop {
        let snapshot = handle.snapshots.borrow().clone();
        assert_eq!(snapshot.counters.identity(), Ok(()));
        if is_it(&snapshot) {
            return snapshot;
        }
        assert!(
            Instant::now() < end,
            "{what} does not come: {:?}",
            snapshot.counters
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Some of the sample logs.
fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/*-14.*")
}

type Edit = (&'static str, fn(&Edited));

/// Edits, one on top of the other: each touches something else.
const EDITS: &[Edit] = &[
    ("a property's type", |it| {
        it.schema("add_to_cart", |s| {
            s["properties"]["qty"] = json!({"type": "string"});
        });
    }),
    ("an enum", |it| {
        it.schema("add_to_cart", |s| {
            s["properties"]["currency"]["enum"] = json!(["EUR"]);
        });
    }),
    ("required", |it| {
        it.schema("page_view", |s| s["required"] = json!(["nothing_has_it"]));
    }),
    ("a property gone", |it| {
        it.schema("click", |s| {
            s["properties"]
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name.as_str() < "m");
        });
    }),
    ("one of two versions gone", |it| {
        it.remove("schemas/checkout.1-0-0.json");
    }),
    ("an event gone", |it| it.remove("schemas/page_ping.json")),
    ("another event come", |it| {
        it.write(
            "schemas/page_ping.json",
            r#"{"additionalProperties": false}"#,
        );
    }),
    ("a description", |it| {
        it.schema("search", |s| s["description"] = json!("in other words"));
    }),
    ("repairs", |it| {
        it.append("[repair]\n\"checkout.value\" = \"decimal_comma\"\n\"signup.lang\" = \"case\"\n");
    }),
    ("another repair", |it| {
        it.replace(
            "frontlog.toml",
            "\"decimal_comma\"",
            "[\"trim\", \"decimal_comma\"]",
        );
        it.append("\"*.currency\" = { default = \"EUR\" }\n");
    }),
    ("a severity", |it| {
        it.append("[severity]\nV401 = \"warn\"\nR202 = \"info\"\nR201 = \"warn\"\n");
    }),
    ("unknown properties", |it| {
        it.replace("frontlog.toml", "\"rescue\"", "\"forbid\"");
    }),
    ("unknown events", |it| {
        let (from, to) = (
            "unknown_event    = \"quarantine\"",
            "unknown_event = \"allow\"",
        );
        it.replace("frontlog.toml", from, to);
    }),
    ("repeated keys", |it| {
        it.replace("frontlog.toml", "\"first\"", "\"last\"");
    }),
    ("duplicates", |it| {
        let (from, to) = (
            "duplicate_event  = \"warn\"",
            "duplicate_event = \"quarantine\"",
        );
        it.replace("frontlog.toml", from, to);
    }),
    ("a schema under quarantine", |it| {
        it.schema("page_view", |s| s["required"] = json!([]));
    }),
    ("no repairs", |it| {
        it.replace(
            "frontlog.toml",
            "\"checkout.value\"",
            "# \"checkout.value\"",
        );
        it.replace("frontlog.toml", "\"signup.lang\"", "# \"signup.lang\"");
        it.replace("frontlog.toml", "\"*.currency\"", "# \"*.currency\"");
    }),
    ("fewer records are events", |it| {
        it.replace("frontlog.toml", "\"/i.gif\", ", "");
    }),
    ("all records are events", |it| {
        it.replace("frontlog.toml", "[\"/i\"]", "[\"/**\"]");
        it.replace("frontlog.toml", "status  = [200, 204, 304]", "");
        it.replace("frontlog.toml", "methods = [\"GET\"]", "");
    }),
    ("another name", |it| {
        it.replace("frontlog.toml", "query = \"e\"", "query = \"sv\"");
    }),
    ("no schema", |it| {
        for file in std::fs::read_dir(it.dir().join("schemas"))
            .unwrap()
            .flatten()
        {
            std::fs::remove_file(file.path()).unwrap();
        }
    }),
];

/// One edit after the other, and all the way back.
fn there_and_back(threads: usize) {
    let contract = Edited::new();
    let (logs, dir) = (samples(), contract.dir().to_owned());
    let handle = start(&contract, threads);
    let first = fresh(&logs, &dir);
    wait(&handle, "the end", |s| s.complete);
    let mut verdicts = 0;
    let mut states = vec![(contract.files(), first)];
    for (what, edit) in EDITS {
        edit(&contract);
        verdicts += 1;
        let should = fresh(&logs, &dir);
        check(&handle, &contract, verdicts, (what, &should));
        states.push((contract.files(), should));
    }
    for (files, should) in states.iter().rev().skip(1) {
        contract.restore(files);
        verdicts += 1;
        check(&handle, &contract, verdicts, ("back", should));
    }
    handle.cancel.cancel();
}

fn check(handle: &Handle, contract: &Edited, verdicts: u64, (what, should): (&str, &Told)) {
    handle.edit.send(contract.edition()).unwrap();
    let snapshot = wait(handle, what, |s| s.verdicts >= verdicts);
    same(&told(&snapshot), should, what);
}

/// Says which part differs, and how.
fn same(is: &Told, should: &Told, what: &str) {
    assert_eq!(is.counters, should.counters, "{what}");
    assert_eq!(is.objects, should.objects, "{what}");
    assert_eq!(is.types, should.types, "{what}");
    for (i, (a, b)) in is.failures.iter().zip(&should.failures).enumerate() {
        assert_eq!(a, b, "{what}: failure {i}");
    }
    for (i, (a, b)) in is.rows.iter().zip(&should.rows).enumerate() {
        assert_eq!(a, b, "{what}: row {i}");
    }
    assert!(
        is == should,
        "{what}: {:?} {:?}",
        is.found_by,
        should.found_by
    );
}

fn start(contract: &Edited, threads: usize) -> Handle {
    let mut options = options(&samples(), contract.dir(), threads);
    // These tests say themselves when it was edited.
    let mut loaded = Contract::clone(&options.contract);
    loaded.dir = None;
    options.contract = Arc::new(loaded);
    pipeline::explore(options).unwrap()
}

#[test]
fn an_edit_there_and_back_is_a_fresh_load_on_one_thread() {
    there_and_back(1);
}

#[test]
fn an_edit_there_and_back_is_a_fresh_load_on_many_threads() {
    there_and_back(3);
}

/// Edits that come one after the other while the logs are still being read: whatever is published holds the identity,
/// and in the end all is judged by the last.
fn while_reading(threads: usize, pause: Duration) {
    let contract = Edited::new();
    let many = tempfile::tempdir().unwrap();
    for copy in 0..5 {
        for file in std::fs::read_dir(samples().parent().unwrap())
            .unwrap()
            .flatten()
        {
            let name = file.file_name().into_string().unwrap();
            if name.contains("-13.") {
                std::fs::copy(file.path(), many.path().join(format!("{copy}{name}"))).unwrap();
            }
        }
    }
    let mut options = options(many.path(), contract.dir(), threads);
    let mut loaded = Contract::clone(&options.contract);
    loaded.dir = None;
    options.contract = Arc::new(loaded);
    let handle = pipeline::explore(options).unwrap();
    for (_, edit) in &EDITS[..13] {
        edit(&contract);
        handle.edit.send(contract.edition()).unwrap();
        let end = Instant::now() + pause;
        wait(&handle, "time", |_| Instant::now() >= end);
    }
    let last = Contract::load(contract.dir()).unwrap();
    wait(&handle, "the end", |s| {
        let complete = s.complete && s.objects.iter().all(|o| o.counters.objects == 1);
        complete && handle.in_force.contract().digest == last.digest && !handle.is_judging()
    });
    let should = fresh(many.path(), contract.dir());
    same(
        &told(&handle.snapshots.borrow()),
        &should,
        "edited while reading",
    );
    handle.cancel.cancel();
}

#[test]
fn edits_while_reading_end_as_a_fresh_load() {
    for (threads, ms) in [(1, 0), (1, 9), (3, 2)] {
        while_reading(threads, Duration::from_millis(ms));
    }
}

/// What the kernel tells, or a look at the files: no help from the test.
#[test]
fn files_that_are_edited_are_noticed_and_broken_ones_change_nothing() {
    let contract = Edited::new();
    let handle = pipeline::explore(options(&samples(), contract.dir(), 2)).unwrap();
    let before = told(&wait(&handle, "the end", |s| s.complete));
    let news = |what: &str| loop {
        if let Notice::BrokenEdit(why) = handle.notices.recv_timeout(LONG).expect(what) {
            return why;
        }
    };
    contract.replace("schemas/click.json", "\"properties\"", "\"properties\":: ");
    let why = news("a broken schema").unwrap();
    assert!(
        why.contains("click.json:") && why.contains("this is not JSON"),
        "{why}"
    );
    contract.append("[policies]\n");
    let why = news("a broken table").unwrap();
    assert!(
        why.contains("click.json:") || why.contains("frontlog.toml:"),
        "{why}"
    );
    same(&told(&handle.snapshots.borrow()), &before, "broken");
    assert_eq!(handle.snapshots.borrow().verdicts, 0);
    contract.replace("schemas/click.json", "\"properties\":: ", "\"properties\"");
    let why = news("a broken table").unwrap();
    assert!(
        why.contains("frontlog.toml:") && why.contains("policies"),
        "{why}"
    );
    contract.replace("frontlog.toml", "[policies]\n", "");
    assert_eq!(news("mended"), None);
    same(&told(&handle.snapshots.borrow()), &before, "mended");

    contract.schema("page_view", |s| s["required"] = json!(["nothing_has_it"]));
    let snapshot = wait(&handle, "the edit", |s| s.verdicts == 1);
    let delta = snapshot.delta.clone().unwrap();
    assert_eq!(
        delta.failed,
        (before.counters.failed, snapshot.counters.failed)
    );
    assert_eq!(
        delta.became_failed,
        snapshot.counters.failed - before.counters.failed
    );
    assert_eq!((delta.became_good, &*delta.types[0].name), (0, "page_view"));
    assert_eq!(&*delta.causes[0].cause.path, "nothing_has_it");
    assert_eq!(delta.causes[0].before, 0);
    handle.cancel.cancel();
}

/// Tables of events that an edit does not touch are the same memory as before.
#[test]
fn what_an_edit_does_not_touch_is_shared() {
    let contract = Edited::new();
    let handle = start(&contract, 2);
    let before = wait(&handle, "the end", |s| s.complete);
    contract.schema("click", |s| s["required"] = json!(["nothing_has_it"]));
    handle.edit.send(contract.edition()).unwrap();
    let after = wait(&handle, "the edit", |s| s.verdicts == 1);
    let places = |snapshot: &Snapshot| -> Vec<(String, Vec<usize>)> {
        let tables = snapshot.events.iter().filter(|t| t.frame.height() > 0);
        tables
            .map(|t| {
                let column = t.frame.column("_record").unwrap().u32().unwrap();
                let arrays = column
                    .downcast_iter()
                    .map(|a| a.values().as_slice().as_ptr() as usize);
                (t.event_type.name.to_string(), arrays.collect())
            })
            .collect()
    };
    for (was, is) in places(&before).iter().zip(&places(&after)) {
        assert_eq!(was == is, was.0 != "click", "{}", was.0);
    }
    // Only three columns of the records are new.
    let (old, new) = (before.memory_bytes(), after.memory_bytes());
    assert!(new <= old + old / 20, "{old} bytes before, {new} after");
    handle.cancel.cancel();
}
