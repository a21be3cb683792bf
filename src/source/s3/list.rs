//! Lists a prefix: by pages, several slices of it at a time.

use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::Object;
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::super::hour::{self, Window};
use super::super::listing::{Found, Listing, Place};
use super::super::location::{self, Prefix};
use super::super::{Options, log_name};
use super::client::{self, Connection};
use super::errors::Trouble;
use super::retry::Attempts;
use super::slice::{Begin, Page, Slice};

/// Requests at a time. S3 takes thousands a second for one prefix; more than this gains nothing over a distance.
const REQUESTS: usize = 16;

/// What to list of a prefix.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Objects of these hours, and objects whose key has no hour.
    pub hours: Window,
    /// Only keys that sort after this one.
    pub after: Option<&'a str>,
}

/// The wanted objects under a prefix, in no order (`Listing::finish` or `listing::sort` brings one).
///
/// Hours outside of the window are jumped over, not paged through: where keys sort by hour (the layouts of
/// [`super::series`]), a few hours cost some three requests a distribution however many years lie under the prefix, so
/// a following run may call this each time it looks. Without a window a long series is listed in several places at
/// once. Keys are held as [`LogObject`]s only, some 250 bytes each.
///
/// # Errors
/// [`Error::S3`] with a sentence. A prefix without any object is no error here: `Listing::found` is empty and
/// `Listing::outside` is 0.
pub async fn list_hours(prefix: &Prefix, options: &Options, wanted: Wanted<'_>) -> Result<Listing> {
    let connection = client::connection(&options.s3, &prefix.bucket).await?;
    let prefix = Arc::new(prefix.clone());
    match slices(&connection, &prefix, wanted).await {
        // Without --region the first request is a guess, and S3 answers with the bucket's region.
        Err(Trouble {
            region: Some(region),
            ..
        }) if options.s3.region.is_none() && region != connection.region => {
            let connection = client::connect(&options.s3, &prefix.bucket, Some(region)).await?;
            slices(&connection, &prefix, wanted)
                .await
                .map_err(|t| refused(&t, &prefix, &connection))
        }
        listed => listed.map_err(|t| refused(&t, &prefix, &connection)),
    }
}

/// Everything under a prefix that the run's window holds.
///
/// # Errors
/// As [`list_hours`]; [`Error::NoInput`] for an empty prefix (a warning instead while following).
pub async fn list(prefix: &Prefix, options: &Options) -> Result<Listing> {
    let wanted = Wanted {
        hours: super::super::listing::window(options),
        after: None,
    };
    let mut listing = list_hours(prefix, options, wanted).await?;
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

/// What one page brought.
#[derive(Default)]
struct Turned {
    listing: Listing,
    rest: Vec<Slice>,
    /// The prefix is a whole key, and this is its object.
    exact: bool,
}

/// Lists slices until none is left, a bounded number at a time.
async fn slices(
    connection: &Arc<Connection>,
    prefix: &Arc<Prefix>,
    wanted: Wanted<'_>,
) -> Result<Listing, Trouble> {
    let window = wanted.hours;
    let mut listing = Listing::default();
    let mut waiting = vec![Slice::whole(wanted.after, window)];
    // Dropped with everything in it when a page fails.
    let mut running = JoinSet::new();
    loop {
        while running.len() < REQUESTS
            && let Some(slice) = waiting.pop()
        {
            let (connection, prefix) = (connection.clone(), prefix.clone());
            running.spawn(async move {
                let page = page(&connection, &prefix, &slice).await?;
                Ok::<_, Trouble>(turn(&prefix, &slice, &page, window))
            });
        }
        let Some(done) = running.join_next().await else {
            return Ok(listing);
        };
        let turned = done.unwrap_or_else(|e| Err(Trouble::lost(&e)))?;
        if turned.exact {
            return Ok(turned.listing);
        }
        listing.extend(turned.listing);
        waiting.extend(turned.rest);
    }
}

async fn page(
    connection: &Connection,
    prefix: &Prefix,
    slice: &Slice,
) -> Result<ListObjectsV2Output, Trouble> {
    let mut attempts = Attempts::first();
    loop {
        let request = connection
            .client
            .list_objects_v2()
            .bucket(&prefix.bucket)
            .prefix(&prefix.start)
            .set_max_keys(slice.probe.then_some(1))
            .set_request_payer(connection.payer());
        let request = match &slice.from {
            Begin::Prefix => request,
            Begin::Token(token) => request.continuation_token(token),
            Begin::After(key) => request.start_after(key),
        };
        let generation = connection.generation();
        let trouble = match request.send().await {
            Ok(page) => return Ok(page),
            Err(e) => Trouble::of(&e).after(attempts.made()),
        };
        if !connection.again(&trouble, &mut attempts, generation).await {
            return Err(trouble);
        }
    }
}

/// What a page holds of its slice, and what is left of that.
fn turn(prefix: &Prefix, slice: &Slice, page: &ListObjectsV2Output, window: Window) -> Turned {
    let mut turned = Turned::default();
    let keys = page.contents().iter().filter_map(Object::key);
    // A whole key as the prefix names that object only, not those whose names go on after it.
    let exact = page.contents().iter().find(|o| {
        slice.from == Begin::Prefix
            && prefix.matcher.is_none()
            && o.key() == Some(prefix.start.as_str())
    });
    if let Some(found) = exact.and_then(|o| object(prefix, o)) {
        turned.listing.offer(window, found);
        turned.exact = true;
        return turned;
    }
    let mine = |o: &&Object| o.key().is_some_and(|key| slice.holds(key)) && is_wanted(prefix, o);
    for found in page
        .contents()
        .iter()
        .filter(mine)
        .filter_map(|o| object(prefix, o))
    {
        turned.listing.offer(window, found);
    }
    let token = page
        .next_continuation_token()
        .filter(|_| page.is_truncated() == Some(true));
    let shown = Page {
        first: keys.clone().next().unwrap_or_default(),
        last: keys.clone().next_back().unwrap_or_default(),
        sorted: keys.clone().is_sorted(),
        token,
    };
    let rest = slice.rest(&shown, window);
    if rest.jumped {
        // So that "all outside of the window" is not taken for "nothing there".
        turned.listing.outside += 1;
    }
    turned.rest = rest.slices;
    turned
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
