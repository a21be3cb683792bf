//! How the export dialog is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Export, ExportData, ExportTable, FORMATS, Field, Published, Stage};
use crate::model::Counters;
use crate::tui::theme::Styles;
use crate::tui::widget::bar::Gauge;
use crate::tui::widget::number::{bytes_short, grouped, rate};
use crate::tui::widget::overlay::render_hints;
use crate::tui::widget::prompt::Prompt;
use crate::tui::widget::table::{CellText, Column, Table, Tone};
use crate::tui::widget::text::{self, Cut};

impl Export {
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
        let mut y = data.preview.len() as u16 + 2;
        let mut note = |sentence: &str, style: Style| {
            if y < area.height {
                let at = (area.x + 2, area.y + y);
                text::put_fit(
                    buf,
                    at,
                    area.width.saturating_sub(2),
                    sentence,
                    Cut::End,
                    style,
                );
                y += 1;
            }
        };
        if data.filtered {
            // A batch of a part could never add up to its objects, so it would be read again whole later.
            note(
                "The filters hide rows here only: the batch holds all of them.",
                styles.warn,
            );
        }
        if data.still_reading {
            note(
                "Rows are still arriving; the export reads all of the source.",
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
        let columns = [
            Column::new("table").middle().width(10, 30),
            Column::new("rows").right().width(6, 14),
            Column::new("columns").right().width(7, 8),
            Column::new("size").right().width(6, 8),
            Column::new("holds").width(4, 60),
        ];
        // Sizes are known once something was written, columns before it.
        let known = |column: usize| match column {
            2 => tables.iter().any(|t| t.columns.is_some()),
            3 => tables.iter().any(|t| t.bytes.is_some()),
            _ => true,
        };
        let shown: Vec<usize> = (0..columns.len()).filter(|column| known(*column)).collect();
        let columns: Vec<Column<'_>> = shown.iter().map(|i| columns[*i].clone()).collect();
        let cell = |row: usize, column: usize| cell(row, shown[column]);
        let selected = self.tables.selected.min(tables.len().saturating_sub(1));
        let mut state = self.tables.clone();
        state.selected = selected;
        let table = Table {
            row_cursor: self.stage != Stage::Editing,
            ..Table::new(&columns, tables.len(), &cell)
        };
        table.render(area, buf, &state, styles);
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
            "{} events = {} good + {} failed + {} duplicates + {} filtered out",
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
fn paragraph(rows: &mut Rows, buf: &mut Buffer, sentence: &str, style: Style, most: usize) {
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
