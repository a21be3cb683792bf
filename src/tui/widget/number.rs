//! Numbers for a person: thousands separators, and units in a fixed width so that columns stay straight.

/// `1284003` → `1,284,003`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `value` with three figures at most: `9.87`, `98.7`, `987`.
fn three_figures(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// `n` scaled down by `step` until it is below 1,000, with the unit reached.
fn scaled<'a>(n: f64, step: f64, units: &[&'a str]) -> (f64, &'a str) {
    let mut value = n;
    for unit in units {
        if value < 999.5 {
            return (value, unit);
        }
        value /= step;
    }
    (value * step, units.last().copied().unwrap_or_default())
}

/// A size in eight cells: `   512 B`, `1.21 KiB`, ` 212 MiB`.
pub fn bytes(n: u64) -> String {
    let (value, unit) = scaled(
        n as f64,
        1024.0,
        &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"],
    );
    if unit == "B" {
        format!("{n:>6} B")
    } else {
        format!("{:>4} {unit}", three_figures(value))
    }
}

/// A size in as few cells as there are: `512B`, `1.21K`, `212M`.
pub fn bytes_short(n: u64) -> String {
    let (value, unit) = scaled(n as f64, 1024.0, &["B", "K", "M", "G", "T", "P", "E"]);
    if unit == "B" {
        format!("{n}B")
    } else {
        format!("{}{unit}", three_figures(value))
    }
}

/// A duration in six cells: ` 412ms`, ` 4.21s`, ` 3m10s`, ` 2h05m`, ` 3d04h`.
pub fn duration_ms(ms: u64) -> String {
    let s = ms / 1000;
    let text = match s {
        0 => format!("{ms}ms"),
        1..60 => format!("{}s", three_figures(ms as f64 / 1000.0)),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3600 % 24),
    };
    format!("{text:>6}")
}

/// A rate in seven cells: `  412/s`, `1.21k/s`, ` 412k/s`.
pub fn rate(per_second: f64) -> String {
    let (value, unit) = scaled(per_second.max(0.0), 1000.0, &["", "k", "M", "G", "T"]);
    let figure = if unit.is_empty() && (value >= 9.95 || value.fract() < 0.05) {
        format!("{value:.0}")
    } else if unit.is_empty() {
        format!("{value:.1}")
    } else {
        three_figures(value)
    };
    format!("{:>7}", format!("{figure}{unit}/s"))
}

/// A share in six cells: ` 12.3%`; never `0.0%` for something nor `100%` for less than all; spaces when there is no whole.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return " ".repeat(6);
    }
    let share = part as f64 / whole as f64 * 100.0;
    let text = match part {
        0 => "0%".to_owned(),
        _ if part == whole => "100%".to_owned(),
        _ if share < 0.1 => "<0.1%".to_owned(),
        _ if share > 99.9 && part < whole => ">99.9%".to_owned(),
        _ => format!("{share:.1}%"),
    };
    format!("{text:>6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_284_003, "1,284,003"),
        ] {
            assert_eq!(grouped(n), text);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn units_keep_their_width() {
        for (n, text) in [
            (0, "     0 B"),
            (999, "   999 B"),
            (1240, "1.21 KiB"),
            (222_298_112, " 212 MiB"),
            (1 << 40, "1.00 TiB"),
        ] {
            assert_eq!(bytes(n), text);
        }
        for n in [
            1,
            999,
            1000,
            1023,
            1024,
            999_999,
            1_048_000,
            10_000_000,
            u64::MAX,
        ] {
            assert_eq!(bytes(n).len(), 8, "{n}");
        }
        assert_eq!(bytes_short(222_298_112), "212M");
        for (ms, text) in [
            (412, " 412ms"),
            (4210, " 4.21s"),
            (190_000, " 3m10s"),
            (7_500_000, " 2h05m"),
            (273_600_000, " 3d04h"),
        ] {
            assert_eq!(duration_ms(ms), text);
        }
        for (n, text) in [
            (412.0, "  412/s"),
            (3.2, "  3.2/s"),
            (0.0, "    0/s"),
            (1210.0, "1.21k/s"),
            (412_000.0, " 412k/s"),
        ] {
            assert_eq!(rate(n), text);
        }
    }

    #[test]
    fn a_share_never_claims_all_or_nothing_wrongly() {
        for (part, whole, text) in [
            (0, 10, "    0%"),
            (10, 10, "  100%"),
            (1, 100_000, " <0.1%"),
            (99_999, 100_000, ">99.9%"),
            (123, 1000, " 12.3%"),
            (1, 0, "      "),
        ] {
            assert_eq!(percent(part, whole), text);
        }
    }
}
