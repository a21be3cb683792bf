//! Export: where to, in which format, what it will hold; then how far it is, and the identity at the end.
//!
//! ```text
//!  Export a batch
//!
//!    to   s3-staging/px▏
//!    as   ● Parquet   ○ CSV   ○ JSON Lines
//!
//!    table         rows  columns
//!    checkout    12,408       14  good events
//!    rejected     1,204           failed events, with their failures and raw lines
//!
//!    reading ███████████─────────────  41%  204 of 500 objects   412k/s
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::InputRequest;

use crate::export::Format;
use crate::model::Counters;
use crate::tui::action::Action;
use crate::tui::status::Figures;
use crate::tui::theme::Styles;
use crate::tui::widget::bar::Gauge;
use crate::tui::widget::number::{bytes_short, grouped, rate};
use crate::tui::widget::overlay::render_hints;
use crate::tui::widget::prompt::{Prompt, PromptError, PromptState};
use crate::tui::widget::table::{CellText, Column, Table, TableState, Tone};
use crate::tui::widget::text::{self, Cut};

const FORMATS: [(Format, &str); 3] = [
    (Format::Parquet, "Parquet"),
    (Format::Csv, "CSV"),
    (Format::Jsonl, "JSON Lines"),
];

/// One table of the batch, planned or written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportTable {
    /// Its name: the event type's, `rejected`, `failures`.
    pub name: String,
    /// Its rows; `None` where that is not yet known.
    pub rows: Option<u64>,
    /// Its columns; `None` where that is not yet known.
    pub columns: Option<u64>,
    /// Bytes written; `None` before.
    pub bytes: Option<u64>,
    /// What it holds, in few words.
    pub what: String,
}

/// A batch that was published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// The batch's name.
    pub batch: String,
    /// Where its manifest is.
    pub manifest: String,
    /// What was written; empty when nothing was new.
    pub tables: Vec<ExportTable>,
    /// The identity.
    pub counters: Counters,
    /// All inputs were in a published batch already: nothing was written.
    pub nothing_new: bool,
}

/// How far the export is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stage {
    /// Being filled in.
    #[default]
    Editing,
    /// Running.
    Running,
    /// Done.
    Done(Box<Published>),
    /// It failed; a sentence.
    Failed(String),
}

/// The field with the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    #[default]
    Destination,
    Format,
}

/// The dialog's state; what was typed stays when it closes.
#[derive(Debug, Clone, Default)]
pub struct Export {
    destination: PromptState,
    format: usize,
    field: Field,
    stage: Stage,
    tables: TableState,
}

/// What a key asks of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportRequest {
    /// Start exporting.
    Start {
        /// A folder (or, later, `s3://bucket/prefix`), not empty.
        destination: String,
        /// Of the files.
        format: Format,
    },
    /// Stop the running export; nothing is published.
    Cancel,
    /// Close the dialog.
    Close,
}

/// What is known beside the dialog's own state.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportData<'a> {
    /// What a batch of what is loaded would hold.
    pub preview: &'a [ExportTable],
    /// How far the running export is.
    pub figures: Figures,
    /// Its speed.
    pub lines_per_second: Option<f64>,
    /// Rows are still arriving, so the preview is of what is there now.
    pub still_reading: bool,
}

impl Export {
    /// True while keys are text for the destination.
    pub fn wants_text(&self) -> bool {
        self.stage == Stage::Editing && self.field == Field::Destination
    }

    /// Edits the destination.
    pub fn edit(&mut self, request: InputRequest) {
        if self.wants_text() {
            self.destination.edit(request);
        }
    }

    /// Pastes into the destination.
    pub fn insert(&mut self, text: &str) {
        if self.wants_text() {
            self.destination.insert(text);
        }
    }

