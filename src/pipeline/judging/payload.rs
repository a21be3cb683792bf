//! The hash of a whole payload, by which a copy of an event is told from a conflict.

use xxhash_rust::xxh3::xxh3_64;

use crate::frame::requests::as_logged;
use crate::parse::encoding::undo_log_layer;

/// Hash of a query as logged. Whether the log put its layer on (`%2520`) or not (`%20`) makes no difference: it is the
/// same payload, and the frame, from which it may be judged again, keeps no layer. `unlayered` is what splitting the
/// query saw.
#[inline]
pub(super) fn payload_hash(query: &str, unlayered: bool) -> u64 {
    if unlayered {
        layered_hash(query)
    } else {
        xxh3_64(query.as_bytes())
    }
}

#[cold]
fn layered_hash(query: &str) -> u64 {
    // Rare in logs of today, so it may cost an allocation.
    let (mut once, mut again) = (String::with_capacity(query.len()), String::new());
    undo_log_layer(query, &mut once);
    xxh3_64(as_logged(&once, &mut again).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::split_query;
    use crate::model::PropertyScratch;

    fn payload_hash(query: &str) -> u64 {
        let mut scratch = PropertyScratch::default();
        split_query(query, &mut scratch);
        let properties = scratch.view(query);
        super::payload_hash(query, properties.is_unlayered())
    }

    #[test]
    fn a_payload_is_the_same_with_the_layer_and_without() {
        for (one, other) in [
            ("a=b%2520c", "a=b%20c"),
            ("a=%2525%2520", "a=%25%20"),
            ("a=%zz%2520", "a=%zz%20"),
            ("a=%25", "a=%2525"),
        ] {
            assert_eq!(payload_hash(one), payload_hash(other), "{one} {other}");
        }
        assert_ne!(payload_hash("a=b%2520c"), payload_hash("a=b%2521c"));
        assert_ne!(payload_hash("a=b%20c"), payload_hash("a=b%21c"));
    }

    /// What the frame keeps, judged again, is the payload that was judged first.
    #[test]
    fn a_payload_from_the_frame_is_the_same() {
        for raw in [
            "",
            "%",
            "a=%25",
            "a=%252",
            "%25%2520",
            "%252520",
            "%2%20%",
            "%%20",
            "%25%25zz",
            "a=%E2%82%AC",
        ] {
            let (mut once, mut again) = (String::new(), String::new());
            undo_log_layer(raw, &mut once);
            let mut twice = String::new();
            undo_log_layer(as_logged(&once, &mut again), &mut twice);
            assert_eq!(once, twice, "{raw}");
            assert_eq!(
                payload_hash(raw),
                payload_hash(as_logged(&once, &mut again)),
                "{raw}"
            );
        }
    }
}
