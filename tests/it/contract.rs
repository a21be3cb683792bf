//! Contracts and judging, as cases in files: `tests/cases/contract/*.toml`. A new case needs no Rust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontlog::contract::Contract;
use frontlog::event::split_query;
use frontlog::model::{
    Causes, Column, Counters, EventColumns, EventTypes, FailureColumns, PropertyScratch, Verdict,
};
use frontlog::pipeline::judging::{Inspection, Judging, RecordView, inspect};
use polars_arrow::array::{BooleanArray, PrimitiveArray, Utf8ViewArray};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(default = "any_pixel")]
    routing: String,
    #[serde(default)]
    schemas: BTreeMap<String, String>,
    #[serde(default)]
    case: Vec<Case>,
    #[serde(default)]
    broken: Vec<Broken>,
}

fn any_pixel() -> String {
    "[match]\npath = [\"/px\"]\n[event]\nname = { query = \"e\" }\n".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    query: String,
    pad_query_to: Option<usize>,
    #[serde(default = "px")]
    stem: String,
    #[serde(default = "get")]
    method: String,
    status: Option<i64>,
    #[serde(default)]
    failures: Vec<Vec<String>>,
    /// The sentence of the first failure.
    message: Option<String>,
    verdict: Option<Verdict>,
    event: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, toml::Value>,
    #[serde(default)]
    nulls: Vec<String>,
    rest: Option<String>,
    #[serde(default)]
    no_rest: bool,
    event_id: Option<String>,
    event_time_us: Option<i64>,
}

fn px() -> String {
    "/px".to_owned()
}

fn get() -> String {
    "GET".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Broken {
    name: String,
    #[serde(default)]
    routing: String,
    #[serde(default)]
    schemas: BTreeMap<String, String>,
    #[serde(default)]
    error: Vec<String>,
    #[serde(default)]
    warning: Vec<String>,
}

fn write_contract(routing: &str, schemas: &BTreeMap<String, String>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("frontlog.toml"), routing).unwrap();
    std::fs::create_dir(dir.path().join("schemas")).unwrap();
    for (name, text) in schemas {
        std::fs::write(
            dir.path().join("schemas").join(format!("{name}.json")),
            text,
        )
        .unwrap();
    }
    dir
}

fn case_files() -> Vec<(PathBuf, CaseFile)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/contract");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    let parse = |p: PathBuf| {
        let file = toml::from_str(&std::fs::read_to_string(&p).unwrap());
        (
            p.clone(),
            file.unwrap_or_else(|e| panic!("{}: {e}", p.display())),
        )
    };
    paths.into_iter().map(parse).collect()
}

/// What judging made of one record.
struct Judged {
    verdict: Verdict,
    event: String,
    failures: Vec<Vec<String>>,
    messages: Vec<String>,
    counters: Counters,
    columns: Option<(Vec<String>, EventColumns)>,
}

fn judge(contract: &Arc<Contract>, view: &RecordView<'_>, columns: bool) -> Judged {
    let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
    let mut judging = Judging::new(
        contract.clone(),
        types.clone(),
        causes.clone(),
        columns,
        columns,
    );
    let mut failures = FailureColumns::default();
    let mut counters = Counters::default();
    let (event_type, _, verdict) = judging.record(0, view, &mut failures, &mut counters);
    let event_type = event_type
        .checked_sub(1)
        .map(|i| types.list()[usize::from(i)].clone());
    let mut judged = Judged {
        verdict,
        event: event_type
            .as_ref()
            .map_or_else(String::new, |t| format!("{} {}", t.name, t.version)),
        failures: vec![],
        messages: vec![],
        counters,
        columns: None,
    };
    let values = std::mem::take(&mut failures.value).freeze();
    for (at, (cause, value)) in failures.cause.iter().zip(values.iter()).enumerate() {
        let cause = causes.get(*cause).unwrap();
        let row = [Some(cause.code.as_str()), Some(&*cause.path), value];
        judged
            .failures
            .push(row.into_iter().flatten().map(str::to_owned).collect());
        let repaired = failures.repaired.get(at);
        judged.messages.push(cause.message_of(value, repaired));
    }
    let mut taken = judging.take();
    assert!(taken.len() <= 1);
    if let (Some(event_type), Some(table), true) = (event_type, taken.pop(), columns) {
        judged.columns = Some((
            event_type
                .columns
                .iter()
                .map(|c| c.name.to_string())
                .collect(),
            table,
        ));
    }
    judged
}

