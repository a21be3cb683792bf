//! The rows of an object: usual traffic, faults, copies and the incident, each with its outcome.

use fastrand::Rng;

use crate::model::Code;

use super::catalogue::Catalogue;
use super::fault::{self, Fault, KeyEdit};
use super::object::columns;
use super::pixel::{self, Kind, Pixel};
use super::plan::{ObjectPlan, Plan, Quirk};
use super::record::{self, Days, Request};
use super::seed::{Stream, chance, pick, rng, skewed};
use super::traffic::{self, PIXEL};
use super::truth::{EventOutcome, Outcome};
use super::viewer::{self, Viewer};

/// What stands at one place of an object.
#[derive(Debug, Clone, Copy)]
pub enum Slot {
    /// Traffic without a fault.
    Usual,
    /// A fault.
    Fault(Fault),
    /// An event that is logged twice.
    Copy {
        /// Number of the fault.
        ordinal: u64,
        /// Type of the event.
        kind: Kind,
        /// Object of the first time.
        first_home: usize,
        /// The code of the second time; `None` the first time.
        again: Option<Code>,
        /// The second time brings another payload.
        conflict: bool,
    },
    /// An event of the incident.
    Incident,
    /// A line over the limit.
    LongLine,
}

/// Bytes of the query in the line over the limit of 1 MiB.
const LONG_QUERY_BYTES: usize = 1_300_000;

/// Writes rows into a buffer of its own.
pub struct RowWriter<'a> {
    plan: &'a Plan,
    catalogue: &'a Catalogue,
    object: &'a ObjectPlan,
    days: Days,
    row: Vec<u8>,
    query: Vec<u8>,
    scratch: traffic::Scratch,
}

/// An event about to be written.
struct Draft {
    kind: Kind,
    viewer: Viewer,
    /// Log time in seconds.
    time_s: i64,
    /// Event time in milliseconds.
    time_ms: i64,
    edits: &'static [KeyEdit],
    whole: Option<Code>,
    incident: bool,
    id: Rng,
}

impl<'a> RowWriter<'a> {
    /// A writer for objects of this plan, set to the first one, which exists.
    pub fn new(plan: &'a Plan, catalogue: &'a Catalogue) -> Self {
        let object = &plan.objects[0];
        let scratch = traffic::Scratch::default();
        Self {
            plan,
            catalogue,
            object,
            days: Days::around(object.hour),
            row: vec![],
            query: vec![],
            scratch,
        }
    }

    /// Goes to another object.
    pub fn start(&mut self, index: usize) {
        self.object = &self.plan.objects[index];
        self.days = Days::around(self.object.hour);
    }

    /// The row written last, without a line end.
    pub fn row(&self) -> &[u8] {
        &self.row
    }

    /// Writes the row of that place, from 0, and says what it is.
    pub fn write(&mut self, slot: Slot, place: usize, rng: &mut Rng) -> Outcome {
        self.row.clear();
        let time_s = self.time_at(place, rng);
        match slot {
            // Some rows come an hour late.
            Slot::Usual if chance(rng, 2) => self.usual(
                self.object.hour * 3_600 - 1 - i64::from(rng.u32(..900)),
                rng,
            ),
            Slot::Usual => self.usual(time_s, rng),
            Slot::Fault(fault) => self.fault(fault, time_s, rng),
            Slot::Copy {
                ordinal,
                kind,
                first_home,
                again,
                conflict,
            } => {
                let draft = self.copy(time_s, ordinal, kind, first_home, again);
                let mut payload = self::rng(
                    self.plan.seed,
                    if conflict && again.is_some() {
                        Stream::Conflict
                    } else {
                        Stream::Original
                    },
                    2 * ordinal + 1,
                );
                self.event(&draft, &mut payload, rng)
            }
            Slot::Incident => self.incident(rng),
            Slot::LongLine => self.long_line(time_s, rng),
        }
    }

