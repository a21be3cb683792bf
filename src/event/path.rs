//! Segments of a path.

use std::borrow::Cow;

use crate::event::decode_into;

/// A segment of a path as logged, decoded: 0 is the first after the leading `/`, -1 the last.
/// `None` where the path has no such segment, or it is empty.
pub fn segment(stem: &str, index: i32) -> Option<Cow<'_, str>> {
    let mut segments = stem.split('/').filter(|s| !s.is_empty());
    let raw = if index >= 0 {
        segments.nth(index.unsigned_abs() as usize)
    } else {
        segments.nth_back(index.unsigned_abs() as usize - 1)
    }?;
    Some(decoded(raw))
}

/// A path or a part of one without its encodings. `+` is no space in a path.
pub fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains('%') {
        return Cow::Borrowed(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    for (i, part) in raw.split('+').enumerate() {
        if i > 0 {
            bytes.push(b'+');
        }
        decode_into(part.as_bytes(), &mut bytes);
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_either_end() {
        assert_eq!(segment("/px/v1/page_view", 0).as_deref(), Some("px"));
        assert_eq!(
            segment("/px/v1/page_view", -1).as_deref(),
            Some("page_view")
        );
        assert_eq!(segment("/px/v1/", -1).as_deref(), Some("v1"));
        assert_eq!(segment("/px", 3), None);
        assert_eq!(segment("/", -1), None);
        assert_eq!(segment("/a%2520b+c", 0).as_deref(), Some("a b+c"));
    }
}
