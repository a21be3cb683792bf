//! Snapshots made from rows, through the one writer.

use std::sync::Arc;

use frontlog::frame::Snapshot;
use frontlog::frame::writer::FrameWriter;
use frontlog::model::batch::{EventColumns, ObjectCount};
use frontlog::model::column::Text;
use frontlog::model::{
    Batch, Cause, CauseId, Causes, Code, Column, ColumnKind, Counters, EventType, EventTypeId,
    EventTypes, FIELDS, FieldId, LogObject, ObjectId, ObjectStatus, PropertyColumn, Severity, Sink,
    Verdict, Words,
};
use tokio::sync::watch;

/// One record to be made.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub object: u32,
    pub line: u32,
    pub time_s: i64,
    /// Index into [`Made::types`].
    pub event: Option<u16>,
    pub failed: bool,
    pub status: i64,
    pub stem: &'static str,
    pub query: String,
    pub agent: Option<&'static str>,
    pub ip: String,
    pub user_id: Option<String>,
    pub price: Option<f64>,
    pub paid: Option<bool>,
    pub rest: Option<String>,
    /// Index of the cause, value.
    pub failures: Vec<(usize, Option<&'static str>)>,
}

/// The event types of every fixture: two declared ones and one that is not.
pub const CHECKOUT: u16 = 0;
pub const PAGE_VIEW: u16 = 1;
pub const MYSTERY: u16 = 2;

/// `price` is no number; `user_id` is missing.
pub const NO_NUMBER: usize = 0;
pub const NO_USER: usize = 1;

fn property(name: &str, kind: ColumnKind, declared: &str) -> PropertyColumn {
    PropertyColumn {
        name: name.into(),
        kind,
        required: name == "user_id",
        declared: declared.into(),
        max_length: None,
    }
}

fn event_type(name: &str, columns: Vec<PropertyColumn>) -> EventType {
    let declared = !columns.is_empty();
    EventType {
        name: name.into(),
        version: if declared { "1-0-0" } else { "" }.into(),
        declared,
        repairable: false,
        columns,
    }
}

fn event_types() -> Vec<EventType> {
    let user = || property("user_id", ColumnKind::Text, "text");
    let price = property("price", ColumnKind::Float, "number ≥ 0");
    vec![
        event_type(
            "checkout",
            vec![user(), price, property("paid", ColumnKind::Bool, "boolean")],
        ),
        event_type("page_view", vec![user()]),
        event_type("mystery", vec![]),
    ]
}

fn cause(code: Code, path: &str, expected: &str) -> Cause {
    Cause {
        code,
        severity: Severity::Error,
        event: "checkout".into(),
        version: "1-0-0".into(),
        path: path.into(),
        keyword: "type",
        expected: expected.into(),
    }
}

/// A snapshot that grows batch by batch.
pub struct Maker {
    writer: FrameWriter,
    receiver: watch::Receiver<Arc<Snapshot>>,
    words: Vec<Option<Words>>,
    causes: Vec<CauseId>,
    types: Vec<EventType>,
}

impl Maker {
    pub fn new() -> Self {
        let (sender, receiver) = watch::channel(Arc::new(Snapshot::empty()));
        let mut writer = FrameWriter::new(sender);
        let types = Arc::new(EventTypes::default());
        for event_type in event_types() {
            types.intern(event_type);
        }
        let causes = Arc::new(Causes::default());
        let ids = [
            cause(Code::V402, "price", "a number"),
            cause(Code::V401, "user_id", ""),
        ];
        let ids = ids.iter().map(|c| causes.intern(c)).collect();
        let is_word = |f: &frontlog::model::Field| f.kind.column_kind() == ColumnKind::Word;
        let words: Vec<_> = FIELDS.iter().map(|f| is_word(f).then(Words::new)).collect();
        writer.start(&types, &causes, &words);
        let objects: Vec<_> = ["logs/a.gz", "logs/b.gz"].map(object).into();
        writer.listed(&objects);
        Self {
            writer,
            receiver,
            words,
            causes: ids,
            types: event_types(),
        }
    }

    /// Appends a batch and publishes.
    pub fn add(&mut self, rows: &[Row]) -> Arc<Snapshot> {
        let batch = self.batch(rows);
        self.writer.take(batch).unwrap();
        self.writer.finish();
        self.receiver.borrow().clone()
    }