    /// How far it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The app says how far it is.
    pub fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
        self.tables = TableState::default();
    }

    /// Says what is wrong with the destination.
    pub fn refuse(&mut self, message: String) {
        self.stage = Stage::Editing;
        self.field = Field::Destination;
        self.destination
            .set_error(Some(PromptError { at: 0, message }));
    }

    /// Acts on a key.
    pub fn update(&mut self, action: Action) -> Option<ExportRequest> {
        match (&self.stage, action) {
            (Stage::Running, Action::Close | Action::Back) => Some(ExportRequest::Cancel),
            (_, Action::Close | Action::Back) => {
                if self.stage != Stage::Editing {
                    self.set_stage(Stage::Editing);
                }
                Some(ExportRequest::Close)
            }
            (Stage::Editing, Action::Focus | Action::Complete) => {
                self.field = if self.field == Field::Destination {
                    Field::Format
                } else {
                    Field::Destination
                };
                None
            }
            (Stage::Editing, Action::Accept | Action::Open) => self.start(),
            (Stage::Editing, Action::Left) if self.field == Field::Format => {
                self.next_format(FORMATS.len() - 1)
            }
            (Stage::Editing, Action::Right | Action::Toggle) if self.field == Field::Format => {
                self.next_format(1)
            }
            (Stage::Editing, Action::Up | Action::Earlier) if self.field == Field::Format => {
                self.focus(Field::Destination)
            }
            (Stage::Editing, Action::Down | Action::Later) if self.field == Field::Destination => {
                self.focus(Field::Format)
            }
            (Stage::Done(_) | Stage::Failed(_), Action::Accept | Action::Open) => {
                self.set_stage(Stage::Editing);
                None
            }
            (_, Action::Up | Action::Earlier) => self.scroll(-1),
            (_, Action::Down | Action::Later) => self.scroll(1),
            _ => None,
        }
    }

    fn next_format(&mut self, step: usize) -> Option<ExportRequest> {
        self.format = (self.format + step) % FORMATS.len();
        None
    }

    fn focus(&mut self, field: Field) -> Option<ExportRequest> {
        self.field = field;
        None
    }

    fn scroll(&mut self, delta: isize) -> Option<ExportRequest> {
        self.tables.move_by(delta, usize::MAX);
        None
    }

    fn start(&mut self) -> Option<ExportRequest> {
        let destination = self.destination.value().trim().to_owned();
        if destination.is_empty() {
            self.refuse(
                "a folder is needed: it gets data/, rejected/, failures/ and batches/".to_owned(),
            );
            return None;
        }
        Some(ExportRequest::Start {
            destination,
            format: FORMATS[self.format].0,
        })
    }

    /// Draws the dialog. Gives where the terminal's cursor belongs.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        data: &ExportData<'_>,
        styles: &Styles,
    ) -> Option<Position> {
        let area = area.intersection(buf.area);
        let mut rows = Rows {
            area: Rect {
                x: area.x + area.width.min(1),
                width: area.width.saturating_sub(2),
                ..area
            },
            used: 0,
        };
        if let Some(row) = rows.next() {
            text::put_fit(
                buf,
                (row.x, row.y),
                row.width,
                self.title(),
                Cut::End,
                styles.strong,
            );
        }
        rows.skip();
        let cursor = self.form(&mut rows, buf, styles);
        rows.skip();
        match &self.stage {
            Stage::Editing => self.preview(rows.rest(2), buf, data, styles),
            Stage::Running => running(&mut rows, buf, data, styles),
            Stage::Done(published) => self.done(&mut rows, buf, published, styles),
            Stage::Failed(sentence) => {
                paragraph(&mut rows, buf, &format!("✗ {sentence}"), styles.bad, 4);
                paragraph(&mut rows, buf, "Nothing was published.", styles.dim, 1);
            }
        }
        if area.height > 2 {
            let last = Rect {
                x: area.x + 1,
                y: area.bottom() - 1,
                width: area.width.saturating_sub(2),
                height: 1,
            };
            render_hints(last, buf, self.hints(), styles);
        }
        cursor
    }

    fn title(&self) -> &'static str {
        match &self.stage {
            Stage::Editing => "Export a batch",
            Stage::Running => "Exporting",
            Stage::Done(published) if published.nothing_new => "Nothing new to export",
            Stage::Done(_) => "Exported",
            Stage::Failed(_) => "The export failed",
        }
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        match (&self.stage, self.field) {
            (Stage::Editing, Field::Destination) => {
                &[("Enter", "export"), ("Tab", "format"), ("Esc", "back")]
            }
            (Stage::Editing, Field::Format) => &[
                ("Enter", "export"),
                ("← →", "choose"),
                ("Tab", "destination"),
                ("Esc", "back"),
            ],
            (Stage::Running, _) => &[("Esc", "stop: nothing is published")],
            _ => &[("Enter", "another one"), ("Esc", "back")],
        }
    }

    fn form(&self, rows: &mut Rows, buf: &mut Buffer, styles: &Styles) -> Option<Position> {
        let row = rows.next()?;
        let two = Rect {
            height: 2.min(rows.area.bottom() - row.y),
            x: row.x + 1,
            width: row.width.saturating_sub(1),
            ..row
        };
        let prompt = Prompt {
            label: "to ",
            placeholder: "a folder: ./batch",
        };
        let cursor = prompt
            .render(two, buf, &self.destination, styles)
            .filter(|_| self.wants_text());
        if self.destination.error().is_some() {
            rows.skip();
        }
        let row = rows.next()?;
        let focused = self.stage == Stage::Editing && self.field == Field::Format;
        let mut x = text::put(
            buf,
            (row.x + 2, row.y),
            row.width,
            "as",
            if focused { styles.accent } else { styles.dim },
        ) + 3;
        for (i, (_, name)) in FORMATS.iter().enumerate() {
            let (dot, style) = if i == self.format {
                ("● ", styles.accent)
            } else {
                ("○ ", styles.dim)
            };
            x = text::put(buf, (x, row.y), row.right().saturating_sub(x), dot, style);
            let style = if i == self.format {
                styles.strong
            } else {
                styles.dim
            };
            x = text::put(buf, (x, row.y), row.right().saturating_sub(x), name, style) + 3;
        }
        cursor
    }

    fn preview(&self, area: Rect, buf: &mut Buffer, data: &ExportData<'_>, styles: &Styles) {
        if data.preview.is_empty() {
            let why = if data.still_reading {
                "  Nothing to export yet; still reading."
            } else {
                "  There are no events to export."
            };
            text::put_fit(
                buf,
                (area.x, area.y),
                if area.is_empty() { 0 } else { area.width },
                why,
                Cut::End,
                styles.dim,
            );
            return;
        }
        self.table(area, buf, data.preview, styles);
        if data.still_reading && usize::from(area.height) > data.preview.len() + 2 {
            let y = area.y + data.preview.len() as u16 + 2;
            let note = "Rows are still arriving; the export reads all of the source.";
            text::put_fit(
                buf,
                (area.x + 2, y),
                area.width.saturating_sub(2),
                note,
                Cut::End,
                styles.faint,
            );
        }
    }

    fn table(&self, area: Rect, buf: &mut Buffer, tables: &[ExportTable], styles: &Styles) {
        let number = |n: Option<u64>| n.map_or_else(CellText::null, |n| CellText::new(grouped(n)));
        let cell = |row: usize, column: usize| match column {
            0 => CellText::new(tables[row].name.as_str()),
            1 => number(tables[row].rows),
            2 => number(tables[row].columns),
            3 => tables[row]
                .bytes
                .map_or_else(CellText::null, |n| CellText::new(bytes_short(n))),
            _ => CellText::toned(tables[row].what.as_str(), Tone::Dim),
        };
        let written = tables.iter().any(|t| t.bytes.is_some());
        let columns = [
            Column::new("table").middle().width(10, 30),
            Column::new("rows").right().width(6, 14),
            Column::new("columns").right().width(7, 8),
            Column::new("size").right().width(6, 8),
            Column::new("holds").width(4, 60),
        ];
        let planned = [0, 1, 2, 4];
        let few: Vec<Column<'_>> = planned.iter().map(|i| columns[*i].clone()).collect();
        let without_size = |row: usize, column: usize| cell(row, planned[column]);
        let selected = self.tables.selected.min(tables.len().saturating_sub(1));
        let state = TableState {
            selected,
            ..self.tables.clone()
        };
        let focused = self.stage != Stage::Editing;
        let (columns, cell): (&[Column<'_>], &dyn Fn(usize, usize) -> CellText<'_>) = if written {
            (&columns, &cell)
        } else {
            (&few, &without_size)
        };
        Table {
            focused,
            ..Table::new(columns, tables.len(), cell)
        }
        .render(area, buf, &state, styles);
    }

    fn done(&self, rows: &mut Rows, buf: &mut Buffer, it: &Published, styles: &Styles) {
        if it.nothing_new {
            paragraph(
                rows,
                buf,
                "= Every object of this source is in a published batch already. Nothing was written.",
                styles.text,
                2,
            );
        } else {
            paragraph(rows, buf, &format!("✓ batch {}", it.batch), styles.good, 2);
        }
        paragraph(rows, buf, &format!("  {}", it.manifest), styles.accent, 2);
        rows.skip();
        for line in identity(&it.counters) {
            paragraph(rows, buf, &format!("  {line}"), styles.text, 2);
        }
        match it.counters.identity() {
            Ok(()) => paragraph(
                rows,
                buf,
                "  ✓ it adds up: nothing was lost",
                styles.good,
                1,
            ),
            Err(what) => paragraph(rows, buf, &format!("  ✗ {what}"), styles.bad, 3),
        }
        rows.skip();
        if !it.tables.is_empty() {
            self.table(rows.rest(2), buf, &it.tables, styles);
        }
    }
}

