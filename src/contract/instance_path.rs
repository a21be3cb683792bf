//! Where in an event a value is: `items[2].sku`.

/// Appends a key: `.sku` (without the dot at the start), or `["a b"]` where it is no plain word.
pub fn push_key(path: &mut String, key: &str) {
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$' | b'@') || b >= 0x80;
    if !key.is_empty() && key.bytes().all(plain) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    } else {
        path.push('[');
        path.push_str(&serde_json::Value::from(key).to_string());
        path.push(']');
    }
}

/// Appends an index: `[2]`.
pub fn push_index(path: &mut String, index: usize) {
    path.push('[');
    path.push_str(&index.to_string());
    path.push(']');
}

/// The property that a path begins with, and whether it goes on into its value.
pub fn head(path: &str) -> &str {
    path.find(['.', '[']).map_or(path, |at| &path[..at])
}

/// Splits a query key such as `items[0].sku` or `items[]` into its property and the steps into it; `None` where there
/// are none, or more than a person would write.
pub fn split_key(key: &str) -> Option<(&str, Vec<&str>)> {
    const MOST: usize = 32;
    let head = head(key);
    let mut rest = &key[head.len()..];
    if head.is_empty() || rest.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == MOST {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']')?;
            steps.push(&inner[..end]);
            rest = &inner[end + 1..];
        } else {
            let inner = rest.strip_prefix('.')?;
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            if end == 0 {
                return None;
            }
            steps.push(&inner[..end]);
            rest = &inner[end..];
        }
    }
    Some((head, steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_split_and_join() {
        assert_eq!(split_key("a.b"), Some(("a", vec!["b"])));
        assert_eq!(split_key("a[b][0].c"), Some(("a", vec!["b", "0", "c"])));
        assert_eq!(split_key("a[]"), Some(("a", vec![""])));
        for none in ["a", ".a", "[a]", "a.", "a[b", "a[b]c", "a..b"] {
            assert_eq!(split_key(none), None, "{none}");
        }
        assert_eq!(split_key(&("a".to_owned() + &"[b]".repeat(33))), None);
        let mut path = String::new();
        push_key(&mut path, "items");
        push_index(&mut path, 2);
        push_key(&mut path, "sku");
        push_key(&mut path, "a b");
        assert_eq!(path, "items[2].sku[\"a b\"]");
        assert_eq!(head(&path), "items");
    }
}