    /// Rows follow time, with some seconds of disorder.
    fn time_at(&self, place: usize, rng: &mut Rng) -> i64 {
        let window = &self.object.window;
        let steady = window.start
            + (window.end - window.start) * place as i64 / self.object.rows.max(1) as i64;
        (steady + i64::from(rng.i32(-25..=25)))
            .clamp(self.object.hour * 3_600, self.object.hour * 3_600 + 3_599)
    }

    fn viewer(&self, rng: &mut Rng) -> Viewer {
        Viewer::new(
            self.plan.seed,
            skewed(rng, self.plan.viewers as usize) as u64,
            self.catalogue,
        )
    }

    fn usual(&mut self, time_s: i64, rng: &mut Rng) -> Outcome {
        if chance(rng, 60) {
            let draft = self.draft(Kind::usual(rng), time_s, fault::NONE, rng);
            return self.event_of(&draft, rng);
        }
        let viewer = self.viewer(rng);
        let request = traffic::request(time_s, &viewer, self.catalogue, &mut self.scratch, rng);
        record::write(&mut self.row, &request, &viewer, &self.days, rng);
        self.cut_columns();
        Outcome::NotEvent(time_s)
    }

    fn draft(&self, kind: Kind, time_s: i64, edits: &'static [KeyEdit], rng: &mut Rng) -> Draft {
        let viewer = self.viewer(rng);
        // In the broken release every total in a language with commas is wrong: such a viewer has not paid yet.
        let is_broken = kind == Kind::Checkout
            && viewer.locale().2
            && viewer.app_version(self.released(time_s)) == viewer::BROKEN_VERSION;
        let kind = if is_broken && edits.is_empty() {
            Kind::AddToCart
        } else {
            kind
        };
        Draft {
            kind,
            viewer,
            time_s,
            time_ms: sent_ms(time_s, rng),
            edits,
            whole: None,
            incident: false,
            id: rng.fork(),
        }
    }

    fn released(&self, time_s: i64) -> bool {
        time_s >= self.plan.incident.start
    }

    fn fault(&mut self, fault: Fault, time_s: i64, rng: &mut Rng) -> Outcome {
        match fault {
            Fault::Query(kind, edits) => {
                let draft = self.draft(kind, time_s, edits, rng);
                self.event_of(&draft, rng)
            }
            // Only rows with a header have columns to be wrong about.
            Fault::Line(..) if !self.plan.format.has_header() => self.usual(time_s, rng),
            Fault::Line(edit, code) => {
                self.usual(time_s, rng);
                fault::edit_line(&mut self.row, edit);
                Outcome::Reject(code)
            }
            Fault::BarePixel => {
                let viewer = self.viewer(rng);
                self.pixel_record(&viewer, time_s, b"-", rng);
                Outcome::Event(EventOutcome {
                    time_s,
                    label: ("", ""),
                    edits: fault::NONE,
                    whole: Some(Code::R201),
                    incident: false,
                    facts: None,
                })
            }
            Fault::Copy(..) => self.usual(time_s, rng),
        }
    }

    fn copy(
        &self,
        time_s: i64,
        ordinal: u64,
        kind: Kind,
        first_home: usize,
        again: Option<Code>,
    ) -> Draft {
        // Viewer, event time and id come from the number of the fault alone: both times get the same.
        let mut id = rng(self.plan.seed, Stream::Original, 2 * ordinal);
        let mut viewer = self.viewer(&mut id);
        viewer.eager = false;
        let window = self.plan.objects[first_home].window.clone();
        let first_s = window.start + (id.f64() * (window.end - window.start) as f64) as i64;
        Draft {
            kind,
            viewer,
            time_s,
            time_ms: sent_ms(first_s, &mut id),
            edits: fault::NONE,
            whole: again,
            incident: false,
            id,
        }
    }

    fn incident(&mut self, rng: &mut Rng) -> Outcome {
        let (window, incident) = (&self.object.window, &self.plan.incident);
        let (from, until) = (
            window.start.max(incident.start),
            window.end.min(incident.end),
        );
        let time_s = from + (rng.f64() * (until - from) as f64) as i64;
        let mut draft = self.draft(Kind::Checkout, time_s, fault::INCIDENT, rng);
        draft.viewer.eager = true;
        draft.viewer.take_comma_locale();
        draft.incident = true;
        draft.time_ms = draft.time_ms.max(incident.start * 1_000);
        self.event_of(&draft, rng)
    }