fn value_of(column: Column) -> Option<toml::Value> {
    let words = if let Column::Word(_, words) = &column {
        Some(words.clone())
    } else {
        None
    };
    let array = column.widest().freeze();
    assert_eq!(array.len(), 1, "every column has one row a record");
    let any = array.as_any();
    if let Some(codes) = any.downcast_ref::<PrimitiveArray<u32>>() {
        return codes
            .iter()
            .next()
            .flatten()
            .map(|c| words.unwrap().word(*c).unwrap().to_owned().into());
    }
    let integer = any
        .downcast_ref::<PrimitiveArray<i64>>()
        .map(|a| a.iter().next().flatten().copied().map(toml::Value::from));
    let date = || {
        any.downcast_ref::<PrimitiveArray<i32>>()
            .map(|a| a.iter().next().flatten().map(|d| i64::from(*d).into()))
    };
    let float = || {
        any.downcast_ref::<PrimitiveArray<f64>>()
            .map(|a| a.iter().next().flatten().copied().map(toml::Value::from))
    };
    let boolean = || {
        any.downcast_ref::<BooleanArray>()
            .map(|a| a.get(0).map(toml::Value::from))
    };
    let text = || {
        any.downcast_ref::<Utf8ViewArray>()
            .map(|a| a.get(0).map(toml::Value::from))
    };
    integer
        .or_else(date)
        .or_else(float)
        .or_else(boolean)
        .or_else(text)
        .unwrap()
}

#[test]
fn cases() {
    let mut ran = 0;
    for (path, file) in case_files() {
        let dir = write_contract(&file.routing, &file.schemas);
        if file.case.is_empty() {
            continue;
        }
        let contract = Arc::new(
            Contract::load(dir.path()).unwrap_or_else(|e| panic!("{}: {e}", path.display())),
        );
        for case in &file.case {
            check(
                &format!("{}: {}", path.file_stem().unwrap().display(), case.name),
                &contract,
                case,
            );
            ran += 1;
        }
    }
    assert!(ran > 110, "only {ran} cases were found");
}

fn check(name: &str, contract: &Arc<Contract>, case: &Case) {
    let mut query = case.query.clone();
    if let Some(length) = case.pad_query_to {
        query.push_str(&"x".repeat(length - query.len()));
    }
    let view = RecordView {
        method: &case.method,
        stem: &case.stem,
        status: match case.status {
            None => Some(200),
            Some(-1) => None,
            other => other,
        },
        query: &query,
        request_id: "request-1",
        time_us: 1_000_000,
        line: "the line",
        ..RecordView::default()
    };
    let judged = judge(contract, &view, true);
    let mut found = judged.failures.clone();
    let mut wanted = case.failures.clone();
    wanted
        .iter_mut()
        .filter(|row| row.last().is_some_and(String::is_empty) && row[0] == "R201")
        .for_each(|row| row.truncate(2));
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "{name}");
    let default = if case.failures.is_empty() {
        Verdict::Good
    } else {
        Verdict::Failed
    };
    assert_eq!(judged.verdict, case.verdict.unwrap_or(default), "{name}");
    if let Some(event) = &case.event {
        assert_eq!(&judged.event, event, "{name}");
    }
    if let Some(message) = &case.message {
        assert_eq!(judged.messages.first(), Some(message), "{name}");
    }
    check_counters(name, &judged);
    let counted = judge(contract, &view, false);
    assert_eq!(
        counted.failures, judged.failures,
        "{name}: with and without columns"
    );
    assert_eq!(
        (counted.verdict, counted.counters),
        (judged.verdict, judged.counters),
        "{name}"
    );
    check_inspection(name, &inspect(contract, &view), &judged);
    check_columns(name, case, judged);
}

