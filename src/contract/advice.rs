//! What a person should know of the schema files: keywords that are ignored, formats that are not asserted, patterns
//! that may take long.

use jsonschema::Draft;
use serde_json::Value as Json;

use crate::contract::documents::{Document, Documents, steps};
use crate::contract::format::{FORMAT_NAMES, Format};
use crate::contract::pattern::{self, PatternProblem};
use crate::contract::place::did_you_mean;
use crate::contract::residual::MAX_PATTERN_STEPS;
use crate::contract::{draft, keywords};

/// Warnings with file, line and column.
pub fn warnings(documents: &Documents) -> Vec<String> {
    let mut all = Vec::new();
    for (at, document) in documents.list.iter().enumerate() {
        let written = document.json.get("$schema");
        if let Some(written) =
            written.filter(|_| document.json.as_object().and_then(draft::of).is_none())
        {
            let sentence = format!(
                "\"$schema\" is {written}, which is no draft that frontlog knows; the file is read as {}",
                draft::name(document.draft)
            );
            all.push(document.warning(&["$schema"], &sentence));
        }
        for node in documents.schemas(at) {
            for (key, value) in node.map().into_iter().flatten() {
                if let Some(sentence) = about(document.draft, key, value) {
                    all.push(warning(document, &node.pointer, key, &sentence));
                }
            }
        }
    }
    all
}

fn warning(document: &Document, pointer: &str, key: &str, sentence: &str) -> String {
    let mut path = steps(pointer);
    path.push(key.to_owned());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    document.warning(&path, sentence)
}

fn about(draft: Draft, key: &str, value: &Json) -> Option<String> {
    if keywords::known(key).is_none() {
        let hint = did_you_mean(key, keywords::all());
        return (!key.starts_with("x-"))
            .then(|| format!("\"{key}\" is no keyword of JSON Schema and is ignored{hint}"));
    }
    if !keywords::is_of(draft, key) {
        return Some(format!(
            "\"{key}\" is no keyword of {} and is ignored",
            draft::name(draft)
        ));
    }
    let text = value.as_str()?;
    match key {
        "format" if Format::parse(text).is_none() => {
            let hint = did_you_mean(text, FORMAT_NAMES);
            let known = jsonschema::options().is_known_format(draft, text);
            (!known).then(|| format!("format \"{text}\" is not asserted{hint}"))
        }
        "pattern" => match pattern::compile(text) {
            Err(PatternProblem::Unsupported(_)) => Some(format!(
                "the pattern {text:?} looks around or back, which may take time that grows with the square of the text or worse: it is tried for {MAX_PATTERN_STEPS} steps, and a text that needs more does not match"
            )),
            _ => None,
        },
        _ => None,
    }
}
