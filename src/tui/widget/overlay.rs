//! Overlays: the only place with borders.
//!
//! ```text
//! ╭ Help ──────────────────── 42 keys ╮
//! │                                   │
//! ╰─────────────────── Esc close ─────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// Where an overlay stands; sizes are with its border, and it shrinks to what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the middle, a little above the centre.
    Centre {
        /// Cells wide.
        width: u16,
        /// Rows high.
        height: u16,
    },
    /// Along the bottom, over the whole width.
    Bottom {
        /// Rows high.
        height: u16,
    },
    /// With its lower left corner at a cell: completions above a prompt.
    Above {
        /// Column of its left edge.
        x: u16,
        /// Row below its lower edge.
        y: u16,
        /// Cells wide.
        width: u16,
        /// Rows high.
        height: u16,
    },
}

/// A window over the screen.
#[derive(Debug, Clone, Default)]
pub struct Overlay<'a> {
    /// In its upper border, left.
    pub title: &'a str,
    /// In its upper border, right: how many and where.
    pub count: &'a str,
    /// In its lower border, right: keys and what they do.
    pub hints: &'a [(&'a str, &'a str)],
}

impl Place {
    /// The rectangle within `area`.
    pub fn within(self, area: Rect) -> Rect {
        let (x, y, width, height) = match self {
            Self::Centre { width, height } => {
                let (w, h) = (width.min(area.width), height.min(area.height));
                (
                    area.x + (area.width - w) / 2,
                    area.y + (area.height - h) * 2 / 5,
                    w,
                    h,
                )
            }
            Self::Bottom { height } => {
                let h = height.min(area.height);
                (area.x, area.bottom() - h, area.width, h)
            }
            Self::Above {
                x,
                y,
                width,
                height,
            } => {
                let (y, w) = (y.clamp(area.y, area.bottom()), width.min(area.width));
                let h = height.min(y - area.y);
                (x.clamp(area.x, area.right() - w), y - h, w, h)
            }
        };
        Rect {
            x,
            y,
            width,
            height,
        }
    }
}

impl Overlay<'_> {
    /// Clears the place, draws the border, and gives what is inside of it.
    pub fn render(&self, place: Place, area: Rect, buf: &mut Buffer, styles: &Styles) -> Rect {
        let frame = place.within(area.intersection(buf.area));
        if frame.width < 3 || frame.height < 3 {
            return Rect::default();
        }
        Clear.render(frame, buf);
        buf.set_style(frame, styles.base.patch(styles.pane));
        border(frame, buf, styles);
        let top = Rect {
            x: frame.x + 2,
            width: frame.width.saturating_sub(4),
            height: 1,
            ..frame
        };
        if !self.title.is_empty() {
            text::put_fit(
                buf,
                (top.x, top.y),
                top.width,
                &format!(" {} ", self.title),
                Cut::End,
                styles.strong,
            );
        }
        if !self.count.is_empty()
            && usize::from(top.width) > text::width(self.title) + text::width(self.count) + 5
        {
            text::put_right(buf, top, &format!(" {} ", self.count), styles.dim);
        }
        render_hints_right(
            Rect {
                y: frame.bottom() - 1,
                ..top
            },
            buf,
            self.hints,
            styles,
        );
        Rect {
            x: frame.x + 2,
            y: frame.y + 1,
            width: frame.width.saturating_sub(4),
            height: frame.height - 2,
        }
    }
}

fn border(frame: Rect, buf: &mut Buffer, styles: &Styles) {
    let (right, bottom) = (frame.right() - 1, frame.bottom() - 1);
    let across = "─".repeat(usize::from(frame.width - 2));
    for (y, left_end, right_end) in [(frame.y, "╭", "╮"), (bottom, "╰", "╯")] {
        text::put(buf, (frame.x, y), 1, left_end, styles.border);
        text::put(
            buf,
            (frame.x + 1, y),
            frame.width - 2,
            &across,
            styles.border,
        );
        text::put(buf, (right, y), 1, right_end, styles.border);
    }
    for y in frame.y + 1..bottom {
        text::put(buf, (frame.x, y), 1, "│", styles.border);
        text::put(buf, (right, y), 1, "│", styles.border);
    }
}

