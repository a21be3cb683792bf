//! Objects in S3 and in servers that speak its protocol: list by pages, fetch in parallel under a bound, read again.

mod client;
mod credentials;
mod direct;
mod errors;
mod fetch;
mod get;
mod list;
mod pace;
mod retry;
pub mod runtime;
mod series;
mod slice;
mod stream;

pub use fetch::{Fetcher, Ticket};
pub use list::{Wanted, list, list_hours};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::{Content, Fetched, S3Options};

/// The object as it is now; `None` where that cannot be known: a read will tell why. Blocks.
pub fn look_again(options: &S3Options, object: &LogObject) -> Option<LogObject> {
    let (bucket, key) = super::location::split_s3(&object.uri)?;
    let head = runtime::wait(async {
        let connection = client::connection(options, bucket).await.ok()?;
        let request = connection.client.head_object().bucket(bucket).key(key);
        let request = request.set_request_payer(connection.payer());
        request.send().await.ok()
    });
    let head = head.ok()??;
    Some(LogObject {
        size_bytes: head.content_length().unwrap_or(0).max(0) as u64,
        etag: head.e_tag()?.trim_matches('"').into(),
        last_modified_ms: head.last_modified().and_then(|t| t.to_millis().ok()),
        ..object.clone()
    })
}

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
        let failed = |(_, message): get::Refusal| Error::S3(message);
        let reading = get::Reading::new(connection, target, None);
        if object.size_bytes > fetch::WHOLE_BYTES {
            let reader = stream::open(reading, CancellationToken::new(), None)
                .await
                .map_err(failed)?;
            return Ok(Content::Stream(Box::new(reader)));
        }
        let bytes = get::whole(reading, object.size_bytes)
            .await
            .map_err(failed)?;
        Ok(Content::Bytes(Fetched::from(bytes)))
    })?
}
