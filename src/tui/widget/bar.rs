//! Horizontal bars: a share of a whole, and a gauge with its figures.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Styles;
use crate::tui::widget::text;

const PARTS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar of `width` cells filled to `ratio` (0 to 1), to an eighth of a cell; something is never drawn as nothing.
pub fn bar(ratio: f64, width: usize) -> String {
    let ratio = if ratio.is_finite() {
        ratio.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let eighths = ((ratio * width as f64 * 8.0).round() as usize)
        .max(usize::from(ratio > 0.0))
        .min(width * 8);
    let mut out = "█".repeat(eighths / 8);
    if eighths % 8 > 0 {
        out.push(PARTS[eighths % 8]);
    }
    out
}

/// Draws `part` of `whole` as a bar in the first row of `area`; the rest of the row stays as it is.
pub fn render_share(area: Rect, buf: &mut Buffer, part: u64, whole: u64, style: Style) {
    if area.is_empty() || whole == 0 {
        return;
    }
    text::put(
        buf,
        (area.x, area.y),
        area.width,
        &bar(part as f64 / whole as f64, usize::from(area.width)),
        style,
    );
}

/// How far something is.
#[derive(Debug, Clone, Default)]
pub struct Gauge {
    /// 0 to 1; `None` while the whole is not yet known.
    pub ratio: Option<f64>,
    /// Left of the bar: `reading`.
    pub label: String,
    /// Right of the bar: `1,204 / 12,408 objects`.
    pub figures: String,
}

impl Gauge {
    /// Draws label, bar and figures in one row; the bar gives way first where there is no room.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        if area.is_empty() {
            return;
        }
        let mut x = text::put_fit(
            buf,
            (area.x, area.y),
            area.width,
            &self.label,
            text::Cut::End,
            styles.text,
        );
        x += u16::from(x > area.x && x < area.right());
        let percent = self.ratio.map_or_else(
            || "  …%".to_owned(),
            |r| format!("{:>3.0}%", (r.clamp(0.0, 1.0) * 100.0).floor()),
        );
        let right = format!(" {percent}  {}", self.figures);
        let rest = Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        };
        let track = rest.width.saturating_sub(text::width(&right) as u16);
        if track >= 4 {
            text::put(
                buf,
                (x, area.y),
                track,
                &"─".repeat(usize::from(track)),
                styles.faint,
            );
            text::put(
                buf,
                (x, area.y),
                track,
                &bar(self.ratio.unwrap_or(0.0), usize::from(track)),
                styles.accent,
            );
        }
        text::put_right(buf, rest, right.trim_end(), styles.dim);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(0.53, 4), "██▏");
        assert_eq!(bar(0.000_001, 4), "▏");
        assert_eq!(bar(f64::NAN, 4), "");
        assert_eq!(bar(7.0, 2), "██");
    }
}
