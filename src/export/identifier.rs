//! Names that every warehouse takes: snake case, lower case, `[a-z0-9_]`.

/// Longest identifier in bytes.
///
/// # Source
/// Amazon Redshift Database Developer Guide, "Names and identifiers": 1 to 127 bytes, folded to lower case.
pub const MAX_BYTES: usize = 127;

/// The identifier for a name as logged: `orderTotal` → `order_total`, `order.total` → `order_total`,
/// `HTTPStatus` → `http_status`, `4x` → `_4x`. Never fails; may be longer than [`MAX_BYTES`].
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() {
            let after_lower =
                i > 0 && (chars[i - 1].is_ascii_lowercase() || chars[i - 1].is_ascii_digit());
            let ends_capitals = i > 0
                && chars[i - 1].is_ascii_uppercase()
                && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
            if after_lower || ends_capitals {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' {
            out.push(c);
        } else {
            out.push('_');
        }
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}

/// The identifier in double quotes, so that reserved words are harmless.
pub fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A text in single quotes, for SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        for (name, expected) in [
            ("page_view", "page_view"),
            ("orderTotal", "order_total"),
            ("order.total", "order_total"),
            ("HTTPStatus", "http_status"),
            ("userID", "user_id"),
            ("Größe", "gr__e"),
            ("4x", "_4x"),
            ("", "_"),
            ("../etc", "___etc"),
        ] {
            assert_eq!(snake_case(name), expected, "{name}");
        }
    }
}
