//! Sizes and shares as people type them.

use crate::error::{Error, Result};

/// Bytes of `512MiB`, `64 MB`, `1g`, `1048576`.
///
/// # Errors
/// A sentence that names the option and the accepted forms.
pub fn bytes(option: &str, text: &str) -> Result<u64> {
    let typed = text.trim();
    let digits = typed
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(typed.len());
    let (number, unit) = typed.split_at(digits);
    let factor: Option<u64> = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    let size = number
        .parse::<u64>()
        .ok()
        .zip(factor)
        .and_then(|(n, f)| n.checked_mul(f))
        .filter(|n| *n > 0);
    size.ok_or_else(|| Error::Config(format!("{option} {text:?} is no size; write 512MiB or 2GB")))
}

/// Seconds of `30s`, `5m`, `1h`, within a range.
///
/// # Errors
/// A sentence that names the option, the accepted forms and the range.
pub fn span(option: &str, text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32> {
    let seconds = match text.trim() {
        "0" | "0s" => Some(0),
        typed => crate::commands::check::alert::seconds(typed),
    };
    seconds.filter(|s| range.contains(s)).ok_or_else(|| {
        Error::Config(format!(
            "{option} {text:?} is no span from {}s to {}h; write 30s, 5m or 1h",
            range.start(),
            range.end() / 3600
        ))
    })
}

/// `0.02` or `2%` as a number from 0 to 1.
///
/// # Errors
/// A sentence that names the option and the accepted forms.
pub fn share(option: &str, text: &str) -> Result<f64> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
        None => text.trim().parse::<f64>().ok(),
    };
    share
        .filter(|s| (0.0..=1.0).contains(s))
        .ok_or_else(|| Error::Config(format!("{option} {text:?} is no share; write 0.02 or 2%")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares() {
        assert_eq!(bytes("--memory", "512MiB").unwrap(), 512 << 20);
        assert_eq!(bytes("--memory", "2 GB").unwrap(), 2_000_000_000);
        assert_eq!(bytes("--memory", "77").unwrap(), 77);
        for wrong in [
            "",
            "MiB",
            "0",
            "-1",
            "12XB",
            "99999999999999999999",
            "18446744073709551615g",
            "1.5GB",
        ] {
            assert!(
                bytes("--memory", wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("512MiB"),
                "{wrong}"
            );
        }
        assert!((share("--faults", "2%").unwrap() - 0.02).abs() < 1e-12);
        for wrong in ["", "x", "1.1", "-0.1", "NaN", "101%"] {
            assert!(
                share("--faults", wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("2%"),
                "{wrong}"
            );
        }
    }
}