/// The identity in three lines.
pub fn identity(c: &Counters) -> [String; 3] {
    let n = grouped;
    [
        format!(
            "{} lines = {} headers + {} blank + {} unreadable + {} records",
            n(c.lines),
            n(c.header_lines),
            n(c.blank_lines),
            n(c.unreadable_lines),
            n(c.records)
        ),
        format!(
            "{} records = {} not events + {} events",
            n(c.records),
            n(c.not_events),
            n(c.events)
        ),
        format!(
            "{} events = {} good + {} failed + {} duplicates left out + {} filtered out",
            n(c.events),
            n(c.good),
            n(c.failed),
            n(c.duplicates),
            n(c.filtered)
        ),
    ]
}

fn running(rows: &mut Rows, buf: &mut Buffer, data: &ExportData<'_>, styles: &Styles) {
    let Some(row) = rows.next() else { return };
    let f = data.figures;
    let speed = data.lines_per_second.map_or(String::new(), |r| {
        format!("   {} lines", rate(r).trim_start())
    });
    let figures = if f.listing_done {
        format!(
            "{} of {} objects{speed}",
            grouped(f.objects_done),
            grouped(f.objects_listed)
        )
    } else {
        format!("{} objects found so far", grouped(f.objects_listed))
    };
    let gauge = Gauge {
        ratio: f.share(),
        label: "  writing".to_owned(),
        figures,
    };
    gauge.render(row, buf, styles);
    if let Some(row) = rows.next() {
        let read = format!(
            "  {} lines read, {} of objects",
            grouped(f.lines),
            bytes_short(f.bytes_done)
        );
        text::put_fit(buf, (row.x, row.y), row.width, &read, Cut::End, styles.dim);
    }
}

