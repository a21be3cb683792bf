//! Schemas: what each event type declares beside what its events really hold.
//!
//! ```text
//!  17 event types                         │ checkout 1-0-2   12,408 events   ✗ 1,204 failed  9.7%
//!    event       schema     rows  failing │   property  declared     seen  failing  drift       distinct  values
//!  ▸✗ checkout   1-0-2    12,408     9.7% │ ▸✗ value*   number ≥ 0   100%     9.7%  fails          1,020  9.90 ×412, …
//!    page_view   1-0-0   980,020       0% │  ✗ sku*     text        97.1%     2.9%  missing          311  4711 ×90, …
//!    heartbeat   none         12       0% │  ! coupon   ·           12.0%        ·  undeclared         9  "BLACK" ×7
//!                                         │ ───────────────────────────────────────────────────────────────
//!                                         │   value  number ≥ 0, required
//!                                         │   seen in 12,408 of 12,408 · fails in 1,204 · 1,020 values, 0.5 … 980
//!                                         │   9.90     412   3.3%  █▏
//! ```
//! `*` is a required property.
//! Under 100 columns the types stand above their properties.

mod cells;
mod foot;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::cells::{Drift, drift, property_cell, property_mark, type_cell};
use self::foot::{FOOT_ROWS, render_foot};
use crate::frame::observed::ObservedType;
use crate::tui::action::Action;
use crate::tui::theme::Styles;
use crate::tui::widget::number::{grouped, percent};
use crate::tui::widget::overlay::render_blank;
use crate::tui::widget::table::{Column, Mark, PaintedTable, RowMark, Table, TableState};
use crate::tui::widget::text::{self, Cut};

/// The side with the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Types,
    Properties,
}

/// Cursors of the screen.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    pane: Pane,
    types: TableState,
    properties: TableState,
}

/// What is known.
#[derive(Debug, Clone, Copy)]
pub struct SchemasData<'a> {
    /// Event types as they were last looked at; `None` before the first look is done.
    pub observed: Option<&'a [ObservedType]>,
    /// A newer look is under way.
    pub looking: bool,
    /// There are event schemas at all.
    pub has_schemas: bool,
}

/// What a key asks of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemasRequest {
    /// Show the events of a type: name and version.
    Events(String, String),
    /// Show the events of a type that have (or lack) something in a property.
    Property {
        /// Event name.
        event: String,
        /// The property.
        property: String,
    },
}

/// What was drawn.
#[derive(Debug, Clone, Default)]
pub struct PaintedSchemas {
    types: PaintedTable,
    properties: PaintedTable,
}

impl Schemas {
    /// Acts on a key; `types` as last drawn.
    pub fn update(&mut self, action: Action, types: &[ObservedType]) -> Option<SchemasRequest> {
        let properties = types
            .get(self.types.selected)
            .map_or(0, |t| t.properties.len());
        let (state, rows) = match self.pane {
            Pane::Types => (&mut self.types, types.len()),
            Pane::Properties => (&mut self.properties, properties),
        };
        let before = (self.pane == Pane::Types).then_some(state.selected);
        match action {
            Action::Up | Action::Earlier => state.move_by(-1, rows),
            Action::Down | Action::Later => state.move_by(1, rows),
            Action::HalfPageUp => state.half_page(-1, rows),
            Action::HalfPageDown => state.half_page(1, rows),
            Action::PageUp => state.page(-1, rows),
            Action::PageDown => state.page(1, rows),
            Action::Top => state.first(),
            Action::Bottom => state.last(rows),
            Action::NextFailure => self.seek(1, types),
            Action::PreviousFailure => self.seek(-1, types),
            Action::Focus => {
                self.pane = if self.pane == Pane::Types {
                    Pane::Properties
                } else {
                    Pane::Types
                }
            }
            Action::Right => self.pane = Pane::Properties,
            Action::Left => self.pane = Pane::Types,
            Action::Open => return self.open(types),
            _ => {}
        }
        if before.is_some_and(|row| row != self.types.selected) {
            let height = self.properties.height;
            self.properties = TableState::default();
            self.properties.height = height;
        }
        None
    }

