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

/// Where streams are read from, by `--from`, `--since` and `--last`: at most one of them is there. To the millisecond,
/// because a stream has no hours.
///
/// # Errors
/// Neither a word nor a time, or `--from` without a stream, as a sentence.
pub(super) fn begin(
    sources: &[String],
    (from, since, last): (&Option<String>, &Option<String>, &Option<String>),
    now: DateTime<Utc>,
) -> Result<Begin> {
    let at = |time: DateTime<Utc>| Begin::Time(time.timestamp_millis());
    let has_stream = sources.iter().any(|source| is_one(source));
    match (from, since, last) {
        (Some(_), ..) if !has_stream => Err(Error::Config(
            "--from says where to begin in a Kinesis stream, and no source is one (kinesis://NAME); for files and \
             objects on S3 the first hour to read is --since"
                .into(),
        )),
        (Some(from), ..) => match from.trim() {
            "latest" => Ok(Begin::Latest),
            "trim-horizon" => Ok(Begin::TrimHorizon),
            time => when::instant("--from", time, now).map(at),
        },
        (None, Some(since), _) if has_stream => when::instant("--since", since, now).map(at),
        (None, None, Some(last)) if has_stream => {
            let back = chrono::Duration::from_std(when::duration("--last", last)?).ok();
            let time = back.and_then(|back| now.checked_sub_signed(back));
            Ok(at(time.unwrap_or(DateTime::UNIX_EPOCH)))
        }
        _ => Ok(Begin::Unsaid),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_begins_to_the_millisecond_where_it_is_said() {
        let now: DateTime<Utc> = "2026-11-23T15:20:30.250Z".parse().unwrap();
        let time = |text: &str| {
            let time: DateTime<Utc> = text.parse().unwrap();
            Begin::Time(time.timestamp_millis())
        };
        let streams = ["logs/".to_owned(), "kinesis://px".to_owned()];
        for (option, typed, expected) in [
            ("from", "latest", Begin::Latest),
            ("from", "trim-horizon", Begin::TrimHorizon),
            ("from", "90m", time("2026-11-23T13:50:30.250Z")),
            ("last", "90m", time("2026-11-23T13:50:30.250Z")),
            ("since", "90m", time("2026-11-23T13:50:30.250Z")),
            ("since", "2026-11-23T14:05", time("2026-11-23T14:05:00Z")),
            ("since", "2026-11-23", time("2026-11-23T00:00:00Z")),
        ] {
            let of = |name| (option == name).then(|| typed.to_owned());
            let typed_all = (&of("from"), &of("since"), &of("last"));
            let begin = begin(&streams, typed_all, now).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(begin, expected, "--{option} {typed}");
        }
        let files = &streams[..1];
        let (none, some) = (None, Some("1h".to_owned()));
        assert_eq!(
            begin(files, (&none, &none, &some), now).unwrap(),
            Begin::Unsaid
        );
        let error = begin(files, (&some, &none, &none), now).unwrap_err();
        assert!(error.to_string().contains("--since"), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
}
