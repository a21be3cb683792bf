//! One object: its lines in their order, and what each of them is.

use fastrand::Rng;

use crate::error::Result;

use super::catalogue::Catalogue;
use super::fault::Fault;
use super::plan::{ObjectPlan, Plan, Quirk};
use super::record::FIELD_NAMES;
use super::rows::{RowWriter, Slot};
use super::seed::{Stream, rng};
use super::store::{Store, Stored};
use super::truth::{Outcome, Tally};
use super::written::{self, Written};

/// Builds objects, one after the other, in the same buffers.
pub struct Builder<'a> {
    plan: &'a Plan,
    rows: RowWriter<'a>,
    store: Store,
    text: Text,
    line: Vec<u8>,
}

/// The text of an object, and where each line of it ends.
#[derive(Debug, Default)]
pub struct Text {
    /// All lines with their line ends.
    pub bytes: Vec<u8>,
    /// Where each line ends, its line end included, and what it is.
    pub lines: Vec<(usize, Outcome)>,
    /// Where the second gzip member begins, if there are two.
    pub second_member: Option<usize>,
    crlf: bool,
}

impl Text {
    fn line(&mut self, line: &[u8], outcome: Outcome) {
        self.bytes.extend_from_slice(line);
        self.bytes
            .extend_from_slice(if self.crlf { b"\r\n" } else { b"\n" });
        self.lines.push((self.bytes.len(), outcome));
    }

    fn header(&mut self, quirk: Quirk, format: Written) {
        if !format.has_header() {
            return;
        }
        self.line(b"#Version: 1.0", Outcome::Header);
        let names = format.header_names(columns(quirk));
        let names = if quirk == Quirk::TabbedFields {
            names.join("\t")
        } else {
            names.join(" ")
        };
        self.line(format!("#Fields: {names}").as_bytes(), Outcome::Header);
    }

    fn drop_final_newline(&mut self) {
        self.bytes.pop();
        if let Some(last) = self.lines.last_mut() {
            last.0 -= 1;
        }
    }
}

/// How many columns an object has.
pub fn columns(quirk: Quirk) -> usize {
    if quirk == Quirk::Columns26 {
        26
    } else {
        FIELD_NAMES.len()
    }
}

impl<'a> Builder<'a> {
    /// A builder for objects of this plan.
    pub fn new(plan: &'a Plan, catalogue: &'a Catalogue) -> Self {
        Self {
            plan,
            rows: RowWriter::new(plan, catalogue),
            store: Store::new(),
            text: Text::default(),
            line: vec![],
        }
    }

    /// The bytes of an object as they are stored; what is in it is added to `tally`.
    ///
    /// # Errors
    /// When the compressor refuses, which it never does with the room it asks for.
    pub fn build(&mut self, index: usize, tally: &mut Tally) -> Result<Vec<u8>> {
        let object = &self.plan.objects[index];
        let mut rng = rng(self.plan.seed, Stream::Object, index as u64);
        self.write_text(index, object, &mut rng);
        let stored = if self.plan.format == Written::Parquet {
            Stored {
                bytes: written::parquet(&self.text.bytes)?,
                readable: self.text.bytes.len(),
            }
        } else {
            self.store.store(&self.text, object.quirk)?
        };
        for (end, outcome) in &self.text.lines {
            if *end <= stored.readable {
                tally.take(outcome);
            }
        }
        if object.quirk == Quirk::Truncated {
            tally.take(&Outcome::Reject(crate::model::Code::L103));
        }
        tally.counters.objects += 1;
        tally.counters.object_bytes += stored.bytes.len() as u64;
        tally.counters.text_bytes += stored.readable as u64;
        Ok(stored.bytes)
    }

    fn write_text(&mut self, index: usize, object: &ObjectPlan, rng: &mut Rng) {
        let text = &mut self.text;
        text.bytes.clear();
        text.lines.clear();
        text.second_member = None;
        text.crlf = object.quirk == Quirk::Crlf;
        if object.quirk == Quirk::TabbedFields {
            text.line(b"", Outcome::Blank);
        }
        text.header(object.quirk, self.plan.format);
        self.rows.start(index);
        let slots = slots(self.plan, index, rng);
        for (place, slot) in slots.iter().enumerate() {
            if place == slots.len() / 2 {
                self.middle(object.quirk);
            }
            let outcome = self.rows.write(*slot, place, rng);
            self.line.clear();
            self.plan.format.write(self.rows.row(), &mut self.line);
            self.text.line(&self.line, outcome);
        }
        if object.quirk == Quirk::NoFinalNewline {
            self.text.drop_final_newline();
        }
    }

    fn middle(&mut self, quirk: Quirk) {
        let text = &mut self.text;
        match quirk {
            Quirk::TwoMembers => text.second_member = Some(text.bytes.len()),
            Quirk::HeaderAgain => {
                text.line(b"", Outcome::Blank);
                text.line(b"#", Outcome::Header);
            }
            _ => return,
        }
        text.header(quirk, self.plan.format);
    }
}

/// Which place gets what. Faults, copies and the incident never take more places than there are.
fn slots(plan: &Plan, index: usize, rng: &mut Rng) -> Vec<Slot> {
    let object = &plan.objects[index];
    let mut slots = vec![Slot::Usual; object.rows as usize];
    for ordinal in object.faults.clone() {
        let slot = match plan.fault(index, ordinal) {
            Fault::Copy(kind, code) => Slot::Copy {
                ordinal,
                kind,
                first_home: index,
                again: None,
                conflict: code == crate::model::Code::X502,
            },
            fault => Slot::Fault(fault),
        };
        place(&mut slots, slot, rng);
    }
    for first_home in [index.checked_sub(1), Some(index)].into_iter().flatten() {
        for ordinal in plan.copies(first_home, index) {
            if let Fault::Copy(kind, code) = plan.fault(first_home, ordinal) {
                let conflict = code == crate::model::Code::X502;
                place(
                    &mut slots,
                    Slot::Copy {
                        ordinal,
                        kind,
                        first_home,
                        again: Some(code),
                        conflict,
                    },
                    rng,
                );
            }
        }
    }
    for _ in 0..object.incident {
        place(&mut slots, Slot::Incident, rng);
    }
    if object.long_line {
        place(&mut slots, Slot::LongLine, rng);
    }
    slots
}

/// Puts something where usual traffic would be, at the first such place from a random one on.
fn place(slots: &mut [Slot], slot: Slot, rng: &mut Rng) {
    if slots.is_empty() {
        return;
    }
    let from = rng.usize(..slots.len());
    let (before, after) = slots.split_at_mut(from);
    if let Some(free) = after
        .iter_mut()
        .chain(before)
        .find(|s| matches!(s, Slot::Usual))
    {
        *free = slot;
    }
}