    /// To the next (1) or previous (-1) row with a failure.
    fn seek(&mut self, step: isize, types: &[ObservedType]) {
        let failing: Vec<bool> = match self.pane {
            Pane::Types => types.iter().map(|t| t.failed > 0).collect(),
            Pane::Properties => types
                .get(self.types.selected)
                .map(|t| t.properties.iter().map(|p| p.failing > 0).collect())
                .unwrap_or_default(),
        };
        let state = if self.pane == Pane::Types {
            &mut self.types
        } else {
            &mut self.properties
        };
        let mut at = state.selected.checked_add_signed(step);
        while let Some(row) = at.filter(|row| *row < failing.len()) {
            if failing[row] {
                state.selected = row;
                return;
            }
            at = row.checked_add_signed(step);
        }
    }

    fn open(&self, types: &[ObservedType]) -> Option<SchemasRequest> {
        let it = types.get(self.types.selected)?;
        let event = it.event_type.name.to_string();
        match self.pane {
            Pane::Types => Some(SchemasRequest::Events(
                event,
                it.event_type.version.to_string(),
            )),
            Pane::Properties => {
                let property = it
                    .properties
                    .get(self.properties.selected)?
                    .name
                    .to_string();
                Some(SchemasRequest::Property { event, property })
            }
        }
    }

    /// The value under the cursor, for copying: an event name or a property.
    pub fn selected_text(&self, types: &[ObservedType]) -> Option<String> {
        match self.open(types)? {
            SchemasRequest::Events(event, _) => Some(event),
            SchemasRequest::Property { property, .. } => Some(property),
        }
    }

    /// Where the cursor is, for the footer: `row 3/17`.
    pub fn position(&self, types: &[ObservedType]) -> (usize, usize) {
        match self.pane {
            Pane::Types => (self.types.selected, types.len()),
            Pane::Properties => (
                self.properties.selected,
                types
                    .get(self.types.selected)
                    .map_or(0, |t| t.properties.len()),
            ),
        }
    }

    /// Takes over what was drawn.
    pub fn keep(&mut self, painted: &PaintedSchemas) {
        self.types.keep(&painted.types);
        self.properties.keep(&painted.properties);
    }

    /// Draws both panes, or why there is nothing to draw.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        data: &SchemasData<'_>,
        styles: &Styles,
    ) -> PaintedSchemas {
        let area = area.intersection(buf.area);
        let Some(types) = data.observed else {
            render_blank(
                area,
                buf,
                "Looking at the properties of all events…",
                &[],
                styles,
            );
            return PaintedSchemas::default();
        };
        if types.is_empty() {
            let why = "No event has been read yet.\nA record is an event when frontlog.toml's [match] selects it.";
            render_blank(
                area,
                buf,
                why,
                &[("A", "all records"), ("7", "sources")],
                styles,
            );
            return PaintedSchemas::default();
        }
        let (left, right) = panes(area, buf, types.len(), styles);
        let selected = self.types.selected.min(types.len() - 1);
        PaintedSchemas {
            types: self.type_list(left, buf, (types, data), styles),
            properties: self.property_table(right, buf, &types[selected], styles),
        }
    }

    fn type_list(
        &self,
        area: Rect,
        buf: &mut Buffer,
        (types, data): (&[ObservedType], &SchemasData<'_>),
        styles: &Styles,
    ) -> PaintedTable {
        let many = if types.len() == 1 {
            "1 event type".to_owned()
        } else {
            format!("{} event types", grouped(types.len() as u64))
        };
        let note = match (data.looking, data.has_schemas) {
            (true, _) => "  looking again…",
            (false, false) => "  no event schemas: all as text",
            _ => "",
        };
        let x = text::put_fit(
            buf,
            (area.x + 1, area.y),
            area.width.saturating_sub(1),
            &many,
            Cut::End,
            styles.strong,
        );
        text::put_fit(
            buf,
            (x, area.y),
            area.right().saturating_sub(x),
            note,
            Cut::End,
            styles.faint,
        );
        let columns = [
            Column::new("event").middle().width(8, 28),
            Column::new("schema").width(6, 12),
            Column::new("rows").right().width(6, 13),
            Column::new("failing").right().width(7, 7),
        ];
        let cell = |row: usize, column: usize| type_cell(&types[row], column);
        let mark = |row: usize| RowMark {
            mark: if types[row].failed > 0 {
                Mark::Failed
            } else {
                Mark::None
            },
            chosen: false,
        };
        let focused = self.pane == Pane::Types;
        let table = Table {
            focused,
            mark: Some(&mark),
            ..Table::new(&columns, types.len(), &cell)
        };
        table.render(below_title(area), buf, &self.types, styles)
    }

    fn property_table(
        &self,
        area: Rect,
        buf: &mut Buffer,
        it: &ObservedType,
        styles: &Styles,
    ) -> PaintedTable {
        property_title(area, buf, it, styles);
        if it.properties.is_empty() {
            render_blank(
                below_title(area),
                buf,
                "These events have no properties beside their name.",
                &[],
                styles,
            );
            return PaintedTable::default();
        }
        let columns = [
            Column::new("property").middle().width(8, 28),
            Column::new("declared").width(8, 24),
            Column::new("seen").right().width(6, 6),
            Column::new("failing").right().width(7, 7),
            Column::new("drift").width(5, 12),
            Column::new("distinct").right().width(8, 9),
            Column::new("values").width(8, 60),
        ];
        let cell = |row: usize, column: usize| property_cell(&it.properties[row], column);
        let mark = |row: usize| RowMark {
            mark: property_mark(&it.properties[row]),
            chosen: false,
        };
        let focused = self.pane == Pane::Properties;
        let table = Table {
            focused,
            mark: Some(&mark),
            ..Table::new(&columns, it.properties.len(), &cell)
        };
        let (body, foot) = with_foot(below_title(area));
        let selected = self.properties.selected.min(it.properties.len() - 1);
        render_foot(foot, buf, &it.properties[selected], styles);
        table.render(body, buf, &self.properties, styles)
    }
}

