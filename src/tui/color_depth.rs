//! How many colours a terminal has, and the nearest one it has to a colour of a theme.

use ratatui::style::Color;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorDepth {
    /// `NO_COLOR` is set, or the terminal is `dumb`.
    None,
    /// The sixteen named colours.
    Sixteen,
    /// The xterm palette.
    Palette,
    /// 24 bits.
    True,
}

impl ColorDepth {
    /// What the environment says. `var` looks a variable up.
    ///
    /// # Source
    /// <https://no-color.org> and the `COLORTERM` convention of terminal emulators.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| var(name).unwrap_or_default().to_ascii_lowercase();
        let (color, term) = (get("COLORTERM"), get("TERM"));
        if !get("NO_COLOR").is_empty() || term == "dumb" {
            Self::None
        } else if color.contains("truecolor") || color.contains("24bit") || term.contains("direct")
        {
            Self::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("alacritty") {
            Self::Palette
        } else {
            Self::Sixteen
        }
    }
}

/// The nearest colour to `color` that a terminal of that depth has. Never fails.
pub(crate) fn downgrade(color: Color, depth: ColorDepth) -> Color {
    match (color, depth) {
        (_, ColorDepth::None) => Color::Reset,
        (Color::Rgb(r, g, b), ColorDepth::Palette) => Color::Indexed(palette_index(r, g, b)),
        (Color::Rgb(r, g, b), ColorDepth::Sixteen) => sixteen(r, g, b),
        (other, _) => other,
    }
}

/// The nearest of the 216 cube colours and 24 greys.
fn palette_index(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |v: u8| {
        (0..6u8)
            .min_by_key(|i| STEPS[*i as usize].abs_diff(v))
            .unwrap_or_default()
    };
    let (cr, cg, cb) = (step(r), step(g), step(b));
    let cube = distance(
        (r, g, b),
        (STEPS[cr as usize], STEPS[cg as usize], STEPS[cb as usize]),
    );
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let level = 8 + 10 * grey;
    if distance((r, g, b), (level, level, level)) < cube {
        232 + grey
    } else {
        16 + 36 * cr + 6 * cg + cb
    }
}

/// The nearest of the sixteen names; very dark grounds become the terminal's own.
fn sixteen(r: u8, g: u8, b: u8) -> Color {
    const NAMES: [(Color, (u8, u8, u8)); 14] = [
        (Color::Reset, (0, 0, 0)),
        (Color::Red, (170, 0, 0)),
        (Color::Green, (0, 170, 0)),
        (Color::Yellow, (170, 120, 0)),
        (Color::Blue, (0, 0, 170)),
        (Color::Cyan, (0, 150, 150)),
        (Color::Gray, (185, 190, 200)),
        (Color::DarkGray, (95, 100, 110)),
        (Color::LightRed, (255, 100, 100)),
        (Color::LightGreen, (100, 220, 140)),
        (Color::LightYellow, (245, 200, 90)),
        (Color::LightBlue, (110, 180, 255)),
        (Color::LightMagenta, (220, 140, 200)),
        (Color::White, (255, 255, 255)),
    ];
    NAMES
        .iter()
        .min_by_key(|(_, rgb)| distance((r, g, b), *rgb))
        .map_or(Color::Reset, |(c, _)| *c)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) + square(a.1, b.1) + square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn colours_fit_the_terminal() {
        let depth = |vars: &[(&str, &str)]| {
            let vars: BTreeMap<String, String> = vars
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect();
            ColorDepth::detect(|name| vars.get(name).cloned())
        };
        assert_eq!(depth(&[("TERM", "xterm-256color")]), ColorDepth::Palette);
        assert_eq!(
            depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]),
            ColorDepth::True
        );
        assert_eq!(
            depth(&[
                ("TERM", "xterm-256color"),
                ("COLORTERM", "truecolor"),
                ("NO_COLOR", "1")
            ]),
            ColorDepth::None
        );
        assert_eq!(depth(&[("TERM", "linux")]), ColorDepth::Sixteen);
        assert_eq!(palette_index(255, 255, 255), 231);
        assert_eq!(palette_index(0x12, 0x15, 0x1b), 233);
        assert_eq!(sixteen(0x12, 0x15, 0x1b), Color::Reset);
    }
}
