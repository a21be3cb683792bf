//! Which file names look like logs, when a folder or a prefix is read as a whole.

use super::hour;

/// Endings that logs have.
pub const ENDINGS: [&str; 12] = [
    "gz", "log", "txt", "tsv", "csv", "zst", "bz2", "parquet", "json", "jsonl", "ndjson", "clf",
];
/// JSON files that are never logs: `generate`'s truth, manifests of batches, what build tools leave.
const JSON_PAPERS: [&str; 5] = ["truth", "manifest", "package", "package-lock", "tsconfig"];
/// Holds the event schemas of a contract, which lies beside the logs.
const SCHEMAS: &str = "schemas";
/// Files without an ending that are never logs.
const PAPERS: [&str; 7] = [
    "readme",
    "license",
    "licence",
    "notice",
    "changelog",
    "makefile",
    "manifest",
];

/// Whether a file of this name, found in a folder or under a prefix, is taken for a log. Generous: names with one of
/// [`ENDINGS`], `CloudFront`'s own names, names without an ending. A file named by the user is read whatever its name.
pub fn is_log_name(name: &str) -> bool {
    if name.is_empty() || is_hidden(name) {
        return false;
    }
    if hour::hour_of(name).is_some() {
        return true;
    }
    match name.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("json") => {
            let is_paper = |p: &&str| stem.eq_ignore_ascii_case(p);
            !JSON_PAPERS.iter().any(is_paper) && !stem.ends_with(".schema")
        }
        Some((_, ending)) => ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)),
        // `_SUCCESS` and its kin mark finished batches.
        None => !name.starts_with('_') && !PAPERS.iter().any(|p| name.eq_ignore_ascii_case(p)),
    }
}

/// Hidden by custom.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Whether no segment of a key or relative path is hidden.
pub fn is_visible(path: &str) -> bool {
    !path.split('/').any(is_hidden)
}

/// As [`is_log_name`] for a key or a relative path: no segment may be hidden.
pub fn is_log_path(path: &str) -> bool {
    is_visible(path) && is_log_name(hour::last_segment(path)) && !is_schema(path)
}

/// Whether a key or path is of a contract's event schemas: a JSON file under a folder `schemas`.
pub fn is_schema(path: &str) -> bool {
    let mut segments = path.split(['/', '\\']).rev();
    let is_json = segments.next().is_some_and(|name| {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
    });
    is_json && segments.any(|folder| folder.eq_ignore_ascii_case(SCHEMAS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_logs_and_leaves_what_lies_beside_them() {
        for log in [
            "E2.2026-03-04-05.0a.gz",
            "E2.2026-03-04-05.0a",
            "a.log",
            "a.LOG",
            "web-1-0.txt",
            "_logs/x.csv",
            "E2.2026-03-04-05.0a.parquet",
            "part-0.parquet",
            "firehose.jsonl",
            "2026/11/22/px-1-2026-11-22.json",
            "px.JSON",
            "px.json.gz",
            "px.ndjson",
            "a.log.zst",
            "access.log.bz2",
            "access",
        ] {
            assert!(is_log_path(log), "{log}");
        }
        for other in [
            "truth.json",
            "batches/1/manifest.json",
            "schemas/page_view.json",
            "cdn/schemas/checkout.1-0-0.json",
            "checkout.schema.json",
            "frontlog.toml",
            "README.md",
            "README",
            ".a.log",
            "_SUCCESS",
            "",
            ".frontlog/a.gz",
        ] {
            assert!(!is_log_path(other), "{other}");
        }
    }
}
