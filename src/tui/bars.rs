//! The bars of the timeline, kept between frames: of the rows that are shown, as long as chosen, around the selected row.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frame::timeline::Bucket;
use crate::frame::{Snapshot, View, ViewSpec};
use crate::tui::theme::Styles;
use crate::tui::widget::timeline::{Chart, Scale, Windows, step_label};

/// Lengths of a bar that can be chosen, in seconds.
const LENGTHS: [i64; 12] = [
    1, 10, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400,
];

/// The timeline's buckets.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    made_for: Option<MadeFor>,
    /// Length of a bar in seconds; as fits where it is `None`.
    pub window: Option<i64>,
    /// The share of failed events is shown, not their number.
    pub rate: bool,
    span: (i64, i64),
    /// Length of a bar as fits.
    fit: i64,
    scale: Option<Scale>,
    counts: Vec<Bucket>,
}

/// What counts depend on.
#[derive(Debug, Clone, PartialEq)]
struct MadeFor {
    revisions: (u64, u64),
    spec: Arc<ViewSpec>,
    span: (i64, i64),
    scale: Scale,
}

impl Buckets {
    /// Brings them up to a snapshot, to the rows of it that are shown, and to an area, if they are not.
    pub fn prepare(&mut self, snapshot: &Snapshot, view: &View, cursor: Option<i64>, area: Rect) {
        if area.is_empty() {
            (self.scale, self.made_for) = (None, None);
            return;
        }
        // The axis is that of all records: a filter takes bars away and does not stretch the others.
        let Some(span) = snapshot.timeline.span() else {
            (self.scale, self.made_for) = (None, None);
            return;
        };
        let windows = self.window.map(|seconds| Windows {
            seconds,
            shown_from: self
                .scale
                .filter(|scale| scale.step == seconds)
                .map(|scale| scale.start),
            cursor,
        });
        let scale = Scale::for_area(span, area, windows.as_ref());
        (self.span, self.scale) = (span, Some(scale));
        self.fit = Scale::for_area(span, area, None).step;
        let made_for = MadeFor {
            revisions: (snapshot.revision, view.revision),
            spec: view.spec.clone(),
            span,
            scale,
        };
        if self.made_for.as_ref() == Some(&made_for) {
            return;
        }
        let timeline = if view.spec.shows_all_events() {
            &snapshot.timeline
        } else {
            &view.timeline
        };
        self.counts = timeline.buckets(scale.start, scale.step, scale.count);
        self.made_for = Some(made_for);
    }

    /// The next length of a bar: longer than what fits, then shorter, the next one first; at last as fits again. Gives
    /// what it is now, in words.
    pub fn next_window(&mut self) -> String {
        let long = self.span.1 - self.span.0;
        let longer = LENGTHS.iter().filter(|s| **s > self.fit && **s <= long);
        let shorter = LENGTHS.iter().rev().filter(|s| **s < self.fit);
        let mut lengths = longer.chain(shorter).copied();
        self.window = match self.window {
            None => lengths.next(),
            Some(now) => lengths.skip_while(|s| *s != now).nth(1),
        };
        match self.window {
            Some(seconds) => format!("windows of {}", step_label(seconds)),
            None => "windows as fine as fits".to_owned(),
        }
    }

    /// Whether there are bars on the screen.
    pub fn are_shown(&self) -> bool {
        self.scale.is_some()
    }

    /// The first second of the bar that a second is in, and the first one behind it; `None` before there is a bar.
    pub fn bar_of(&self, second: i64) -> Option<(i64, i64)> {
        let step = self.scale?.step;
        let start = second.div_euclid(step) * step;
        Some((start, start + step))
    }

    /// Draws the timeline with the selected row's second in it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, cursor: Option<i64>, styles: &Styles) {
        if let Some(scale) = self.scale {
            Chart {
                scale,
                buckets: &self.counts,
                more: (scale.start > self.span.0, scale.end() <= self.span.1),
                rate: self.rate,
                selection: None,
                cursor,
            }
            .render(area, buf, styles);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_go_up_from_what_fits_then_down_and_come_back() {
        let all = |fit, hours: i64| {
            let mut buckets = Buckets {
                fit,
                span: (0, hours * 3_600),
                ..Buckets::default()
            };
            let mut lengths = Vec::new();
            while buckets.next_window() != "windows as fine as fits" {
                lengths.push(buckets.window.unwrap());
            }
            lengths
        };
        assert_eq!(all(120, 3), [300, 900, 1_800, 3_600, 10_800, 60, 30, 10, 1]);
        assert_eq!(all(1, 0), [0; 0]);
        let day = all(1_800, 24);
        assert_eq!((day[0], day[4], day[5]), (3_600, 86_400, 900));
    }
}
