//! Unified diffs that `patch -p1` and `git apply` take in the contract's folder.

use similar::TextDiff;

/// The diff of one file below the contract's folder; `old` is `None` for a new file. Empty where nothing changes.
pub fn unified(file: &str, old: Option<&str>, new: &str) -> String {
    // A name with a space ends at the tab, for git.
    let end = if file.contains(' ') { "\t" } else { "" };
    let before = match old {
        Some(_) => format!("a/{file}{end}"),
        None => "/dev/null".to_owned(),
    };
    TextDiff::from_lines(old.unwrap_or_default(), new)
        .unified_diff()
        .context_radius(3)
        .header(&before, &format!("b/{file}{end}"))
        .to_string()
}
