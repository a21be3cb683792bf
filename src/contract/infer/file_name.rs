//! The file in `schemas/` that an event's schema goes into.

use crate::contract::version::SchemaVer;
use crate::model::harmless::is_hidden;

/// Longest name of a file, in bytes; less than file systems allow, so that a version and an ending fit.
const MAX_BYTES: usize = 200;

/// `checkout.json`, or `checkout.1-0-2.json` where `versioned`, or where the name itself ends like a version.
///
/// # Errors
/// Why an event of that name can have no file.
pub fn file_name(event: &str, version: SchemaVer, versioned: bool) -> Result<String, &'static str> {
    if event.is_empty() {
        return Err("it has no name");
    }
    if event.len() > MAX_BYTES {
        return Err("its name is too long for a file");
    }
    if event.starts_with('.')
        || event
            .chars()
            .any(|c| matches!(c, '/' | '\\') || is_hidden(c))
    {
        return Err("its name cannot be the name of a file");
    }
    let ends_like_version = event
        .rsplit_once('.')
        .is_some_and(|(_, end)| SchemaVer::parse(end).is_some());
    Ok(if versioned || ends_like_version {
        format!("{event}.{version}.json")
    } else {
        format!("{event}.json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_files_and_names_that_are_none() {
        let version = SchemaVer::parse("1-0-2").unwrap();
        let name = |event, versioned| file_name(event, version, versioned);
        assert_eq!(name("checkout", false).as_deref(), Ok("checkout.json"));
        assert_eq!(name("a b:c", true).as_deref(), Ok("a b:c.1-0-2.json"));
        assert_eq!(name("x.2-0-0", false).as_deref(), Ok("x.2-0-0.1-0-2.json"));
        let long = "x".repeat(300);
        for bad in [
            "",
            "../x",
            "a/b",
            "..",
            ".hidden",
            "a\u{202e}b",
            "a\nb",
            "a\\b",
            &long,
        ] {
            assert!(name(bad, false).is_err(), "{bad:?}");
        }
    }
}
