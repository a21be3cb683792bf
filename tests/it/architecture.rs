//! Import direction is a test: `src/**/*.rs` may import only what the table allows.

use std::path::{Path, PathBuf};

/// Who may name whom. `model` and `error` are open to all; a module may always name itself.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("error", &[]),
    ("source", &[]),
    ("decode", &[]),
    ("parse", &[]),
    ("event", &[]),
    ("contract", &[]),
    ("frame", &[]),
    ("export", &["frame"]),
    (
        "pipeline",
        &[
            "source", "decode", "parse", "event", "contract", "frame", "export",
        ],
    ),
    (
        "commands",
        &["pipeline", "frame", "export", "contract", "source"],
    ),
    (
        "tui",
        &["pipeline", "frame", "export", "contract", "source"],
    ),
    ("cli", &[]),
    (
        "config",
        &[
            "cli", "tui", "commands", "source", "decode", "parse", "event", "contract", "frame",
            "export", "pipeline",
        ],
    ),
    (
        "lib",
        &["cli", "config", "commands", "tui", "pipeline", "contract"],
    ),
    // Where the Export screen and the export command meet.
    ("explorer", &["commands", "tui", "pipeline", "export"]),
    (
        "main",
        &["cli", "config", "commands", "tui", "pipeline", "explorer"],
    ),
];

/// Everyone may name these.
const OPEN: [&str; 2] = ["model", "error"];

/// What belongs to the terminal side alone.
const TERMINAL_CRATES: [&str; 3] = ["ratatui", "crossterm", "tui_input"];

/// Longest file, in lines.
const MAX_LINES: usize = 500;

struct SourceFile {
    path: PathBuf,
    module: String,
    text: String,
}

fn source_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let path = entry.path().strip_prefix(&root).unwrap().to_owned();
        let module = path
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        files.push(SourceFile {
            path,
            module,
            text: std::fs::read_to_string(entry.path()).unwrap(),
        });
    }
    files
}

/// The code without comments and without what stands in `#[cfg(test)] mod tests`.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    lines
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Top-level modules named in a line as `crate::x` or, in `main.rs`, `frontlog::x`, braces included.
fn named(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for prefix in ["crate::", "frontlog::"] {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            if line[..at].ends_with('$')
                || line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                continue;
            }
            match rest.strip_prefix('{') {
                Some(list) => found.extend(list.split(',').filter_map(first_name)),
                None => found.extend(first_name(rest)),
            }
        }
    }
    found
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text
        .trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

fn violations(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == file.module) else {
        return vec![format!(
            "{}: module {} is not in the table",
            file.path.display(),
            file.module
        )];
    };
    for (number, line) in code_lines(&file.text) {
        for name in named(line) {
            let known = ALLOWED.iter().any(|(module, _)| *module == name);
            if known
                && name != file.module
                && !OPEN.contains(&name.as_str())
                && !allowed.contains(&name.as_str())
            {
                found.push(format!(
                    "{}:{number}: {} must not import {name}",
                    file.path.display(),
                    file.module
                ));
            }
        }
        let terminal = TERMINAL_CRATES
            .iter()
            .find(|name| line.contains(&format!("{name}::")));
        if let Some(name) = terminal.filter(|_| file.module != "tui") {
            found.push(format!(
                "{}:{number}: only tui may name {name}",
                file.path.display()
            ));
        }
    }
    found
}

#[test]
fn imports_point_down_only() {
    let found: Vec<String> = source_files().iter().flat_map(violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = source_files()
        .iter()
        .filter(|file| file.text.lines().count() > MAX_LINES)
        .map(|file| {
            format!(
                "{}: {} lines",
                file.path.display(),
                file.text.lines().count()
            )
        })
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn no_name_says_nothing() {
    for file in source_files() {
        let path = file.path.display().to_string();
        for word in ["misc", "util", "common", "helper", "manager"] {
            assert!(
                !path.contains(word),
                "{path} says nothing about what is in it"
            );
        }
    }
}

#[test]
fn a_wrong_import_would_be_found() {
    let wrong = |module: &str, line: &str| {
        let file = SourceFile {
            path: "x.rs".into(),
            module: module.to_owned(),
            text: line.to_owned(),
        };
        violations(&file).len()
    };
    assert_eq!(wrong("parse", "use crate::decode::Block;"), 1);
    assert_eq!(
        wrong("parse", "let x = crate::frame::Snapshot::empty();"),
        1
    );
    assert_eq!(
        wrong("contract", "use crate::{model::Code, event::Route};"),
        1
    );
    assert_eq!(wrong("commands", "use ratatui::layout::Rect;"), 1);
    assert_eq!(
        wrong("parse", "use crate::model::Batch; // crate::error"),
        0
    );
    assert_eq!(wrong("nowhere", ""), 1);
}
