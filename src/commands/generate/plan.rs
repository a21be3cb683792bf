//! What each object will hold: its name, hour, rows and faults. Small, and known before the first row is written.

use std::ops::Range;

use super::GenerateOptions;
use super::fault::{self, Fault};
use super::record::day_text;
use super::seed::{Stream, rng};
use super::written::{DISTRIBUTION, Written};

const HOUR_S: i64 = 3_600;
/// Share of the faults that the incident has.
const INCIDENT_SHARE: f64 = 0.45;
/// Smallest object that faults are planted in.
const FEWEST_ROWS: u64 = 10;
/// A line over the limit is planted in sets from this size on.
const LONG_LINE_FROM: u64 = 100_000;

/// What is unusual about an object's form. None of it loses a line, save the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Quirk {
    Usual,
    /// The 26 fields of 2018 and 2019.
    Columns26,
    /// Tabs in the `#Fields` line, and an empty line before it.
    TabbedFields,
    /// The header comes again in the middle, after an empty line and a lone `#`.
    HeaderAgain,
    /// Two gzip members, each with a header.
    TwoMembers,
    Crlf,
    NoFinalNewline,
    /// Not compressed, and no `.gz` in its name.
    Plain,
    /// The gzip ends in the middle.
    Truncated,
}

impl Quirk {
    /// What of it objects of that format can have.
    fn in_format(self, format: Written) -> Self {
        match self {
            _ if format == Written::Parquet => Self::Usual,
            Self::Columns26 | Self::TabbedFields | Self::HeaderAgain if !format.has_header() => {
                Self::Usual
            }
            other => other,
        }
    }

    /// The word in `truth.json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Columns26 => "26 columns",
            Self::TabbedFields => "tabs in #Fields, empty first line",
            Self::HeaderAgain => "header again in the middle",
            Self::TwoMembers => "two gzip members",
            Self::Crlf => "CRLF line ends",
            Self::NoFinalNewline => "no final newline",
            Self::Plain => "not compressed",
            Self::Truncated => "truncated gzip",
        }
    }
}

/// The forms that lose nothing, in the order in which they are given to objects.
const FORMS: [Quirk; 7] = [
    Quirk::Plain,
    Quirk::HeaderAgain,
    Quirk::Columns26,
    Quirk::TwoMembers,
    Quirk::TabbedFields,
    Quirk::Crlf,
    Quirk::NoFinalNewline,
];

/// One object.
#[derive(Debug)]
pub struct ObjectPlan {
    /// File name.
    pub name: String,
    /// Its hour, counted from 1970 UTC.
    pub hour: i64,
    /// Lines of traffic.
    pub rows: u64,
    /// How much of the usual traffic it has; 1 for most.
    share: f64,
    /// When its traffic was, in seconds since 1970 UTC; within the hour.
    pub window: Range<i64>,
    /// Its form.
    pub quirk: Quirk,
    /// Numbers of its faults.
    pub faults: Range<u64>,
    /// Rows of the incident.
    pub incident: u64,
    /// Has the line over the limit.
    pub long_line: bool,
}

/// The whole set.
#[derive(Debug)]
pub struct Plan {
    /// Seed of everything.
    pub seed: u64,
    /// Format of the objects.
    pub format: Written,
    /// In the order of their names.
    pub objects: Vec<ObjectPlan>,
    /// Number of viewers.
    pub viewers: u64,
    /// When the new app version came out and, if faults are planted, until when it wrote commas; seconds since 1970 UTC.
    pub incident: Range<i64>,
}

impl Plan {
    /// The plan for these options, which are valid.
    pub fn new(options: &GenerateOptions) -> Self {
        let start = options.start_hour * HOUR_S;
        let span = i64::from(options.hours) * HOUR_S;
        let began = start + span * 11 / 20 / 60 * 60;
        let incident = began..began + (span / 5).clamp(600, 4 * HOUR_S);
        let mut objects = empty_objects(options);
        if options.faults > 0.0 && options.records >= FEWEST_ROWS * 4 * u64::from(options.objects) {
            give_forms(&mut objects);
            for object in &mut objects {
                object.quirk = object.quirk.in_format(options.format);
            }
        }
        if options.format == Written::Parquet {
            for object in &mut objects {
                object.name = object.name.trim_end_matches(".gz").to_owned() + ".parquet";
            }
        }
        share_rows(&mut objects, options);
        if options.faults > 0.0 {
            share_faults(&mut objects, options, &incident);
        }
        Self {
            seed: options.seed,
            format: options.format,
            objects,
            viewers: options.records / 25 + 40,
            incident,
        }
    }

    /// The fault of that number in that object.
    pub fn fault(&self, object: usize, ordinal: u64) -> Fault {
        if self.objects[object].quirk == Quirk::Truncated {
            fault::fault_without_copy(ordinal)
        } else {
            fault::fault(ordinal)
        }
    }

    /// The object that gets the second time of an event that is first logged in `object`: the same or the next one.
    pub fn second_home(&self, object: usize, ordinal: u64) -> usize {
        let wants_next = ordinal / fault::FAULTS.len() as u64 % 2 == 1;
        let next_can = self
            .objects
            .get(object + 1)
            .is_some_and(|o| o.rows >= FEWEST_ROWS && o.quirk != Quirk::Truncated);
        if wants_next && next_can {
            object + 1
        } else {
            object
        }
    }

    /// Numbers of the faults of `object` that are copies with their second time in `home`.
    pub fn copies(&self, object: usize, home: usize) -> impl Iterator<Item = u64> {
        let faults = self.objects.get(object).map_or(0..0, |o| o.faults.clone());
        faults.filter(move |&n| {
            matches!(self.fault(object, n), Fault::Copy(..)) && self.second_home(object, n) == home
        })
    }
}