/// Draws `key what` pairs from the left, as many whole ones as fit; gives the next free column.
pub fn render_hints(area: Rect, buf: &mut Buffer, hints: &[(&str, &str)], styles: &Styles) -> u16 {
    let mut x = area.x;
    for (key, what) in hints {
        let needed = (text::width(key) + text::width(what) + 1) as u16;
        if area.is_empty() || x + needed > area.right() {
            break;
        }
        x = text::put(buf, (x, area.y), needed, key, styles.key) + 1;
        x = text::put(buf, (x, area.y), needed, what, styles.hint) + 2;
    }
    x
}

fn render_hints_right(area: Rect, buf: &mut Buffer, hints: &[(&str, &str)], styles: &Styles) {
    let wide = |n: usize| {
        hints[..n]
            .iter()
            .map(|(k, w)| text::width(k) + text::width(w) + 3)
            .sum::<usize>()
    };
    let Some(fitting) = (1..=hints.len())
        .rev()
        .find(|n| wide(*n) <= usize::from(area.width))
    else {
        return;
    };
    let used = wide(fitting) as u16;
    let x = area.right() - used;
    text::put(
        buf,
        (x, area.y),
        used,
        &" ".repeat(usize::from(used)),
        styles.border,
    );
    render_hints(
        Rect {
            x: x + 1,
            width: used - 1,
            ..area
        },
        buf,
        &hints[..fitting],
        styles,
    );
}

/// Draws why a pane is empty and which keys help, in the middle of it.
pub fn render_blank(
    area: Rect,
    buf: &mut Buffer,
    why: &str,
    hints: &[(&str, &str)],
    styles: &Styles,
) {
    let lines: Vec<&str> = why.lines().collect();
    let height = lines.len() + if hints.is_empty() { 0 } else { 2 };
    let mut y = area.y + area.height.saturating_sub(height as u16) * 2 / 5;
    let centred = |width: usize| area.x + area.width.saturating_sub(width as u16) / 2;
    for (i, line) in lines.iter().enumerate() {
        let style = if i == 0 { styles.text } else { styles.dim };
        if y < area.bottom() {
            text::put_fit(
                buf,
                (centred(text::width(line)), y),
                area.width,
                line,
                Cut::End,
                style,
            );
        }
        y += 1;
    }
    let wide = hints
        .iter()
        .map(|(k, w)| text::width(k) + text::width(w) + 3)
        .sum::<usize>()
        .saturating_sub(2);
    let x = centred(wide);
    if y + 1 < area.bottom() {
        render_hints(
            Rect {
                x,
                y: y + 1,
                width: area.right() - x,
                height: 1,
            },
            buf,
            hints,
            styles,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(buf: &Buffer) -> Vec<String> {
        let row = |y| {
            (0..buf.area.width)
                .map(|x| buf[(x, y)].symbol())
                .collect::<String>()
        };
        (0..buf.area.height).map(row).collect()
    }

    #[test]
    fn an_overlay_has_a_border_a_title_a_count_and_hints() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 30, 5));
        let overlay = Overlay {
            title: "Help",
            count: "3 of 42",
            hints: &[("Esc", "close"), ("/", "filter this list")],
        };
        let inner = overlay.render(
            Place::Centre {
                width: 26,
                height: 4,
            },
            buf.area,
            &mut buf,
            &Styles::dark(),
        );
        assert_eq!(inner, Rect::new(4, 1, 22, 2));
        assert_eq!(lines(&buf)[0], "  ╭─ Help ─────── 3 of 42 ─╮  ");
        assert_eq!(lines(&buf)[3], "  ╰──────────── Esc close ─╯  ");
    }

    #[test]
    fn no_size_is_too_small() {
        for width in 0..8 {
            for height in 0..8 {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                let area = buf.area;
                for place in [
                    Place::Centre {
                        width: 40,
                        height: 9,
                    },
                    Place::Bottom { height: 4 },
                    Place::Above {
                        x: 9,
                        y: 3,
                        width: 9,
                        height: 5,
                    },
                ] {
                    let overlay = Overlay {
                        title: "A title",
                        count: "1 of 2",
                        hints: &[("Esc", "close")],
                    };
                    let inner = overlay.render(place, area, &mut buf, &Styles::dark());
                    assert_eq!(inner.intersection(area), inner);
                }
                render_blank(
                    area,
                    &mut buf,
                    "no rows\nbecause",
                    &[("U", "filters off")],
                    &Styles::dark(),
                );
            }
        }
    }
}
