//! What was typed of the logs' format, checked at once: a name that is no field is the user's to fix.

use crate::cli::{InputFormat, SourceArgs};
use crate::config::stream;
use crate::error::{Error, Result};
use crate::model::{FormatOptions, LogFormat};
use crate::parse;

/// The options of the formats.
///
/// # Errors
/// As [`parse::Formats::new`].
pub(super) fn formats(typed: &SourceArgs, sources: &[String]) -> Result<FormatOptions> {
    let format = match typed.log_format {
        // Names that both kinds of logs have mean what they mean in real-time logs.
        InputFormat::Auto
            if typed.fields.is_some() && sources.iter().all(|s| stream::is_one(s)) =>
        {
            LogFormat::Realtime
        }
        InputFormat::Auto => LogFormat::Auto,
        InputFormat::V1 | InputFormat::W3c | InputFormat::Plain | InputFormat::Raw => {
            LogFormat::Rows
        }
        InputFormat::Json => LogFormat::Json,
        InputFormat::Parquet => LogFormat::Parquet,
        InputFormat::Realtime => LogFormat::Realtime,
        InputFormat::Combined => LogFormat::Combined,
    };
    let names = typed.fields.as_deref().unwrap_or_default();
    let options = FormatOptions {
        format,
        fields: names
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        delimiter: typed.delimiter.clone(),
    };
    if typed.fields.is_some() && options.fields.is_empty() {
        return Err(Error::Config(
            "--fields names no field of CloudFront: name at least one".into(),
        ));
    }
    parse::Formats::new(&options)?;
    Ok(options)
}
