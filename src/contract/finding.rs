//! What the crate finds, in the words and codes of the contract.

use std::collections::HashMap;

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::LocationSegment;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use crate::contract::format::Format;
use crate::contract::instance_path::{push_index, push_key};
use crate::contract::keywords::{self, Holds};
use crate::contract::phrase;
use crate::model::Code;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The code.
    pub code: Code,
    /// The keyword.
    pub keyword: &'static str,
    /// Where in the event: `items[2].sku`.
    pub path: String,
    /// What was expected, as a noun phrase.
    pub expected: String,
    /// What was found; `None` for what is missing.
    pub value: Option<String>,
}

/// What is known beside an error.
pub struct Around<'a> {
    /// By the pointer of an `anyOf`, `oneOf` or `not`: what it asks for.
    pub alternatives: &'a HashMap<String, String>,
    /// True where something is wrong at or inside that place of the value.
    pub broken: &'a dyn Fn(&str) -> bool,
}

/// Tells what one error of the crate means. `root` is the path of the value that was judged; empty for the event.
pub fn describe(
    error: &ValidationError<'_>,
    root: &str,
    around: &Around<'_>,
    tell: &mut impl FnMut(&Finding),
) {
    let path = instance_path(error, root);
    let value = Some(text_of(error.instance()));
    let condition = condition(error);
    let mut one = |code: Code,
                   keyword: &'static str,
                   path: String,
                   expected: String,
                   value: Option<String>| {
        let (code, keyword, expected) = match condition {
            Some(word) => (
                Code::V414,
                if keyword == "false" { word } else { keyword },
                conditional(&expected, keyword, word),
            ),
            None => (code, keyword, expected),
        };
        tell(&Finding {
            code,
            keyword,
            path,
            expected,
            value,
        });
    };
    let under = |key: &str| {
        let mut path = path.clone();
        push_key(&mut path, key);
        path
    };
    let member = |key: &str| error.instance().get(key).map(text_of);
    let named = |words: fn(&str) -> String| {
        let known = around
            .alternatives
            .get(error.schema_path().as_str())
            .filter(|w| !w.is_empty());
        known.map_or_else(
            || "what one of the alternatives asks for".to_owned(),
            |w| words(w),
        )
    };
    match error.kind() {
        Kind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            one(Code::V401, "required", under(key), String::new(), None);
        }
        Kind::AdditionalProperties { unexpected } => {
            for key in unexpected {
                one(
                    Code::V410,
                    "additionalProperties",
                    under(key),
                    String::new(),
                    member(key),
                );
            }
        }
        Kind::UnevaluatedProperties { unexpected } => {
            let at = |key: &str| error.instance_path().join(key);
            let unknown = unexpected
                .iter()
                .filter(|key| !(around.broken)(at(key).as_str()));
            for key in unknown {
                one(
                    Code::V410,
                    "unevaluatedProperties",
                    under(key),
                    String::new(),
                    member(key),
                );
            }
        }
        Kind::AnyOf { .. } => one(
            Code::V413,
            "anyOf",
            path.clone(),
            named(str::to_owned),
            value,
        ),
        Kind::OneOfNotValid { .. } => one(
            Code::V413,
            "oneOf",
            path.clone(),
            named(str::to_owned),
            value,
        ),
        Kind::OneOfMultipleValid { .. } => {
            one(
                Code::V413,
                "oneOf",
                path.clone(),
                named(|w| format!("exactly one of: {w}")),
                value,
            );
        }
        Kind::Not { .. } => one(
            Code::V413,
            "not",
            path.clone(),
            named(|w| format!("anything but {w}")),
            value,
        ),
        Kind::PropertyNames { error: inner } => {
            let expected = format!("property names that are {}", simple(inner).1);
            one(
                Code::V499,
                "propertyNames",
                path.clone(),
                expected,
                Some(text_of(inner.instance())),
            );
        }
        Kind::FalseSchema => {
            let (code, keyword) = forbidden(error);
            one(
                code,
                keyword,
                path.clone(),
                "nothing here".to_owned(),
                value,
            );
        }
        _ => {
            let (code, expected) = simple(error);
            let keyword = keywords::known(error.kind().keyword()).unwrap_or("$ref");
            one(code, keyword, path.clone(), expected, value);
        }
    }
}

fn conditional(expected: &str, keyword: &str, condition: &str) -> String {
    match keyword {
        "required" => format!("a value, by \"{condition}\""),
        "additionalProperties" | "unevaluatedProperties" => {
            format!("no such property, by \"{condition}\"")
        }
        _ => format!("{expected}, by \"{condition}\""),
    }
}