fn empty_objects(options: &GenerateOptions) -> Vec<ObjectPlan> {
    let (count, hours) = (i64::from(options.objects), i64::from(options.hours));
    let mut objects: Vec<ObjectPlan> = (0..count)
        .map(|i| {
            let hour = i * hours / count;
            let first = (hour * count + hours - 1) / hours;
            let here = ((hour + 1) * count + hours - 1) / hours - first;
            let (begin, end) = (
                (options.start_hour + hour) * HOUR_S,
                (options.start_hour + hour + 1) * HOUR_S,
            );
            let from = begin + (i - first) * HOUR_S / here;
            let window = from..(from + (HOUR_S / here).max(300)).min(end);
            ObjectPlan {
                name: String::new(),
                hour: options.start_hour + hour,
                rows: 0,
                share: 1.0,
                window,
                quirk: Quirk::Usual,
                faults: 0..0,
                incident: 0,
                long_line: false,
            }
        })
        .collect();
    let mut ids: Vec<u32> = (0..options.objects)
        .map(|i| scrambled(i, options.seed))
        .collect();
    // The last object may be a truncated one. Its name is the last of all, so that `cat *.gz | gzip -dc` gets that far.
    if let Some(last_hour) = objects.last().map(|o| o.hour) {
        let first = objects.partition_point(|o| o.hour < last_hour);
        let largest = (first..ids.len()).max_by_key(|&i| ids[i]).unwrap_or(first);
        let last = ids.len() - 1;
        ids.swap(largest, last);
    }
    for (object, id) in objects.iter_mut().zip(ids) {
        object.name = format!(
            "{DISTRIBUTION}.{}-{:02}.{id:08x}.gz",
            day_text(object.hour.div_euclid(24)),
            object.hour.rem_euclid(24)
        );
    }
    objects
}

/// A different number for every index: each step can be undone.
fn scrambled(index: u32, seed: u64) -> u32 {
    let mut x = index
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add((seed ^ (seed >> 32)) as u32);
    x ^= x >> 15;
    x = x.wrapping_mul(0x85EB_CA77);
    x ^ (x >> 13)
}

/// Shares the rows out: more at some times than at others.
fn share_rows(objects: &mut [ObjectPlan], options: &GenerateOptions) {
    let mut rng = rng(options.seed, Stream::Plan, 0);
    let count = objects.len() as f64;
    let weights: Vec<f64> = (0..objects.len())
        .map(|i| {
            (0.7 + 0.6 * rng.f64())
                * (1.0 + 0.35 * (i as f64 / count * 5.0).sin())
                * objects[i].share
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let (mut so_far, mut given) = (0.0, 0);
    let last = objects.len().saturating_sub(1);
    for (i, (object, weight)) in objects.iter_mut().zip(weights).enumerate() {
        so_far += weight;
        let share = (options.records as f64 * so_far / total) as u64;
        let until = if i == last { options.records } else { share };
        object.rows = until.min(options.records).saturating_sub(given);
        given += object.rows;
    }
}

/// Gives some objects an unusual form: spread over the set, the first one usual, the truncated one last.
fn give_forms(objects: &mut [ObjectPlan]) {
    let count = objects.len();
    if count < 3 {
        return;
    }
    let forms = FORMS.len().min(count - 2);
    for (i, quirk) in FORMS.into_iter().take(forms).enumerate() {
        let at = 1 + i * (count - 2) / forms;
        objects[at].quirk = quirk;
        if quirk == Quirk::Plain {
            make_plain(objects, at);
        }
    }
    objects[count - 1].quirk = Quirk::Truncated;
}

/// What is not compressed takes six times the room: the object before it takes most of its traffic.
fn make_plain(objects: &mut [ObjectPlan], at: usize) {
    const SHARE: f64 = 0.15;
    let (before, from) = objects.split_at_mut(at);
    let plain = &mut from[0];
    plain.name.truncate(plain.name.len() - ".gz".len());
    if let Some(before) = before.last_mut().filter(|o| o.hour == plain.hour) {
        before.window.end = plain.window.end;
        before.share = 2.0 - SHARE;
        plain.share = SHARE;
    }
}

fn share_faults(objects: &mut [ObjectPlan], options: &GenerateOptions, incident: &Range<i64>) {
    let rows_in: Vec<f64> = objects
        .iter()
        .map(|o| o.rows as f64 * overlap_share(&o.window, incident))
        .collect();
    let total_in: f64 = rows_in.iter().sum();
    let wanted = INCIDENT_SHARE * options.faults * options.records as f64;
    let (mut rows, mut given) = (0u64, 0u64);
    for (i, object) in objects.iter_mut().enumerate() {
        if object.rows < FEWEST_ROWS {
            continue;
        }
        rows += object.rows;
        let until = ((1.0 - INCIDENT_SHARE) * options.faults * rows as f64).round() as u64;
        object.faults = given..until;
        given = until;
        if total_in > 0.0 {
            object.incident = (wanted * rows_in[i] / total_in)
                .min(0.3 * rows_in[i])
                .round() as u64;
        }
        object.long_line = i == 0 && options.records >= LONG_LINE_FROM;
    }
}

fn overlap_share(window: &Range<i64>, incident: &Range<i64>) -> f64 {
    let overlap = (window.end.min(incident.end) - window.start.max(incident.start)).max(0);
    overlap as f64 / (window.end - window.start).max(1) as f64
}