/// Rows handed out from the top.
struct Rows {
    area: Rect,
    used: u16,
}

impl Rows {
    fn next(&mut self) -> Option<Rect> {
        let row = Rect {
            y: self.area.y + self.used,
            height: 1,
            ..self.area
        };
        (self.used < self.area.height).then(|| {
            self.used += 1;
            row
        })
    }

    fn skip(&mut self) {
        self.used += 1;
    }

    /// What is left above the last `keep` rows.
    fn rest(&self, keep: u16) -> Rect {
        let used = self.used.min(self.area.height);
        Rect {
            y: self.area.y + used,
            height: (self.area.height - used).saturating_sub(keep),
            ..self.area
        }
    }
}

/// Writes a sentence in at most `most` rows, broken between words.
fn paragraph(
    rows: &mut Rows,
    buf: &mut Buffer,
    sentence: &str,
    style: ratatui::style::Style,
    most: usize,
) {
    let width = usize::from(rows.area.width);
    let pieces = text::wrap(&text::sanitize(sentence), width);
    let cut = pieces.len() > most;
    for (i, piece) in pieces.iter().take(most).enumerate() {
        let Some(row) = rows.next() else { return };
        let piece = if cut && i + 1 == most {
            format!("{piece}…")
        } else {
            piece.clone()
        };
        text::put_fit(buf, (row.x, row.y), row.width, &piece, Cut::End, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(
        width: u16,
        height: u16,
        screen: &Export,
        data: &ExportData<'_>,
    ) -> (Vec<String>, Option<Position>) {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = screen.render(buf.area, &mut buf, data, &Styles::dark());
        let row = |y| {
            (0..width)
                .map(|x| buf[(x, y)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        ((0..height).map(row).collect(), cursor)
    }

    fn tables() -> Vec<ExportTable> {
        let table = |name: &str, rows, columns, what: &str| ExportTable {
            name: name.into(),
            rows,
            columns,
            bytes: None,
            what: what.into(),
        };
        vec![
            table("checkout", Some(12_408), Some(14), "good events"),
            table("rejected", Some(1_204), None, "failed events"),
        ]
    }

    #[test]
    fn a_destination_is_asked_for_and_the_preview_says_what_it_will_hold() {
        let mut screen = Export::default();
        assert_eq!(screen.update(Action::Accept), None);
        let tables = tables();
        let data = ExportData {
            preview: &tables,
            ..ExportData::default()
        };
        assert!(draw(80, 20, &screen, &data).0[3].contains("^ a folder is needed"));
        screen.insert("./batch");
        screen.update(Action::Complete);
        screen.update(Action::Right);
        let (rows, cursor) = draw(80, 20, &screen, &data);
        assert_eq!(rows[2], "   to   ./batch");
        assert_eq!(rows[3], "   as   ○ Parquet   ● CSV   ○ JSON Lines");
        assert_eq!(
            rows[6],
            "   checkout    12,408       14  good events".replace("   checkout", " ▸ checkout")
        );
        assert_eq!(cursor, None);
        let start = ExportRequest::Start {
            destination: "./batch".into(),
            format: Format::Csv,
        };
        assert_eq!(screen.update(Action::Accept), Some(start));
    }

    #[test]
    fn the_end_shows_the_identity_and_where_the_batch_is() {
        let counters = Counters {
            lines: 11,
            header_lines: 1,
            records: 10,
            not_events: 4,
            events: 6,
            good: 5,
            failed: 1,
            ..Counters::default()
        };
        let mut screen = Export::default();
        screen.set_stage(Stage::Done(Box::new(Published {
            batch: "3f2a".into(),
            manifest: "./batch/batches/3f2a/manifest.json".into(),
            tables: tables(),
            counters,
            nothing_new: false,
        })));
        let text = draw(90, 24, &screen, &ExportData::default()).0.join("\n");
        for wanted in [
            "✓ batch 3f2a",
            "batches/3f2a/manifest.json",
            "11 lines = 1 headers + 0 blank + 0 unreadable + 10 records",
            "✓ it adds up",
            "12,408",
        ] {
            assert!(text.contains(wanted), "{wanted} in\n{text}");
        }
        assert_eq!(screen.update(Action::Close), Some(ExportRequest::Close));
        assert_eq!(screen.stage(), &Stage::Editing);
    }

    #[test]
    fn every_stage_fits_any_size() {
        let counters = Counters {
            lines: 3,
            ..Counters::default()
        };
        let stages = [
            Stage::Editing,
            Stage::Running,
            Stage::Done(Box::new(Published {
                nothing_new: true,
                counters,
                ..Published::default()
            })),
            Stage::Failed("cannot write /x: permission denied (check the permissions)".into()),
        ];
        let tables = tables();
        for stage in stages {
            let mut screen = Export::default();
            screen.refuse("no".into());
            screen.set_stage(stage);
            for width in (0..100).step_by(7) {
                for height in 0..14 {
                    draw(
                        width,
                        height,
                        &screen,
                        &ExportData {
                            preview: &tables,
                            still_reading: true,
                            ..ExportData::default()
                        },
                    );
                }
            }
        }
    }
}
