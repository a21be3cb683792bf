//! What `generate` was asked for.

use crate::cli::{GenerateArgs, WrittenFormat};
use crate::commands::generate::{GenerateOptions, Written};
use crate::config::{Step, amount};
use crate::error::Result;

/// The options of `generate`.
///
/// # Errors
/// A share or an hour that cannot be read.
pub(super) fn generate(typed: GenerateArgs) -> Result<Step> {
    Ok(Step::Generate(GenerateOptions {
        faults: amount::share("--faults", &typed.faults)?,
        start_hour: crate::commands::generate::parse_hour(&typed.start)?,
        dir: typed.to,
        records: typed.records,
        objects: typed.objects,
        seed: typed.seed,
        hours: typed.hours,
        threads: typed.threads,
        format: match typed.log_format {
            WrittenFormat::V1 => Written::V1,
            WrittenFormat::W3c => Written::W3c,
            WrittenFormat::Json => Written::Json,
            WrittenFormat::Parquet => Written::Parquet,
            WrittenFormat::Realtime => Written::Realtime,
            WrittenFormat::Combined => Written::Combined,
        },
    }))
}
