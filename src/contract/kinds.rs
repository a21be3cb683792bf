//! The types that a schema allows, looked for through `$ref` and combinators: what a text is read as.

use serde_json::{Map, Value as Json};

use crate::contract::documents::{Documents, Node};
use crate::contract::keywords::{OF_ARRAYS, OF_OBJECTS};
use crate::contract::rule::Types;

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kinds(u8);

impl Kinds {
    /// No type.
    pub const NONE: Self = Self(0);
    /// `null`
    pub const NULL: Self = Self(1);
    /// `boolean`
    pub const BOOLEAN: Self = Self(2);
    /// `integer`
    pub const INTEGER: Self = Self(4);
    /// `number`: integers too.
    pub const NUMBER: Self = Self(4 | 8);
    /// `string`
    pub const STRING: Self = Self(16);
    /// `array`
    pub const ARRAY: Self = Self(32);
    /// `object`
    pub const OBJECT: Self = Self(64);
    /// Whatever there is.
    pub const ALL: Self = Self(127);

    /// The type of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// True where all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True where it has an array or an object.
    pub const fn structured(self) -> bool {
        self.0 & (Self::ARRAY.0 | Self::OBJECT.0) != 0
    }

    /// In one or the other.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scalar ones.
    pub const fn types(self) -> Types {
        Types {
            null: self.has(Self::NULL),
            boolean: self.has(Self::BOOLEAN),
            integer: self.has(Self::INTEGER),
            number: self.has(Self::NUMBER),
            string: self.has(Self::STRING),
        }
    }
}

/// Deeper than any schema that a person writes.
const DEPTH: usize = 32;

/// The types that a text may be read as: what the schema, or what it refers to, says; else those of its values; else
/// what its keywords are about.
pub fn of(documents: &Documents, node: &Node<'_>) -> Kinds {
    let declared = declared(documents, node, DEPTH);
    if declared != Kinds::ALL {
        return declared;
    }
    let mut implied = Kinds::NONE;
    imply(documents, node, DEPTH, &mut implied);
    // Keywords for numbers, arrays and objects say nothing about a text, which may stand for all else.
    if implied == Kinds::NONE
        || implied.and(Kinds::NUMBER.or(Kinds::ARRAY).or(Kinds::OBJECT)) == implied
    {
        implied = implied.or(Kinds::STRING);
    }
    implied
}

/// The types by `type`, `enum` and `const`, [`Kinds::ALL`] where nothing is said.
fn declared(documents: &Documents, node: &Node<'_>, depth: usize) -> Kinds {
    let Some(map) = node.map().filter(|_| depth > 0) else {
        return Kinds::ALL;
    };
    let mut kinds = Kinds::ALL;
    let mut narrow = |to: Kinds| {
        if kinds.and(to) != Kinds::NONE {
            kinds = kinds.and(to);
        }
    };
    let target = |key: &str| documents.follow(node, map.get(key)?.as_str()?);
    for next in ["$ref", "$dynamicRef", "$recursiveRef"]
        .into_iter()
        .filter_map(target)
    {
        narrow(declared(documents, &next, depth - 1));
    }
    match map.get("type") {
        Some(Json::String(name)) => narrow(Kinds::named(name).unwrap_or(Kinds::ALL)),
        Some(Json::Array(names)) => {
            let names = names
                .iter()
                .filter_map(Json::as_str)
                .filter_map(Kinds::named);
            narrow(names.fold(Kinds::NONE, Kinds::or));
        }
        _ => narrow(of_values(map)),
    }
    for part in parts(node, "allOf") {
        narrow(declared(documents, &part, depth - 1));
    }
    for key in ["anyOf", "oneOf"] {
        let several = parts(node, key);
        if !several.is_empty() {
            let any = several.iter().map(|n| declared(documents, n, depth - 1));
            narrow(any.fold(Kinds::NONE, Kinds::or));
        }
    }
    kinds
}

fn of_values(map: &Map<String, Json>) -> Kinds {
    let listed = map
        .get("enum")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    let kinds = listed.chain(map.get("const")).map(|value| match value {
        Json::Null => Kinds::NULL,
        Json::Bool(_) => Kinds::BOOLEAN,
        Json::Number(n) if n.is_f64() => Kinds::NUMBER,
        Json::Number(_) => Kinds::INTEGER,
        Json::String(_) => Kinds::STRING,
        Json::Array(_) => Kinds::ARRAY,
        Json::Object(_) => Kinds::OBJECT,
    });
    match kinds.fold(Kinds::NONE, Kinds::or) {
        Kinds::NONE => Kinds::ALL,
        some => some,
    }
}

const OF_NUMBERS: [&str; 5] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];

/// What the keywords of a schema without types are about.
fn imply(documents: &Documents, node: &Node<'_>, depth: usize, into: &mut Kinds) {
    let Some(map) = node.map().filter(|_| depth > 0) else {
        return;
    };
    for key in map.keys().map(String::as_str) {
        if OF_NUMBERS.contains(&key) {
            *into = into.or(Kinds::NUMBER);
        } else if OF_ARRAYS.contains(&key) || key == "x-split" {
            *into = into.or(Kinds::ARRAY);
        } else if OF_OBJECTS.contains(&key) && !key.starts_with('$') {
            *into = into.or(Kinds::OBJECT);
        }
    }
    let target = |key: &str| documents.follow(node, map.get(key)?.as_str()?);
    let refs = ["$ref", "$dynamicRef", "$recursiveRef"]
        .into_iter()
        .filter_map(target);
    let inner = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .flat_map(|key| parts(node, key));
    for next in refs.chain(inner).collect::<Vec<_>>() {
        imply(documents, &next, depth - 1, into);
    }
}

/// The schemas of a list such as `allOf`.
pub fn parts<'d>(node: &Node<'d>, key: &str) -> Vec<Node<'d>> {
    let count = node
        .schema
        .get(key)
        .and_then(Json::as_array)
        .map_or(0, Vec::len);
    (0..count)
        .filter_map(|i| node.child(&[key, &i.to_string()]))
        .collect()
}