/// Room for the foot where the table keeps enough of it.
fn with_foot(area: Rect) -> (Rect, Rect) {
    let foot = if area.height >= 16 { FOOT_ROWS } else { 0 };
    let body = Rect {
        height: area.height - foot,
        ..area
    };
    let foot = Rect {
        y: body.bottom(),
        height: foot,
        ..area
    };
    (body, foot)
}

/// The two panes, with the rule between them drawn.
fn panes(area: Rect, buf: &mut Buffer, types: usize, styles: &Styles) -> (Rect, Rect) {
    if area.width >= 100 {
        let left = Rect {
            width: (area.width * 2 / 5).min(46),
            ..area
        };
        for y in area.top()..area.bottom() {
            text::put(buf, (left.right(), y), 1, "│", styles.rule);
        }
        return (
            left,
            Rect {
                x: left.right() + 1,
                width: area.width - left.width - 1,
                ..area
            },
        );
    }
    let top = Rect {
        height: (types as u16 + 2)
            .min(area.height * 2 / 5)
            .max(3)
            .min(area.height),
        ..area
    };
    let rest = Rect {
        y: top.bottom(),
        height: area.height - top.height,
        ..area
    };
    if rest.height > 0 {
        text::put(
            buf,
            (rest.x, rest.y),
            rest.width,
            &"─".repeat(usize::from(rest.width)),
            styles.rule,
        );
    }
    (
        top,
        Rect {
            y: rest.y + rest.height.min(1),
            height: rest.height.saturating_sub(1),
            ..rest
        },
    )
}

fn below_title(area: Rect) -> Rect {
    Rect {
        y: area.y + area.height.min(1),
        height: area.height.saturating_sub(1),
        ..area
    }
}

fn property_title(area: Rect, buf: &mut Buffer, it: &ObservedType, styles: &Styles) {
    if area.is_empty() {
        return;
    }
    let schema = if it.event_type.declared {
        it.event_type.version.to_string()
    } else {
        "no schema".to_owned()
    };
    let name = if it.event_type.name.is_empty() {
        "(no name)"
    } else {
        &it.event_type.name
    };
    let drifts = it
        .properties
        .iter()
        .filter(|p| matches!(drift(p), Drift::Undeclared | Drift::Unseen))
        .count();
    let failed = if it.failed == 0 {
        "none failed".to_owned()
    } else {
        format!(
            "✗ {} failed {}",
            grouped(it.failed),
            percent(it.failed, it.rows).trim_start()
        )
    };
    let failed_style = if it.failed == 0 {
        styles.good
    } else {
        styles.bad
    };
    let drifted = if it.event_type.declared && drifts > 0 {
        format!("± {drifts} drifted")
    } else {
        String::new()
    };
    let mut x = area.x + 1;
    for (piece, style) in [
        (name.to_owned(), styles.strong),
        (schema, styles.dim),
        (format!("  {} events", grouped(it.rows)), styles.dim),
        (format!("  {failed}"), failed_style),
        (format!("  {drifted}"), styles.warn),
    ] {
        x = text::put_fit(
            buf,
            (x, area.y),
            area.right().saturating_sub(x),
            &piece,
            Cut::Middle,
            style,
        ) + 1;
    }
}

#[cfg(test)]
mod tests;