fn check_counters(name: &str, judged: &Judged) {
    let c = judged.counters;
    assert_eq!(c.not_events + c.events, 1, "{name}");
    assert_eq!(c.events, c.good + c.failed, "{name}");
    assert_eq!(
        c.errors + c.warnings + c.infos,
        judged.failures.len() as u64,
        "{name}"
    );
    assert_eq!(
        c.failed,
        u64::from(judged.verdict == Verdict::Failed),
        "{name}"
    );
}

fn check_inspection(name: &str, inspection: &Inspection, judged: &Judged) {
    assert_eq!(inspection.verdict, judged.verdict, "{name}");
    let properties = inspection.properties.iter().flat_map(|p| &p.failures);
    let mut told: Vec<&str> = properties
        .chain(&inspection.failures)
        .map(|f| f.sentence.as_str())
        .collect();
    let mut wanted: Vec<&str> = judged.messages.iter().map(String::as_str).collect();
    told.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(
        told, wanted,
        "{name}: an inspection tells every failure once"
    );
}

fn check_columns(name: &str, case: &Case, judged: Judged) {
    let Some((names, mut table)) = judged.columns else {
        assert!(
            case.values.is_empty() && case.rest.is_none(),
            "{name}: no columns"
        );
        return;
    };
    assert_eq!(table.record, [0], "{name}");
    let raw = table.raw.freeze();
    assert_eq!(
        raw.get(0).is_some(),
        judged.verdict == Verdict::Failed,
        "{name}: raw line of failed events only"
    );
    let rest = table.rest_json.freeze();
    if case.no_rest || case.rest.is_some() {
        assert_eq!(rest.get(0), case.rest.as_deref(), "{name}");
    }
    let id = table.event_id.freeze();
    if let Some(wanted) = &case.event_id {
        assert_eq!(id.get(0), Some(wanted.as_str()), "{name}");
    }
    if let Some(time) = case.event_time_us {
        assert_eq!(table.event_time_us, [time], "{name}");
    }
    let columns: BTreeMap<String, Option<toml::Value>> = names
        .into_iter()
        .zip(table.properties.drain(..).map(value_of))
        .collect();
    for (key, value) in &case.values {
        assert_eq!(columns[key].as_ref(), Some(value), "{name}: {key}");
    }
    for key in &case.nulls {
        assert_eq!(columns[key], None, "{name}: {key}");
    }
}

#[test]
fn broken_contracts_say_where_and_what() {
    let mut ran = 0;
    for broken in case_files().into_iter().flat_map(|(_, file)| file.broken) {
        let dir = write_contract(&broken.routing, &broken.schemas);
        let loaded = Contract::load(dir.path());
        let (text, wanted) = match &loaded {
            Err(error) => {
                assert_eq!(error.exit_code(), 2, "{}", broken.name);
                (error.to_string(), &broken.error)
            }
            Ok(contract) => (contract.warnings.join("\n"), &broken.warning),
        };
        assert!(!wanted.is_empty(), "{}: {text:?}", broken.name);
        for part in wanted {
            assert!(
                text.contains(part.as_str()),
                "{}: {text:?} lacks {part:?}",
                broken.name
            );
        }
        ran += 1;
    }
    assert!(ran > 20, "only {ran} broken contracts were found");
}

#[test]
fn a_missing_folder_is_named() {
    let error = Contract::load(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/at/all/frontlog.toml"),
        "{error}"
    );
}

