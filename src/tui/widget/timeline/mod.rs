//! The timeline: good events over failed ones, a bar a bucket, in two rows of any width.
//!
//! ```text
//!  14:00  ▂▂▃▃▅▅▇█▇▅▃▂▂▂▃▃▅▅▇▇▅▃▂  14:20     ok     max 1,204
//!  11-23  ········▁▁▃█▇▂·········  2m/bar    failed max 9
//! ```
//! Each row has its own height, which is why it says its `max`. Bars are windows as long as fits, or as long as asked for; then
//! those around the selected row are shown, and `‹` `›` say that there are more. The lower row can show the share of failed
//! events instead. A third row, where there is one, is the axis with the selected range.

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::frame::timeline::Bucket;
use crate::tui::theme::Styles;
use crate::tui::widget::spark::block;
use crate::tui::widget::text;

/// Steps that a clock reader can follow, in seconds: each range of steps goes up by the finest unit that still reads
/// well there, so that the chart fills its width.
fn steps() -> impl Iterator<Item = i64> {
    let ranges = [
        (1, 10, 1),
        (10, 60, 5),
        (60, 600, 30),
        (600, 3600, 300),
        (3600, 43_200, 1800),
    ];
    let within = ranges
        .into_iter()
        .flat_map(|(from, to, by)| (from..to).step_by(by));
    within.chain((1..200_000).map(|half_days| half_days * 43_200))
}

/// Which second stands in which cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// First second of the first bucket; a multiple of `step`, so that bars stand still while rows arrive.
    pub start: i64,
    /// Seconds a bucket.
    pub step: i64,
    /// Buckets.
    pub count: usize,
    /// Cells a bucket.
    pub cells: u16,
}

impl Scale {
    /// The finest scale that shows the seconds `first..=last` in `width` cells.
    pub fn fit((first, last): (i64, i64), width: u16) -> Self {
        let width = i64::from(width.max(1));
        let buckets = |step: i64| last.max(first).div_euclid(step) - first.div_euclid(step) + 1;
        let step = steps()
            .find(|step| buckets(*step) <= width)
            .unwrap_or(i64::from(u32::MAX));
        let count = buckets(step).clamp(1, width);
        Self {
            start: first.div_euclid(step) * step,
            step,
            count: count as usize,
            cells: (width / count) as u16,
        }
    }

    /// The windows of a length that fit into `width` cells: those that were shown, as long as the cursor is in one of
    /// them, else those around it; the newest where neither says.
    pub fn windows((first, last): (i64, i64), width: u16, asked: &Windows) -> Self {
        let (width, step) = (i64::from(width.max(1)), asked.seconds.max(1));
        let (oldest, end) = (first.div_euclid(step), last.max(first).div_euclid(step) + 1);
        let count = (end - oldest).clamp(1, width);
        let newest = end - count;
        let shown = asked
            .shown_from
            .map_or(newest, |second| second.div_euclid(step));
        let mut start = shown.clamp(oldest, newest);
        if let Some(cursor) = asked.cursor.map(|second| second.div_euclid(step))
            && !(start..start + count).contains(&cursor)
        {
            start = (cursor - count / 2).clamp(oldest, newest);
        }
        Self {
            start: start * step,
            step,
            count: count as usize,
            cells: (width / count) as u16,
        }
    }

    /// The scale of a chart drawn in `area` by [`Chart::render`]: ask the frame for its buckets. Without windows of a
    /// length the bars are as fine as fits.
    pub fn for_area(span: (i64, i64), area: Rect, windows: Option<&Windows>) -> Self {
        let (left, right) = margins(area.width);
        let width = area.width.saturating_sub(left + right);
        match windows {
            Some(asked) => Self::windows(span, width, asked),
            None => Self::fit(span, width),
        }
    }

    /// The first second after the last bucket.
    pub fn end(&self) -> i64 {
        self.start + self.step * self.count as i64
    }

    /// The bucket that a second falls into.
    pub fn bucket_of(&self, second: i64) -> Option<usize> {
        (self.start..self.end())
            .contains(&second)
            .then(|| ((second - self.start) / self.step) as usize)
    }