    fn event_of(&mut self, draft: &Draft, rng: &mut Rng) -> Outcome {
        let mut payload = rng.fork();
        self.event(draft, &mut payload, rng)
    }

    fn event(&mut self, draft: &Draft, payload: &mut Rng, rng: &mut Rng) -> Outcome {
        let viewer = &draft.viewer;
        let pixel = Pixel {
            kind: draft.kind,
            viewer,
            app_version: viewer.app_version(self.released(draft.time_s)),
            session: viewer.session(self.plan.seed, draft.time_ms.div_euclid(3_600_000)),
            time_ms: draft.time_ms,
            edits: draft.edits,
        };
        let mut query = std::mem::take(&mut self.query);
        query.clear();
        let facts = pixel::write_query(
            &mut query,
            &pixel,
            self.catalogue,
            &mut draft.id.clone(),
            payload,
        );
        self.pixel_record(viewer, draft.time_s, &query, rng);
        self.query = query;
        Outcome::Event(EventOutcome {
            time_s: draft.time_s,
            label: label(draft, facts.version),
            edits: draft.edits,
            whole: draft.whole,
            incident: draft.incident,
            facts: Some(facts),
        })
    }

    fn pixel_record(&mut self, viewer: &Viewer, time_s: i64, query: &[u8], rng: &mut Rng) {
        let (status, result) = match rng.u32(..100) {
            0..25 => (204, "FunctionGeneratedResponse"),
            25..30 => (304, "RefreshHit"),
            30..36 => (200, "Miss"),
            _ => (200, "Hit"),
        };
        let request = Request {
            time_s,
            method: "GET",
            host: PIXEL,
            stem: pick(rng, &[&b"/i.gif"[..], b"/i.gif", b"/i.gif", b"/i"]),
            query,
            status,
            referer: if viewer.native {
                b"-"
            } else {
                b"https://shop.example/"
            },
            user_agent: viewer.user_agent(self.catalogue),
            result: (result, result),
            content_type: if status == 200 { "image/gif" } else { "-" },
            body_bytes: if status == 200 { 43 } else { 0 },
        };
        record::write(&mut self.row, &request, viewer, &self.days, rng);
        self.cut_columns();
    }

    fn long_line(&mut self, time_s: i64, rng: &mut Rng) -> Outcome {
        let viewer = self.viewer(rng);
        let mut query = b"e=page_view&title=".to_vec();
        query.extend(std::iter::repeat_with(|| rng.u8(b'a'..=b'z')).take(LONG_QUERY_BYTES));
        self.pixel_record(&viewer, time_s, &query, rng);
        Outcome::Reject(Code::L105)
    }

    /// Objects of older times have fewer columns.
    fn cut_columns(&mut self) {
        if self.object.quirk == Quirk::Columns26 {
            let tabs = self.row.iter().enumerate().filter(|(_, b)| **b == b'\t');
            if let Some((end, _)) = tabs
                .map(|(i, b)| (i, *b))
                .nth(columns(self.object.quirk) - 1)
            {
                self.row.truncate(end);
            }
        }
    }
}

/// When an event was sent, a little before the edge logged it.
fn sent_ms(time_s: i64, rng: &mut Rng) -> i64 {
    time_s * 1_000 - i64::from(rng.u32(80..3_500))
}

/// Name and version as a reader gets them: an edited `e` or `sv` makes a type that the contract does not know.
fn label(draft: &Draft, version: &'static str) -> (&'static str, &'static str) {
    use fault::Edit;
    for edit in draft.edits {
        match (edit.code, edit.edit) {
            (Code::R202, Edit::Set(name)) => return (name, ""),
            (Code::R201, _) => return ("", ""),
            (Code::R203, _) => return (draft.kind.name(), ""),
            _ => {}
        }
    }
    (draft.kind.name(), version)
}