    fn batch(&self, rows: &[Row]) -> Batch {
        let mut batch = Batch::default();
        let mut fields: Vec<Column> = FIELDS
            .iter()
            .zip(&self.words)
            .map(|(field, words)| match words {
                Some(words) => Column::word(words.clone()),
                None => Column::new(field.kind.column_kind()),
            })
            .collect();
        batch.events = (0..self.types.len()).map(|i| self.no_events(i)).collect();
        for (i, row) in rows.iter().enumerate() {
            let records = &mut batch.records;
            records.object.push(row.object);
            records.line.push(row.line);
            records.offset.push(u64::from(row.line) * 100);
            records.length.push(99);
            records.time_us.push(row.time_s * 1_000_000);
            records.verdict.push(verdict(row) as u8);
            records.event_type.push(row.event.map_or(0, |e| e + 1));
            let event = row.event.map(|e| &mut batch.events[e as usize]);
            records
                .event_row
                .push(event.as_ref().map_or(0, |e| e.record.len() as u32));
            if let Some(events) = event {
                push_event(events, i as u32, row);
            }
            self.push_fields(&mut fields, row);
            for (cause, value) in &row.failures {
                batch.failures.push(i as u32, self.causes[*cause], *value);
            }
        }
        batch.records.fields = fields.into_iter().map(Some).collect();
        batch.objects = vec![ObjectCount {
            object: ObjectId(0),
            counters: counters(rows),
            status: Some(ObjectStatus::Read),
        }];
        batch
    }

    fn push_fields(&self, fields: &mut [Column], row: &Row) {
        for (i, field) in fields.iter_mut().enumerate() {
            let id = FieldId(i as u8);
            let word = |text: &str| self.words[i].as_ref().and_then(|w| w.code(text));
            match id {
                FieldId::SC_STATUS => field.push_int(row.status),
                FieldId::CS_URI_STEM => field.push_code(word(row.stem)),
                FieldId::CS_METHOD => field.push_code(word("GET")),
                FieldId::CS_USER_AGENT => field.push_code(row.agent.and_then(word)),
                FieldId::CS_URI_QUERY => field.push_text(&row.query),
                FieldId::C_IP => field.push_text(&row.ip),
                _ => field.push_null(),
            }
        }
    }

    fn no_events(&self, i: usize) -> EventColumns {
        EventColumns {
            event_type: EventTypeId(i as u16),
            record: vec![],
            id_hash: vec![],
            payload_hash: vec![],
            event_id: Text::default(),
            event_time_us: vec![],
            properties: self.types[i]
                .columns
                .iter()
                .map(|c| Column::new(c.kind))
                .collect(),
            rest_json: Text::default(),
            raw: Text::default(),
        }
    }
}

fn object(uri: &str) -> Arc<LogObject> {
    Arc::new(LogObject {
        uri: uri.into(),
        size_bytes: 10,
        etag: "e".into(),
        hour: None,
        last_modified_ms: None,
    })
}

fn verdict(row: &Row) -> Verdict {
    match row.event {
        None => Verdict::NotEvent,
        Some(_) if row.failed => Verdict::Failed,
        Some(_) => Verdict::Good,
    }
}

fn counters(rows: &[Row]) -> Counters {
    let count = |wanted: Verdict| rows.iter().filter(|r| verdict(r) == wanted).count() as u64;
    let (good, failed, not_events) = (
        count(Verdict::Good),
        count(Verdict::Failed),
        count(Verdict::NotEvent),
    );
    let records = rows.len() as u64;
    Counters {
        lines: records,
        records,
        not_events,
        events: good + failed,
        good,
        failed,
        ..Counters::default()
    }
}

fn push_event(events: &mut EventColumns, record: u32, row: &Row) {
    events.record.push(record);
    events.id_hash.push(0);
    events.payload_hash.push(0);
    events
        .event_id
        .push(Some(&format!("id-{}-{}", row.object, row.line)));
    events.event_time_us.push(row.time_s * 1_000_000 - 500_000);
    events.rest_json.push(row.rest.as_deref());
    for (i, column) in events.properties.iter_mut().enumerate() {
        match (i, row.price, row.paid) {
            (0, ..) => match &row.user_id {
                Some(user) => column.push_text(user),
                None => column.push_null(),
            },
            (1, Some(price), _) => column.push_float(price),
            (2, _, Some(paid)) => column.push_bool(paid),
            _ => column.push_null(),
        }
    }
}

/// 2026-11-22T14:00:00 UTC, in seconds since 1970.
pub const START: i64 = 1_795_356_000;

