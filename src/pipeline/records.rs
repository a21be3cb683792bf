//! From a line to a row: every record goes into the batch's columns, judged; every other line is counted.

use crate::contract::Contract;
use crate::model::batch::{MAX_REJECT_RAW_BYTES, ObjectCount};
use crate::model::column::Lender;
use crate::model::{
    Batch, Cause, CauseId, Causes, Code, Column, Counters, FIELDS, FailureColumns, FieldId,
    FieldKind, ObjectId, RecordColumns, STANDARD_FIELDS, Severity, Verdict,
};
use crate::parse::numbers::{seconds, whole};
use crate::parse::{LineSink, LineView, encoding};
use crate::pipeline::judging::RecordView;
use crate::pipeline::worker::{Shared, Worker};

/// Puts lines into the batch's columns.
pub(super) struct Records<'w, 'a, 'b> {
    pub worker: &'w mut Worker<'a>,
    pub batch: &'b mut Batch,
    pub object: u32,
}

impl Records<'_, '_, '_> {
    fn count(&mut self) -> &mut Counters {
        if self.batch.objects.is_empty() {
            let counters = Counters::default();
            self.batch.objects.push(ObjectCount {
                object: ObjectId(self.object),
                counters,
                status: None,
            });
        }
        let last = self.batch.objects.len() - 1;
        &mut self.batch.objects[last].counters
    }

    /// Judges the record by the other contract too, where there is one.
    fn judge_against(&mut self, row: u32, view: &LineView<'_>) {
        let Some(judges) = self.worker.against.as_mut() else {
            return;
        };
        let record = request(view, Lender::default());
        let other = self.batch.against.get_or_insert_default();
        other.records.object.push(self.object);
        judges.line((row, self.object), &record, view.bad_utf8, other);
    }

    /// Columns for all fields that this log has, as null in the rows so far.
    fn change_columns(&mut self, view: &LineView<'_>) {
        let all = self.worker.shared.needs.record_fields;
        for field in view.layout.columns.iter().flatten().filter(|_| all) {
            let i = usize::from(field.0);
            self.batch.records.fields[i].get_or_insert_with(|| {
                match &self.worker.shared.words[i] {
                    Some(words) => Column::word(words.clone()),
                    None => Column::new(field.field().kind.column_kind()),
                }
            });
        }
        let rows = self.batch.records.len() - 1;
        pad(&mut self.batch.records, rows);
    }

    /// The query as far as its column will keep it as it stands: up to the first `%`. What is pushed next goes there.
    fn kept_query<'v>(&self, view: &LineView<'v>) -> Lender<'v> {
        let column = &self.batch.records.fields[usize::from(FieldId::CS_URI_QUERY.0)];
        let Some(Column::Text(column)) = column else {
            return Lender::default();
        };
        let query = view.get(FieldId::CS_URI_QUERY).unwrap_or_default();
        let plain = memchr::memchr(b'%', query.as_bytes()).unwrap_or(query.len());
        Lender::new(&query[..plain], column.bytes_len())
    }

    /// Every field of the record as a typed value. Fields that the log has not are left behind: see [`pad`].
    fn push_fields(&mut self, view: &LineView<'_>) {
        if view.layout.id != self.worker.layout && self.worker.shared.needs.record_fields {
            self.worker.layout = view.layout.id;
            self.change_columns(view);
        }
        for (i, field) in view.layout.columns.iter().enumerate() {
            let Some(field) = *field else { continue };
            let at = usize::from(field.0);
            let Some(column) = &mut self.batch.records.fields[at] else {
                continue;
            };
            let Some(text) = view.value(i) else {
                column.push_null();
                continue;
            };
            match field.field().kind {
                FieldKind::Date => column.push_int(view.time_us.div_euclid(86_400_000_000)),
                FieldKind::Time => column.push_int(view.time_us.rem_euclid(86_400_000_000) * 1_000),
                FieldKind::Int => match whole(text) {
                    Some(n) => column.push_int(n),
                    None => column.push_null(),
                },
                FieldKind::Seconds => match seconds(text) {
                    Some(n) => column.push_float(n),
                    None => column.push_null(),
                },
                FieldKind::Word | FieldKind::DecodedWord => {
                    let decoded = matches!(field.field().kind, FieldKind::DecodedWord);
                    let code = self.worker.shared.words[at].as_ref().and_then(|words| {
                        self.worker.caches[at]
                            .code(text.as_bytes(), words, |_| decode_word(text, decoded))
                    });
                    column.push_code(code);
                }
                FieldKind::Text if memchr::memchr(b'%', text.as_bytes()).is_none() => {
                    column.push_text(text);
                }
                FieldKind::Text => {
                    self.worker.undone.clear();
                    encoding::undo_log_layer(text, &mut self.worker.undone);
                    column.push_text(&self.worker.undone);
                }
            }
        }
    }
}

/// What is expected where a line itself is not UTF-8.
const LINE_IN_UTF8: &str = "a log line in UTF-8";

/// The line itself, not one of its properties: `CloudFront` encodes every byte past ASCII, so somebody else wrote it.
pub(super) fn bad_utf8(contract: &Contract, causes: &Causes) -> (CauseId, Severity) {
    let severity = contract.routing.severity_of(Code::D302);
    let cause = Cause {
        code: Code::D302,
        severity,
        event: "".into(),
        version: "".into(),
        path: "".into(),
        keyword: "",
        expected: LINE_IN_UTF8.into(),
    };
    (causes.intern(&cause), severity)
}

