//! The keywords of JSON Schema, by what becomes of them.

/// Enforced on the event as a whole.
pub const ENFORCED_TOP: [&str; 4] = ["type", "properties", "required", "additionalProperties"];

/// Enforced on a property.
pub const ENFORCED: [&str; 14] = [
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
    "x-format",
    "x-split",
];

/// Say nothing about validity.
pub const ANNOTATIONS: [&str; 22] = [
    "$schema",
    "$id",
    "id",
    "$comment",
    "$anchor",
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
];

/// Assert something that is not enforced yet.
pub const NOT_YET: [&str; 30] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "oneOf",
    "anyOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "minProperties",
    "maxProperties",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "minContains",
    "maxContains",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
];

/// Every keyword that a misspelt one may have meant.
pub fn all() -> impl Iterator<Item = &'static str> {
    ENFORCED
        .into_iter()
        .chain(ENFORCED_TOP)
        .chain(NOT_YET)
        .chain(ANNOTATIONS)
}