    /// The bucket at a column of the screen, for a chart drawn in `area`.
    pub fn bucket_at(&self, x: u16, area: Rect) -> Option<usize> {
        let cell = x.checked_sub(area.x + margins(area.width).0)?;
        let bucket = usize::from(cell / self.cells.max(1));
        (bucket < self.count).then_some(bucket)
    }
}

/// Bars of a length, of which perhaps not all fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Length of a bar.
    pub seconds: i64,
    /// The first second that was shown before.
    pub shown_from: Option<i64>,
    /// The second that must be shown.
    pub cursor: Option<i64>,
}

/// Cells left and right of the bars.
fn margins(width: u16) -> (u16, u16) {
    match width {
        0..24 => (0, 0),
        24..60 => (10, 10),
        60..90 => (10, 18),
        _ => (10, 29),
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// Which second stands where: [`Scale::for_area`].
    pub scale: Scale,
    /// One a bucket of the scale.
    pub buckets: &'a [Bucket],
    /// There are bars before those shown, and behind them.
    pub more: (bool, bool),
    /// The lower row is the share of failed events, not their number.
    pub rate: bool,
    /// The selected range of seconds, both inclusive.
    pub selection: Option<(i64, i64)>,
    /// The second of the selected row.
    pub cursor: Option<i64>,
}

impl Chart<'_> {
    /// Draws bars, labels and selection into the first two or three rows of `area`.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (left, right) = margins(area.width);
        let bars = Rect {
            x: area.x + left,
            width: area.width - left - right,
            ..area
        };
        let max = |of: &dyn Fn(&Bucket) -> u32| self.buckets.iter().map(of).max().unwrap_or(0);
        let (good, failed) = (max(&|b| b.good), max(&|b| self.lower(b)));
        for (i, bucket) in self.buckets.iter().enumerate().take(self.scale.count) {
            self.column(bars, buf, (i, bucket), (good, failed), styles);
        }
        if left > 0 {
            self.left_labels(
                Rect {
                    width: left,
                    ..area
                },
                buf,
                styles,
            );
            self.right_labels(
                Rect {
                    x: bars.right(),
                    width: right,
                    ..area
                },
                buf,
                (good, failed),
                styles,
            );
        }
        if left > 0 {
            let ends = [
                (self.more.0, bars.x - 1, "‹"),
                (self.more.1, bars.right(), "›"),
            ];
            for (_, x, sign) in ends.into_iter().filter(|(is_more, ..)| *is_more) {
                text::put(buf, (x, area.y), 1, sign, styles.accent);
            }
        }
        if area.height > 2 {
            self.axis(
                Rect {
                    y: area.y + 2,
                    height: 1,
                    ..bars
                },
                buf,
                styles,
            );
        }
    }

    /// What the lower row shows: failed events, or their share in thousandths.
    fn lower(&self, bucket: &Bucket) -> u32 {
        if !self.rate {
            return bucket.failed;
        }
        let (failed, all) = (
            u64::from(bucket.failed),
            u64::from(bucket.good) + u64::from(bucket.failed),
        );
        (failed * 1000).div_ceil(all.max(1)) as u32
    }

    fn column(
        &self,
        bars: Rect,
        buf: &mut Buffer,
        (i, bucket): (usize, &Bucket),
        (good, failed): (u32, u32),
        styles: &Styles,
    ) {
        let (x, cells) = (
            bars.x + i as u16 * self.scale.cells,
            self.scale.cells.min(bars.width),
        );
        let rows = [
            (block(bucket.good, good), styles.good, bucket.good),
            (block(self.lower(bucket), failed), styles.bad, bucket.failed),
        ];
        for (y, (bar, style, value)) in (bars.y..bars.bottom()).zip(rows) {
            let (bar, style) = if value == 0 {
                ('·', styles.faint)
            } else {
                (bar, style)
            };
            let run: String = std::iter::repeat_n(bar, usize::from(cells)).collect();
            text::put(
                buf,
                (x, y),
                cells.min(bars.right().saturating_sub(x)),
                &run,
                style,
            );
            let second = self.scale.start + i as i64 * self.scale.step;
            let place = Rect {
                x,
                y,
                width: cells,
                height: 1,
            }
            .intersection(bars);
            if self
                .selection
                .is_some_and(|(from, to)| second + self.scale.step > from && second <= to)
            {
                buf.set_style(place, styles.selected);
            }
            if self
                .cursor
                .is_some_and(|at| self.scale.bucket_of(at) == Some(i))
            {
                buf.set_style(place, Style::new().add_modifier(Modifier::REVERSED));
            }
        }
    }

    fn left_labels(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let Some(start) = instant(self.scale.start) else {
            return;
        };
        text::put(
            buf,
            (area.x + 1, area.y),
            area.width - 1,
            &self.clock(start),
            styles.dim,
        );
        if area.height > 1 {
            text::put(
                buf,
                (area.x + 1, area.y + 1),
                area.width - 1,
                &start.format("%m-%d").to_string(),
                styles.faint,
            );
        }
    }

    fn right_labels(
        &self,
        area: Rect,
        buf: &mut Buffer,
        (good, failed): (u32, u32),
        styles: &Styles,
    ) {
        let Some(end) = instant(self.scale.end()) else {
            return;
        };
        let step = format!("{}/bar", step_label(self.scale.step));
        let rows = [
            (self.clock(end), "ok", good, styles.good),
            (
                step,
                if self.rate { "fail %" } else { "failed" },
                failed,
                styles.bad,
            ),
        ];
        for (y, (label, name, max, style)) in (area.y..area.bottom()).zip(rows) {
            text::put(
                buf,
                (area.x + 1, y),
                area.width - 1,
                &label,
                if y == area.y {
                    styles.dim
                } else {
                    styles.faint
                },
            );
            if area.width >= 18 {
                text::put(buf, (area.x + 11, y), 6, name, style);
            }
            if area.width >= 29 && max > 0 {
                let max = if self.rate && y > area.y {
                    format!(" max {}.{} %", max / 10, max % 10)
                } else {
                    format!(" max {}", text::grouped(u64::from(max)))
                };
                text::put(buf, (area.x + 17, y), area.width - 17, &max, styles.faint);
            }
        }
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        at.format(if self.scale.step % 60 == 0 {
            "%H:%M"
        } else {
            "%H:%M:%S"
        })
        .to_string()
    }

    fn axis(&self, bars: Rect, buf: &mut Buffer, styles: &Styles) {
        let every = (20 / self.scale.cells.max(1)).max(1) as usize;
        for i in (0..self.scale.count).step_by(every) {
            let x = bars.x + i as u16 * self.scale.cells;
            if let Some(at) = instant(self.scale.start + i as i64 * self.scale.step) {
                let label = format!("╵{}", self.clock(at));
                if usize::from(bars.right() - x) >= label.len() {
                    text::put(buf, (x, bars.y), 10, &label, styles.faint);
                }
            }
        }
        let Some((from, to)) = self.selection else {
            return;
        };
        let cell = |second: i64| {
            bars.x
                + (((second - self.scale.start).clamp(0, self.scale.end() - self.scale.start - 1)
                    / self.scale.step) as u16)
                    * self.scale.cells
        };
        let (a, b) = (
            cell(from),
            (cell(to) + self.scale.cells.max(1) - 1).min(bars.right() - 1),
        );
        let width = b.saturating_sub(a) + 1;
        let mark = if width < 2 {
            "┴".to_owned()
        } else {
            format!("├{}┤", "─".repeat(usize::from(width - 2)))
        };
        text::put(buf, (a, bars.y), width, &mark, styles.accent);
    }
}

fn instant(second: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(second, 0)
}

/// `30s`, `2m30s`, `6h`, `2d`.
pub fn step_label(step: i64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut rest = step;
    let mut label = String::new();
    for (seconds, unit) in units {
        if rest >= seconds {
            label.push_str(&(rest / seconds).to_string());
            label.push_str(unit);
            rest %= seconds;
        }
    }
    label
}

#[cfg(test)]
mod tests;