/// Twelve records that show everything, a minute apart.
pub fn few() -> Arc<Snapshot> {
    let base = |i: u32| Row {
        object: i / 6,
        line: i % 6 + 1,
        time_s: START + i64::from(i) * 60,
        status: 200,
        stem: "/i.gif",
        agent: Some("Mozilla/5.0 (X11)"),
        ip: format!("192.0.2.{i}"),
        ..Row::default()
    };
    let event = |i: u32, event: u16, query: &str| Row {
        event: Some(event),
        query: query.into(),
        ..base(i)
    };
    let checkout = |i: u32, user: &str, price: f64| Row {
        user_id: Some(user.into()),
        price: Some(price),
        ..event(
            i,
            CHECKOUT,
            &format!("e=checkout&user_id={user}&price={price}"),
        )
    };
    let rows = [
        checkout(0, "anna", 9.5),
        Row {
            failed: true,
            user_id: Some("bert".into()),
            failures: vec![(NO_NUMBER, Some("12,50"))],
            ..event(1, CHECKOUT, "e=checkout&user_id=bert&price=12%2C50")
        },
        Row {
            user_id: Some("Anna".into()),
            ..event(2, PAGE_VIEW, "e=page_view&user_id=Anna")
        },
        Row {
            status: 404,
            stem: "/robots.txt",
            agent: Some("Googlebot/2.1"),
            ..base(3)
        },
        Row {
            paid: Some(true),
            ..checkout(4, "carl", 120.0)
        },
        Row {
            failed: true,
            price: Some(1.0),
            failures: vec![(NO_USER, None)],
            ..event(5, CHECKOUT, "e=checkout&price=1")
        },
        Row {
            rest: Some(r#"{"flavour":"sweet","n":"12"}"#.into()),
            ..event(6, MYSTERY, "e=mystery&flavour=sweet&n=12")
        },
        Row {
            rest: Some(r#"{"flavour":"sour","n":"7"}"#.into()),
            ..event(7, MYSTERY, "e=mystery&flavour=sour&n=7")
        },
        Row {
            status: 503,
            agent: None,
            ..base(8)
        },
        Row {
            failed: true,
            failures: vec![(NO_NUMBER, Some("free")), (NO_USER, None)],
            ..event(9, CHECKOUT, "e=checkout&price=free")
        },
        Row {
            paid: Some(false),
            ..checkout(10, "two words", 9.5)
        },
        Row {
            user_id: Some(String::new()),
            ..event(11, PAGE_VIEW, "e=page_view&user_id=")
        },
    ];
    let mut maker = Maker::new();
    maker.add(&rows[..5]);
    maker.add(&rows[5..])
}

/// `n` records from a seed, in batches of some 5,000, with times that jump about.
pub fn many(n: usize, seed: u64) -> Arc<Snapshot> {
    let mut maker = Maker::new();
    let mut snapshot = None;
    for batch in random_rows(n, seed).chunks(5_000) {
        snapshot = Some(maker.add(batch));
    }
    snapshot.unwrap()
}

/// See [`many`].
pub fn random_rows(n: usize, seed: u64) -> Vec<Row> {
    let mut random = fastrand::Rng::with_seed(seed);
    let agents = ["Mozilla/5.0 (X11)", "Googlebot/2.1", "curl/8.0", "bot"];
    let users = ["anna", "Bert", "carl", "dörte"];
    (0..n)
        .map(|i| {
            let event = [None, Some(CHECKOUT), Some(PAGE_VIEW), Some(MYSTERY)][random.usize(..4)];
            let user = random.bool().then(|| users[random.usize(..4)].to_owned());
            let price = random.bool().then(|| f64::from(random.i32(-40..400)) / 4.0);
            let mut failures = vec![];
            if event == Some(CHECKOUT) && price.is_none() && random.bool() {
                failures.push((
                    NO_NUMBER,
                    Some(["12,50", "free", "Anna"][random.usize(..3)]),
                ));
            }
            if event == Some(CHECKOUT) && user.is_none() {
                failures.push((NO_USER, None));
            }
            let flavour = ["sweet", "sour"][random.usize(..2)];
            Row {
                object: random.u32(..2),
                line: i as u32 + 1,
                time_s: START + i as i64 / 10 + random.i64(-600..600),
                event,
                failed: !failures.is_empty(),
                status: [200, 204, 301, 404, 503][random.usize(..5)],
                stem: ["/i.gif", "/index.html", "/a/b"][random.usize(..3)],
                query: format!(
                    "e={}&user_id={}",
                    random.u16(..),
                    user.as_deref().unwrap_or("-")
                ),
                agent: random.bool().then(|| agents[random.usize(..4)]),
                ip: format!("10.0.{}.{}", random.u8(..), random.u8(..)),
                user_id: user,
                price,
                paid: random.bool().then(|| random.bool()),
                rest: (event == Some(MYSTERY) && random.bool())
                    .then(|| format!(r#"{{"flavour":"{flavour}"}}"#)),
                failures,
            }
        })
        .collect()
}
