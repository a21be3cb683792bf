//! What judging an event costs, step by step, beside the usual route over maps and JSON values.
//!
//! `cargo bench --bench judge` prints nanoseconds an event, best of several rounds: `split` cuts and decodes the query,
//! `judge` also routes and checks (what `frontlog check` does), `columns` also fills typed columns (what the explorer
//! does), `usual` decodes to a map of texts, coerces to `serde_json::Value` and walks the schema for every event. A step's name as an argument runs that step alone, for a profiler.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontlog::contract::Contract;
use frontlog::event::split_query;
use frontlog::model::{Causes, Counters, EventTypes, FailureColumns, PropertyScratch};
use frontlog::pipeline::judging::{Judging, RecordView};
use serde_json::{Value, json};

const EVENTS: usize = 20_000;
const ROUNDS: usize = 40;

const ROUTING: &str = r#"
[match]
path = ["/i"]

[event]
name = { query = "e" }
id = { query = "eid" }
time = { query = "ts", format = "epoch_ms" }
"#;

fn schema() -> Value {
    json!({
        "properties": {
            "e": { "type": "string" },
            "eid": { "type": "string", "format": "uuid" },
            "ts": { "type": "string", "format": "date-time", "x-format": "epoch_ms" },
            "url": { "type": "string", "format": "uri", "maxLength": 500 },
            "title": { "type": "string", "maxLength": 80 },
            "lang": { "type": "string", "pattern": "^[a-z]{2}$" },
            "cur": { "enum": ["EUR", "USD", "GBP"] },
            "total": { "type": "number", "minimum": 0 },
            "items": { "type": "integer", "minimum": 1, "maximum": 99 },
            "member": { "type": "boolean" },
            "coupon": { "type": ["string", "null"], "maxLength": 16 },
            "w": { "type": "integer", "minimum": 0 }
        },
        "required": ["e", "eid", "ts", "url", "total", "cur"],
        "additionalProperties": false
    })
}

fn queries() -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(7);
    let query = |_| {
        format!(
            "e=order&eid={:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}&ts={}&url=https://shop.example/products/{}%253Fref%253Dmail%2526id%253D{}&title=Caf%25C3%25A9%2520au%2520lait,%2520{}&lang=en&cur={}&total={}.{:02}&items={}&member={}&coupon=&w={}",
            random.u32(..),
            random.u16(..),
            random.u16(..4096),
            random.u16(..4096),
            random.u64(..1 << 48),
            1_767_225_600_000u64 + random.u64(..86_400_000),
            random.u32(1000..9_999_999),
            random.u32(..100_000),
            random.u32(..1000),
            random.choice(["EUR", "USD", "GBP"]).unwrap_or("EUR"),
            random.u32(..500),
            random.u32(..100),
            if random.u32(..100) == 0 {
                100
            } else {
                random.u32(1..20)
            },
            random.bool(),
            random.u32(320..2560),
        )
    };
    (0..EVENTS).map(query).collect()
}

fn best(mut run: impl FnMut()) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn report(name: &str, time: Duration, base: Option<Duration>) {
    let ns = time.as_nanos() as f64 / EVENTS as f64;
    let ratio = base.map_or_else(String::new, |b| {
        format!("   {:.1} x judge", time.as_secs_f64() / b.as_secs_f64())
    });
    println!("{name:<10}{ns:>9.0} ns/event{ratio}");
}

fn main() {
    // cargo itself passes `--bench`.
    let only = std::env::args().nth(1).filter(|a| !a.starts_with("--"));
    let dir = std::env::temp_dir().join(format!("frontlog-bench-judge-{}", std::process::id()));
    let contract = write_and_load(&dir);
    let _ = std::fs::remove_dir_all(&dir);
    let Some(contract) = contract else {
        eprintln!("cannot write the benchmark's contract to {}", dir.display());
        std::process::exit(1);
    };
    let (queries, schema) = (queries(), schema());
    let bytes: usize = queries.iter().map(String::len).sum();
    println!(
        "{EVENTS} events of 12 properties, {} bytes each, one thread",
        bytes / EVENTS
    );
    let usual = || queries.iter().filter(|q| usual_route(&schema, q)).count() as u64;
    let steps: [(&str, &dyn Fn() -> u64); 4] = [
        ("split", &|| split_all(&queries)),
        ("judge", &|| judge_all(&contract, &queries, false)),
        ("columns", &|| judge_all(&contract, &queries, true)),
        ("usual", &usual),
    ];
    let mut judge = None;
    let mut good = None;
    for (name, run) in steps
        .into_iter()
        .filter(|(name, _)| only.as_ref().is_none_or(|o| o == name))
    {
        let mut count = 0;
        let time = best(|| count = run());
        report(name, time, judge);
        if name == "judge" {
            judge = Some(time);
        }
        if name != "split" {
            assert_eq!(
                *good.get_or_insert(count),
                count,
                "every route must find the same events good"
            );
        }
    }
}