/// True for the cause that [`bad_utf8`] gives.
pub(super) fn is_bad_utf8(cause: &Cause) -> bool {
    cause.code == Code::D302 && cause.path.is_empty() && *cause.expected == *LINE_IN_UTF8
}

/// An event whose line is not UTF-8 says so (D302); its columns hold U+FFFD, the line keeps its bytes.
pub(super) fn mark_bad_utf8(
    row: u32,
    judged: (u16, u32, Verdict),
    (cause, severity): (CauseId, Severity),
    (failures, count): (&mut FailureColumns, &mut Counters),
    repaired_before: u64,
) -> (u16, u32, Verdict) {
    if judged.2 == Verdict::NotEvent {
        return judged;
    }
    failures.push(row, cause, None);
    match severity {
        Severity::Error => count.errors += 1,
        Severity::Warn => count.warnings += 1,
        Severity::Info => count.infos += 1,
    }
    if severity != Severity::Error || judged.2 != Verdict::Good {
        return judged;
    }
    count.good -= 1;
    count.repaired = repaired_before;
    count.failed += 1;
    (judged.0, judged.1, Verdict::Failed)
}

/// The fields that windows count; the only columns of a run that wants nothing else.
const WINDOW_FIELDS: [FieldId; 2] = [FieldId::TIME_TAKEN, FieldId::SC_BYTES];

/// The columns of records that this run needs, without a row.
pub(super) fn empty(shared: &Shared) -> RecordColumns {
    let mut records = RecordColumns::default();
    if shared.needs.any_field() {
        // The others get their column with the first log that has them.
        for (i, field) in FIELDS.iter().enumerate().take(STANDARD_FIELDS) {
            if !shared.needs.record_fields && !WINDOW_FIELDS.contains(&FieldId(i as u8)) {
                continue;
            }
            records.fields[i] = Some(match &shared.words[i] {
                Some(words) => Column::word(words.clone()),
                None => Column::new(field.kind.column_kind()),
            });
        }
    }
    records
}

/// Columns of fields that the log did not have catch up with the rows: nulls, which cost nothing before a value comes.
pub(super) fn pad(records: &mut RecordColumns, rows: usize) {
    for column in records.fields.iter_mut().flatten() {
        column.pad_to(rows);
    }
}

/// What judging reads of a line.
fn request<'a>(view: &LineView<'a>, kept: Lender<'a>) -> RecordView<'a> {
    RecordView {
        method: view.get(FieldId::CS_METHOD).unwrap_or_default(),
        stem: view.get(FieldId::CS_URI_STEM).unwrap_or_default(),
        status: view.get(FieldId::SC_STATUS).and_then(whole),
        query: view.get(FieldId::CS_URI_QUERY).unwrap_or("-"),
        request_id: view.get(FieldId::X_EDGE_REQUEST_ID).unwrap_or_default(),
        time_us: view.time_us,
        line: view.line,
        kept,
    }
}

fn decode_word(text: &str, header: bool) -> String {
    if header {
        return encoding::decode_header(text);
    }
    let mut out = String::with_capacity(text.len());
    encoding::undo_log_layer(text, &mut out);
    out
}

impl LineSink for Records<'_, '_, '_> {
    fn header(&mut self) {
        let count = self.count();
        count.lines += 1;
        count.header_lines += 1;
    }

    fn blank(&mut self) {
        let count = self.count();
        count.lines += 1;
        count.blank_lines += 1;
    }

    fn reject(
        &mut self,
        code: Code,
        number: u64,
        offset: u64,
        raw: &[u8],
        message: &dyn std::fmt::Display,
    ) {
        let count = self.count();
        count.lines += 1;
        count.unreadable_lines += 1;
        let rejects = &mut self.batch.rejects;
        rejects.object.push(self.object);
        rejects.line.push(number as u32);
        rejects.offset.push(offset);
        rejects.length.push(raw.len() as u64);
        rejects.code.push(code);
        rejects.message.push_value(&message.to_string());
        rejects
            .raw
            .push_value(&raw[..raw.len().min(MAX_REJECT_RAW_BYTES)]);
    }

    fn record(&mut self, view: &LineView<'_>) {
        let row = self.batch.records.len() as u32;
        let repaired = self.count().repaired;
        let judged = if self.worker.shared.needs.judge {
            let record = request(view, self.kept_query(view));
            let last = self.batch.objects.len() - 1;
            let counters = &mut self.batch.objects[last].counters;
            self.worker
                .judging
                .record(row, &record, &mut self.batch.failures, counters)
        } else {
            self.count().not_events += 1;
            (0, 0, Verdict::NotEvent)
        };
        self.judge_against(row, view);
        let judged = if view.bad_utf8 {
            let cause = self.worker.bad_utf8;
            let last = self.batch.objects.len() - 1;
            let counters = &mut self.batch.objects[last].counters;
            mark_bad_utf8(
                row,
                judged,
                cause,
                (&mut self.batch.failures, counters),
                repaired,
            )
        } else {
            judged
        };
        let count = self.count();
        count.lines += 1;
        count.records += 1;
        let records = &mut self.batch.records;
        records.object.push(self.object);
        records.line.push(view.number as u32);
        records.offset.push(view.offset);
        records.length.push(view.length);
        records.time_us.push(view.time_us);
        records.event_type.push(judged.0);
        records.event_row.push(judged.1);
        records.verdict.push(judged.2 as u8);
        if judged.0 == 0 && judged.2 == Verdict::Failed && self.worker.shared.needs.failed_raw {
            self.batch.untyped.record.push(row);
            self.batch.untyped.raw.push_value(view.line);
        }
        if self.worker.shared.needs.any_field() {
            self.push_fields(view);
        }
    }
}
