//! Where a stream is read from, how it is cut into windows, and what is watched for in them.

use chrono::{DateTime, Utc};

use crate::cli::WindowArgs;
use crate::commands::check::alert::Alert;
use crate::commands::check::watching::WatchOptions;
use crate::config::{amount, when};
use crate::error::{Error, Result};
use crate::frame::WindowSpec;
use crate::source::kinesis::{Begin, SCHEME};

/// Whether a source is a stream.
pub(super) fn is_one(source: &str) -> bool {
    source
        .get(..SCHEME.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(SCHEME))
}

/// What `--from` means.
///
/// # Errors
/// Neither a word nor a time, as a sentence.
pub(super) fn start(text: &str, now: DateTime<Utc>) -> Result<Begin> {
    match text.trim() {
        "latest" => Ok(Begin::Latest),
        "trim-horizon" => Ok(Begin::TrimHorizon),
        time => when::instant("--from", time, now).map(|time| Begin::Time(time.timestamp_millis())),
    }
}

/// How windows are cut.
///
/// # Errors
/// A length or lateness that is none, as a sentence.
pub(super) fn window_spec(typed: &WindowArgs) -> Result<WindowSpec> {
    Ok(WindowSpec {
        seconds: amount::span("--window", &typed.window, 1..=3600)?,
        lateness_s: amount::span("--allowed-lateness", &typed.allowed_lateness, 0..=86_400)?,
    })
}

/// What `--alert` asks for; `None` without one.
///
/// # Errors
/// A wrong alert, with marks under the place.
pub(super) fn watch(
    alerts: &[String],
    on_alert: Option<String>,
    windows: &WindowArgs,
) -> Result<Option<WatchOptions>> {
    let spec = window_spec(windows)?;
    if alerts.is_empty() {
        return Ok(None);
    }
    let alerts = alerts
        .iter()
        .map(|text| {
            let alert = Alert::parse(text).map_err(|e| Error::Config(e.to_string()))?;
            alert.windows(spec.seconds).map_err(Error::Config)?;
            Ok(alert)
        })
        .collect::<Result<_>>()?;
    Ok(Some(WatchOptions {
        spec,
        alerts,
        on_alert,
    }))
}
