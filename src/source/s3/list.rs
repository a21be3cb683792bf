//! Lists a prefix by pages.

use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::super::hour::{self, Window};
use super::super::listing::{Found, Listing, Place, window};
use super::super::location::{self, Prefix};
use super::super::{Options, log_name};
use super::client::{self, Connection};
use super::errors::Trouble;

/// Where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// Where the last page ended.
    Token(String),
    /// After this key: nothing between is wanted.
    After(String),
}

/// Everything under a prefix.
///
/// # Errors
/// [`Error::S3`] with a sentence; [`Error::NoInput`] for an empty prefix (a warning instead while following).
pub async fn list(prefix: &Prefix, options: &Options) -> Result<Listing> {
    let connection = client::connection(&options.s3, &prefix.bucket).await?;
    let window = window(options);
    let mut listing = match pages(&connection, prefix, window).await {
        Ok(listing) => listing,
        // Without --region the first request is a guess, and S3 answers with the bucket's region.
        Err(Trouble {
            region: Some(region),
            ..
        }) if options.s3.region.is_none() && region != connection.region => {
            let connection = client::connect(&options.s3, &prefix.bucket, Some(region)).await?;
            pages(&connection, prefix, window)
                .await
                .map_err(|t| refused(&t, prefix, &connection))?
        }
        Err(trouble) => return Err(refused(&trouble, prefix, &connection)),
    };
    if listing.found.is_empty() && listing.outside == 0 {
        let sentence = format!(
            "no log objects under {} (an S3 prefix is the start of a key: s3://bucket/folder/ or s3://bucket/folder/E2EXAMPLE.2026-)",
            prefix.text
        );
        listing.nothing_in(sentence, options.follow)?;
    }
    Ok(listing)
}

fn refused(trouble: &Trouble, prefix: &Prefix, connection: &Connection) -> Error {
    Error::S3(trouble.listing(&prefix.text, &prefix.bucket, connection))
}

async fn pages(
    connection: &Connection,
    prefix: &Prefix,
    window: Window,
) -> Result<Listing, Trouble> {
    let mut listing = Listing::default();
    let mut next = None;
    loop {
        let page = page(connection, prefix, next).await?;
        // A whole key as the prefix names that object only, not those whose names go on after it.
        let exact = page
            .contents()
            .iter()
            .find(|o| prefix.matcher.is_none() && o.key() == Some(prefix.start.as_str()));
        if let Some(found) = exact.and_then(|o| object(prefix, o)) {
            let mut listing = Listing::default();
            listing.offer(window, found);
            return Ok(listing);
        }
        for found in page
            .contents()
            .iter()
            .filter(|o| is_wanted(prefix, o))
            .filter_map(|o| object(prefix, o))
        {
            listing.offer(window, found);
        }
        next = following(&page, window, &mut listing);
        if next.is_none() {
            return Ok(listing);
        }
    }
}

async fn page(
    connection: &Connection,
    prefix: &Prefix,
    next: Option<Next>,
) -> Result<ListObjectsV2Output, Trouble> {
    let request = connection
        .client
        .list_objects_v2()
        .bucket(&prefix.bucket)
        .prefix(&prefix.start);
    let request = match next {
        None => request,
        Some(Next::Token(token)) => request.continuation_token(token),
        Some(Next::After(key)) => request.start_after(key),
    };
    request
        .set_request_payer(connection.payer())
        .send()
        .await
        .map_err(|e| Trouble::of(&e))
}

/// Where to go on. Keys of one distribution sort by hour, so a year of logs before `--since` is one jump, not hundreds
/// of pages; likewise what comes after `--until`.
fn following(page: &ListObjectsV2Output, window: Window, listing: &mut Listing) -> Option<Next> {
    if page.is_truncated() != Some(true) {
        return None;
    }
    let jump = page
        .contents()
        .last()
        .and_then(Object::key)
        .and_then(|key| jump(key, window));
    if jump.is_some() {
        // So that "all outside of the window" is not taken for "nothing there".
        listing.outside += 1;
    }
    jump.map(Next::After).or_else(|| {
        page.next_continuation_token()
            .map(|t| Next::Token(t.to_owned()))
    })
}

/// The key after which wanted ones may come, if the last key of a page is outside of the window. Keys between that
/// start like the distribution's but have no hour are passed over with it.
fn jump(last: &str, window: Window) -> Option<String> {
    let (stem, hour) = hour::split(last)?;
    let since = window
        .since
        .filter(|since| hour < *since)
        .map(|since| format!("{stem}.{}", hour::format(since)));
    // `:` sorts right after `9`: past every hour of this distribution, before the next distribution.
    let past = || {
        window
            .until
            .filter(|until| hour > *until)
            .map(|_| format!("{stem}.:"))
    };
    // A year of five digits would send the listing back, for ever.
    since.or_else(past).filter(|target| target.as_str() > last)
}

fn is_wanted(prefix: &Prefix, object: &Object) -> bool {
    let Some(key) = object.key() else {
        return false;
    };
    // Consoles make "folders" as empty objects whose key ends with a slash.
    if key.ends_with('/') {
        return false;
    }
    let folder = prefix.start.rfind('/').map_or(0, |at| at + 1);
    let Some(below) = key.get(folder..) else {
        return false;
    };
    match &prefix.matcher {
        Some(matcher) => matcher.is_match(key) && log_name::is_visible(below),
        None => log_name::is_log_path(below),
    }
}

fn object(prefix: &Prefix, listed: &Object) -> Option<Found> {
    let key = listed.key().filter(|k| !k.ends_with('/'))?;
    let object = LogObject {
        uri: location::s3_uri(&prefix.bucket, key).into(),
        size_bytes: listed.size().unwrap_or(0).max(0) as u64,
        etag: listed.e_tag().unwrap_or_default().trim_matches('"').into(),
        hour: hour::hour_of(key),
        last_modified_ms: listed.last_modified().and_then(|t| t.to_millis().ok()),
    };
    Some(Found {
        object: Arc::new(object),
        place: Place::S3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_over_hours_that_are_not_wanted() {
        let at = |name: &str| hour::hour_of(name).unwrap();
        let since = at("E2.2026-03-04-05.x.gz");
        let window = Window {
            since: Some(since),
            until: Some(since + 1),
        };
        assert_eq!(
            jump("px/E2.2025-01-01-00.x.gz", window).as_deref(),
            Some("px/E2.2026-03-04-05")
        );
        assert_eq!(jump("px/E2.2026-03-04-05.x.gz", window), None);
        let past = jump("px/E2.2026-03-04-07.x.gz", window).unwrap();
        assert!(
            past.as_str() > "px/E2.9999-12-31-23.z.gz"
                && past.as_str() < "px/E3.2026-03-04-05.x.gz"
        );
        assert_eq!(jump("px/other.log", window), None);
        let far = Window {
            since: Some(80_000_000),
            until: None,
        };
        assert_eq!(jump("px/E2.2026-03-04-05.x.gz", far), None);
    }
}