fn write_and_load(dir: &Path) -> Option<Arc<Contract>> {
    std::fs::create_dir_all(dir.join("schemas")).ok()?;
    std::fs::write(dir.join("frontlog.toml"), ROUTING).ok()?;
    std::fs::write(dir.join("schemas/order.json"), schema().to_string()).ok()?;
    Contract::load(dir).ok().map(Arc::new)
}

fn split_all(queries: &[String]) -> u64 {
    let mut scratch = PropertyScratch::default();
    for query in queries {
        split_query(query, &mut scratch);
        black_box(scratch.view(query).len());
    }
    queries.len() as u64
}

/// As a worker does it: a batch of 5,000 records, then new columns.
fn judge_all(contract: &Arc<Contract>, queries: &[String], columns: bool) -> u64 {
    let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
    let mut judging = Judging::new(contract.clone(), types, causes, columns, false);
    let mut counters = Counters::default();
    for batch in queries.chunks(5_000) {
        let mut failures = FailureColumns::default();
        for (i, query) in batch.iter().enumerate() {
            let view = RecordView {
                method: "GET",
                stem: "/i",
                status: Some(200),
                query,
                request_id: "Ab3dEf6hIj9lMn2pQr5tUv8xYz1aBc4dEf7hIj0lMn3pQr6tUv9xYz==",
                time_us: 1_767_225_600_000_000,
                ..RecordView::default()
            };
            black_box(judging.record(i as u32, &view, &mut failures, &mut counters));
        }
        black_box(judging.take());
    }
    counters.good
}

/// Query → map of texts → JSON object → one generic walk over the schema. True for a good event.
fn usual_route(schema: &Value, query: &str) -> bool {
    let undone = query.replace("%25", "%");
    let texts: HashMap<String, String> = undone
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (url_decode(key), url_decode(value)))
        .collect();
    let properties = &schema["properties"];
    let event: serde_json::Map<String, Value> = texts
        .into_iter()
        .map(|(key, text)| (key.clone(), coerce(&properties[&key], text)))
        .collect();
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let complete = required.into_iter().all(|key| event.contains_key(key));
    complete
        && event
            .iter()
            .all(|(key, value)| properties.get(key).is_some_and(|s| is_valid(s, value)))
}

fn url_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = text
            .get(at + 1..at + 3)
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn coerce(schema: &Value, text: String) -> Value {
    let is = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|t| t == name),
        _ => false,
    };
    if is("null") && text.is_empty() {
        return Value::Null;
    }
    let coerced = match () {
        () if is("integer") => text.parse::<i64>().ok().map(Value::from),
        () if is("number") => text.parse::<f64>().ok().map(Value::from),
        () if is("boolean") => text.parse::<bool>().ok().map(Value::from),
        () => None,
    };
    coerced.unwrap_or(Value::String(text))
}

fn is_valid(schema: &Value, value: &Value) -> bool {
    let type_ok = match &schema["type"] {
        Value::String(one) => is_type(one, value),
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .any(|t| is_type(t, value)),
        _ => true,
    };
    type_ok
        && schema["enum"]
            .as_array()
            .is_none_or(|values| values.contains(value))
        && schema["minimum"]
            .as_f64()
            .is_none_or(|min| value.as_f64().is_none_or(|v| v >= min))
        && schema["maximum"]
            .as_f64()
            .is_none_or(|max| value.as_f64().is_none_or(|v| v <= max))
        && schema["maxLength"].as_u64().is_none_or(|max| {
            value
                .as_str()
                .is_none_or(|v| v.chars().count() as u64 <= max)
        })
        && schema["pattern"]
            .as_str()
            .is_none_or(|_| value.as_str().is_none_or(is_language))
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_string(),
    }
}

/// Stands for the pattern; a compiled regular expression would be kept here too.
fn is_language(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase())
}
