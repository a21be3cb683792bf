//! Objects in S3 and in servers that speak its protocol: list by pages, fetch in parallel under a bound, read again.

mod client;
mod errors;
mod fetch;
mod list;
pub mod runtime;
mod stream;

pub use fetch::{Fetcher, Ticket};
pub use list::list;

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::{Content, Fetched, S3Options};

/// Opens one object again; blocks. Connections and credentials of an earlier use are used again.
///
/// # Errors
/// Gone, changed since it was listed, denied, or the network.
pub fn reopen(
    options: &S3Options,
    (bucket, key): (&str, &str),
    object: &LogObject,
) -> Result<Content> {
    runtime::wait(async {
        let connection = client::connection(options, bucket).await?;
        let target = client::Target {
            bucket,
            key,
            etag: &object.etag,
        };
        let failed = |(_, message): fetch::Refusal| Error::S3(message);
        if object.size_bytes > fetch::WHOLE_BYTES {
            let reader = stream::open(connection, target.owned(), CancellationToken::new(), None)
                .await
                .map_err(failed)?;
            return Ok(Content::Stream(Box::new(reader)));
        }
        let bytes = fetch::whole(&connection, target).await.map_err(failed)?;
        Ok(Content::Bytes(Fetched::from(bytes)))
    })?
}