#[test]
fn discovered_beside_the_source_then_above_the_working_folder() {
    let dir = write_contract("", &BTreeMap::new());
    let logs = dir.path().join("logs/2026");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("a.gz"), "").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let found = |source: Option<&Path>, cwd: &Path| Contract::discover(source, cwd);
    assert_eq!(
        found(Some(&logs), elsewhere.path()).as_deref(),
        Some(dir.path())
    );
    assert_eq!(
        found(Some(&logs.join("a.gz")), elsewhere.path()).as_deref(),
        Some(dir.path())
    );
    assert_eq!(
        found(Some(Path::new("logs")), dir.path()).as_deref(),
        Some(dir.path())
    );
    assert_eq!(found(None, &logs).as_deref(), Some(dir.path()));
    assert_eq!(found(None, elsewhere.path()), None);
}

#[test]
fn the_digest_is_of_the_content() {
    let load = |routing: &str, schema: &str| {
        let dir = write_contract(
            routing,
            &BTreeMap::from([("a".to_owned(), schema.to_owned())]),
        );
        Contract::load(dir.path()).unwrap().digest
    };
    let routing = "[match]\npath = [\"/i\"]\n";
    let digest = load(routing, r#"{"properties": {"a": {"minimum": 0}}}"#);
    assert_eq!(digest.len(), 64);
    assert_eq!(
        digest,
        load(
            "# a comment\n[match]\npath=['/i']",
            "{\n \"properties\": {\"a\": {\"minimum\": 0}}}"
        )
    );
    assert_ne!(
        digest,
        load(routing, r#"{"properties": {"a": {"minimum": 1}}}"#)
    );
    assert_ne!(
        digest,
        load(
            "[match]\npath = [\"/j\"]\n",
            r#"{"properties": {"a": {"minimum": 0}}}"#
        )
    );
}

#[test]
fn without_a_contract_pixels_are_events() {
    let contract = Arc::new(Contract::builtin());
    assert!(
        contract
            .guess
            .as_ref()
            .is_some_and(|g| g.contains("no schemas"))
    );
    for (stem, query, event) in [
        ("/i", "e=pv&page=x", "pv "),
        ("/a/b/my-pixel.gif", "event=click", "click "),
        ("/collect", "v=1&t=pageview", "pageview "),
    ] {
        let view = RecordView {
            stem,
            query,
            ..plain_view()
        };
        let judged = judge(&contract, &view, true);
        assert_eq!(
            (judged.event.as_str(), judged.verdict),
            (event, Verdict::Good),
            "{stem}?{query}"
        );
    }
    let page = RecordView {
        stem: "/index.html",
        query: "e=pv",
        ..plain_view()
    };
    assert_eq!(judge(&contract, &page, true).verdict, Verdict::NotEvent);
}

fn plain_view() -> RecordView<'static> {
    RecordView {
        method: "GET",
        stem: "/px",
        status: Some(200),
        query: "-",
        request_id: "-",
        ..RecordView::default()
    }
}

#[test]
fn a_query_of_thousands_of_keys_is_quick() {
    let contract = Arc::new(Contract::builtin());
    let query: String = (0..1400)
        .map(|i| format!("&k{i}="))
        .chain(["&e=x".to_owned()])
        .collect();
    let judged = judge(
        &contract,
        &RecordView {
            stem: "/i",
            query: &query,
            ..plain_view()
        },
        true,
    );
    let repeated = "&a=1".repeat(2000) + "&e=x";
    let twice = judge(
        &contract,
        &RecordView {
            stem: "/i",
            query: &repeated,
            ..plain_view()
        },
        true,
    );
    assert_eq!(judged.failures, [["D306", ""]]);
    assert_eq!(twice.failures.len(), 1, "D305 once a key");
    let rest = twice.columns.unwrap().1.rest_json.freeze();
    assert_eq!(rest.get(0), Some(r#"{"a":"1"}"#));
}

/// The three layers by their definitions, one after the other.
fn layered(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let undone = undo_log_layer(query.as_bytes());
    let parts = undone.split(|b| *b == b'&').filter(|p| !p.is_empty());
    let pair = |part: &[u8]| {
        let at = part.iter().position(|b| *b == b'=');
        let (key, value) = at.map_or((part, &b""[..]), |at| (&part[..at], &part[at + 1..]));
        (url_decode(key), url_decode(value))
    };
    parts.map(pair).collect()
}

fn undo_log_layer(text: &[u8]) -> Vec<u8> {
    let (mut out, mut i) = (vec![], 0);
    while i < text.len() {
        let escaped = text[i..].starts_with(b"%25") && text.len() >= i + 5;
        if escaped && text[i + 3..i + 5].iter().all(u8::is_ascii_hexdigit) {
            out.push(b'%');
            i += 3;
            out.extend_from_slice(&text[i..i + 2]);
            i += 2;
        } else {
            out.push(text[i]);
            i += 1;
        }
    }
    out
}

fn url_decode(text: &[u8]) -> Vec<u8> {
    let (mut out, mut i) = (vec![], 0);
    while i < text.len() {
        let pair = text
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok());
        let byte = pair
            .filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (text[i], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        i += 1;
    }
    out
}

fn keywords_contract() -> Arc<Contract> {
    static CONTRACT: std::sync::LazyLock<Arc<Contract>> = std::sync::LazyLock::new(|| {
        let (_, file) = case_files()
            .into_iter()
            .find(|(p, _)| p.ends_with("keywords.toml"))
            .unwrap();
        let dir = write_contract(&file.routing, &file.schemas);
        Arc::new(Contract::load(dir.path()).unwrap())
    });
    CONTRACT.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn one_pass_equals_three(query in "([a-f0-9&=+%]|%25|%2525|%20|%c3|%a9|%25E2%2582%25AC|%2582|é){0,40}") {
        let mut scratch = PropertyScratch::default();
        split_query(&query, &mut scratch);
        let pairs = scratch.view(&query);
        let found: Vec<(String, String)> =
            (0..pairs.len()).map(|i| (pairs.key(i).to_owned(), pairs.value(i).to_owned())).collect();
        let text = |b: &Vec<u8>| String::from_utf8_lossy(b).into_owned();
        let wanted: Vec<(String, String)> = layered(&query).iter().map(|(k, v)| (text(k), text(v))).collect();
        prop_assert_eq!(found, wanted);
        for i in 0..pairs.len() {
            prop_assert!(query.contains(pairs.raw_value(i)));
        }
    }

    #[test]
    fn nothing_panics_and_columns_stay_in_step(
        rows in proptest::collection::vec(("(/px|/|/%25|\\PC{0,8})", "(e=k|e=r|e=x|&|min=|cur=EUR|name=|[a-z%&=+0-9]|\\PC|%25FF){0,20}"), 1..12)
    ) {
        let contract = keywords_contract();
        let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
        let mut judging = Judging::new(contract, types, causes, true, true);
        let (mut failures, mut counters) = (FailureColumns::default(), Counters::default());
        for (i, (stem, query)) in rows.iter().enumerate() {
            let view = RecordView { stem, query, line: query, ..plain_view() };
            judging.record(i as u32, &view, &mut failures, &mut counters);
        }
        prop_assert_eq!(counters.events + counters.not_events, rows.len() as u64);
        prop_assert_eq!(counters.events, counters.good + counters.failed);
        prop_assert_eq!(counters.errors + counters.warnings, failures.len() as u64);
        prop_assert_eq!(failures.value.len(), failures.len());
        for table in judging.take() {
            let n = table.record.len();
            prop_assert!(table.properties.iter().all(|c| c.len() == n));
            prop_assert_eq!([table.id_hash.len(), table.payload_hash.len(), table.event_id.len(), table.event_time_us.len(), table.rest_json.len(), table.raw.len()], [n; 6]);
        }
    }
}