/// Code and expectation of the kinds that say one thing.
fn simple(error: &ValidationError<'_>) -> (Code, String) {
    let items = |n: u64| format!("{n} item{}", if n == 1 { "" } else { "s" });
    let properties = |n: u64| format!("{n} {}", if n == 1 { "property" } else { "properties" });
    match error.kind() {
        Kind::Type { kind } => (Code::V402, types(kind)),
        Kind::Enum { options } => {
            let values = options.as_array().map(Vec::as_slice).unwrap_or_default();
            (Code::V403, phrase::allowed(values))
        }
        Kind::Constant { expected_value } => (
            Code::V403,
            phrase::allowed(std::slice::from_ref(expected_value)),
        ),
        Kind::Minimum { limit } => (Code::V404, format!("at least {limit}")),
        Kind::ExclusiveMinimum { limit } => (Code::V404, format!("more than {limit}")),
        Kind::Maximum { limit } => (Code::V405, format!("at most {limit}")),
        Kind::ExclusiveMaximum { limit } => (Code::V405, format!("less than {limit}")),
        Kind::MinLength { limit } => (
            Code::V406,
            format!("at least {}", phrase::characters(*limit)),
        ),
        Kind::MaxLength { limit } => (
            Code::V407,
            format!("at most {}", phrase::characters(*limit)),
        ),
        Kind::Pattern { pattern } => (Code::V408, format!("text that matches {pattern}")),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => (
            Code::V408,
            "text that its pattern can match within 100,000 steps".to_owned(),
        ),
        Kind::Format { format } => {
            let known = Format::parse(format).map(|f| f.expected().into_owned());
            (
                Code::V409,
                known.unwrap_or_else(|| format!("text of the format {format}")),
            )
        }
        Kind::MultipleOf { multiple_of } => (Code::V411, format!("a multiple of {multiple_of}")),
        Kind::MinItems { limit } => (Code::V412, format!("at least {}", items(*limit))),
        Kind::MaxItems { limit } => (Code::V412, format!("at most {}", items(*limit))),
        Kind::AdditionalItems { limit } => {
            (Code::V412, format!("at most {}", items(*limit as u64)))
        }
        Kind::UnevaluatedItems { .. } => (Code::V412, "no further items".to_owned()),
        Kind::UniqueItems => (Code::V412, "items that all differ".to_owned()),
        Kind::Contains => (Code::V412, "items that fit \"contains\"".to_owned()),
        Kind::MinProperties { limit } => (Code::V499, format!("at least {}", properties(*limit))),
        Kind::MaxProperties { limit } => (Code::V499, format!("at most {}", properties(*limit))),
        Kind::ContentEncoding { content_encoding } => {
            (Code::V499, format!("text in {content_encoding}"))
        }
        Kind::ContentMediaType { content_media_type } => {
            (Code::V499, format!("text that is {content_media_type}"))
        }
        other => (Code::V499, format!("what \"{}\" asks for", other.keyword())),
    }
}

fn types(kind: &TypeKind) -> String {
    let named = |one: JsonType| phrase::json_type(one.as_str());
    match kind {
        TypeKind::Single(one) => named(*one).to_owned(),
        TypeKind::Multiple(several) => {
            let words: Vec<&str> = several.iter().map(named).collect();
            words.join(" or ")
        }
    }
}

/// The keyword whose schema is `false`.
fn forbidden(error: &ValidationError<'_>) -> (Code, &'static str) {
    let words = words(error);
    match words.last().copied() {
        Some(
            word @ ("items" | "prefixItems" | "additionalItems" | "unevaluatedItems" | "contains"),
        ) => (Code::V412, word),
        Some(word @ ("allOf" | "anyOf" | "oneOf" | "not")) => (Code::V413, word),
        Some(
            word @ ("properties"
            | "patternProperties"
            | "additionalProperties"
            | "unevaluatedProperties"),
        ) => (Code::V410, word),
        Some(word @ ("then" | "else" | "dependencies" | "dependentSchemas")) => (Code::V414, word),
        _ => (Code::V499, "false"),
    }
}

/// The condition that an error stands under: `then`, `dependentRequired` …
fn condition(error: &ValidationError<'_>) -> Option<&'static str> {
    let conditional = |word: &&'static str| {
        matches!(
            *word,
            "then" | "else" | "dependencies" | "dependentSchemas" | "dependentRequired"
        )
    };
    words(error).into_iter().find(conditional)
}

/// The keywords that lead to an error. (`properties/then` is a property of that name.)
fn words(error: &ValidationError<'_>) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mut is_name = false;
    for segment in error.evaluation_path().segments() {
        let named = std::mem::take(&mut is_name);
        let LocationSegment::Property(word) = &segment else {
            continue;
        };
        if named {
            continue;
        }
        let word: &str = word;
        is_name = keywords::holds(word) == Some(Holds::Named);
        words.extend(keywords::known(word));
    }
    words
}

fn instance_path(error: &ValidationError<'_>, root: &str) -> String {
    let mut path = root.to_owned();
    let mut at = error.instance_path().as_str();
    while let Some(rest) = at.strip_prefix('/') {
        let (segment, next) = rest
            .split_once('/')
            .map_or((rest, ""), |(s, _)| (s, &rest[s.len()..]));
        let key = segment.replace("~1", "/").replace("~0", "~");
        // The names of an event's own properties stand as they are.
        if path.is_empty() {
            path.push_str(&key);
        } else if let Ok(index) = key.parse::<usize>() {
            push_index(&mut path, index);
        } else {
            push_key(&mut path, &key);
        }
        at = next;
    }
    path
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
