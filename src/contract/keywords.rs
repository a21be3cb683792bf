//! The keywords of JSON Schema, by what becomes of them.

use jsonschema::Draft;

/// Enforced by the fast path on a property of a scalar type.
pub const FAST: [&str; 12] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
];

/// How a text is read; ours.
pub const READING: [&str; 2] = ["x-format", "x-split"];

/// Enforced by the fast path on the event as a whole. (`additionalProperties` where it is no schema.)
pub const FAST_TOP: [&str; 4] = ["type", "properties", "required", "additionalProperties"];

/// Say nothing about validity.
pub const ANNOTATIONS: [&str; 27] = [
    "$schema",
    "$id",
    "id",
    "$comment",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "version",
    "self",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "definitions",
    "$defs",
    "$supersededBy",
    "$supersedes",
    "minContains",
    "maxContains",
];

/// Keywords that assert something about an object.
pub const OF_OBJECTS: [&str; 13] = [
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "$recursiveRef",
    "$dynamicRef",
];

/// Keywords that assert something about an array.
pub const OF_ARRAYS: [&str; 8] = [
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "unevaluatedItems",
];

/// Keywords that bring other schemas to the same value.
pub const IN_PLACE: [&str; 10] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// Every keyword that a misspelt one may have meant.
pub fn all() -> impl Iterator<Item = &'static str> {
    FAST.into_iter()
        .chain(READING)
        .chain(OF_OBJECTS)
        .chain(OF_ARRAYS)
        .chain(IN_PLACE)
        .chain(ANNOTATIONS)
}

/// The static name of a keyword.
pub fn known(word: &str) -> Option<&'static str> {
    all().find(|k| *k == word)
}

/// True where the draft has that keyword; `true` for annotations, which no draft minds.
pub fn is_of(draft: Draft, word: &str) -> bool {
    let from = |first: Draft| draft >= first;
    match word {
        "const" | "contains" | "propertyNames" => from(Draft::Draft6),
        "if" | "then" | "else" => from(Draft::Draft7),
        "dependentRequired"
        | "dependentSchemas"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "minContains"
        | "maxContains" => from(Draft::Draft201909),
        "$recursiveRef" => draft == Draft::Draft201909,
        "prefixItems" | "$dynamicRef" => from(Draft::Draft202012),
        "additionalItems" => !from(Draft::Draft202012),
        _ => true,
    }
}

/// True where a keyword asserts something under that draft and the fast path does not know it.
pub fn is_residual(draft: Draft, word: &str) -> bool {
    let asserts =
        OF_OBJECTS.contains(&word) || OF_ARRAYS.contains(&word) || IN_PLACE.contains(&word);
    // Drafts 6 and 7 assert what later ones only note.
    let content = matches!(word, "contentEncoding" | "contentMediaType")
        && matches!(draft, Draft::Draft6 | Draft::Draft7);
    (asserts && is_of(draft, word) && !matches!(word, "then" | "else")) || content
}

/// Where subschemas stand: directly, in a list, or by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One schema, or (`items`) a list.
    Schemas,
    /// Schemas by name; the names are no keywords.
    Named,
}

/// What a keyword holds, where that is schemas.
pub fn holds(word: &str) -> Option<Holds> {
    match word {
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
        | "dependencies" => Some(Holds::Named),
        "additionalProperties"
        | "additionalItems"
        | "items"
        | "prefixItems"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentSchema"
        | "allOf"
        | "anyOf"
        | "oneOf" => Some(Holds::Schemas),
        _ => None,
    }
}

/// True where a keyword asserts something about a value, or says how its text is read.
pub fn asserts(word: &str) -> bool {
    FAST.contains(&word)
        || READING.contains(&word)
        || OF_OBJECTS.contains(&word)
        || OF_ARRAYS.contains(&word)
        || IN_PLACE.contains(&word)
}
