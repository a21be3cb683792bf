//! What the rules behind a type or a format must let pass, once that lets more texts come to them.

use serde_json::Value as Json;

use super::edit::Edit;
use super::propose::Look;

impl Look<'_> {
    /// What the other rules must let pass, now that a type or a format lets more texts come to them.
    pub(super) fn loosened(&self, with: &[Edit]) -> Vec<Edit> {
        let mut edits = vec![];
        let takes_text = |edit: &Edit| {
            matches!(edit, Edit::Set(path, Json::Array(types))
            if path.last().is_some_and(|k| k == "type") && types.iter().any(|t| t == "string"))
        };
        let number = |key: &str| self.schema.get(key).and_then(Json::as_f64);
        for (key, exceeds) in [
            ("minimum", (|old, new| old > new) as fn(f64, f64) -> bool),
            ("exclusiveMinimum", |old, new| old > new),
            ("maximum", |old, new| old < new),
            ("exclusiveMaximum", |old, new| old < new),
        ] {
            let (_, wider) = self.wider_bound(key);
            if let (Some(old), Some(Edit::Set(_, new))) = (number(key), wider.first())
                && exceeds(old, new.as_f64().unwrap_or(old))
            {
                edits.extend(wider);
            }
        }
        for (key, exceeds) in [
            ("minLength", (|old, new| old > new) as fn(f64, f64) -> bool),
            ("maxLength", |old, new| old < new),
        ] {
            let (_, wider) = self.wider_length(key);
            let over = match (number(key), wider.first()) {
                (Some(old), Some(Edit::Set(_, new))) => exceeds(old, new.as_f64().unwrap_or(old)),
                (old, _) => old.is_some(),
            };
            edits.extend(if over { wider } else { vec![] });
        }
        if with.iter().any(takes_text) {
            for key in ["x-format", "format"] {
                if self.schema.get(key).is_some() {
                    edits.push(Edit::Remove(self.path(key)));
                }
            }
        }
        let pattern = self.schema.get("pattern").and_then(Json::as_str);
        if pattern.is_some_and(|old| self.figures.looks.pattern(self.spare).as_deref() != Some(old))
        {
            let (_, other) = self.other_pattern();
            edits.extend(other);
        }
        if self.schema.get("enum").is_some() {
            let (_, mut gained) = self.enum_gained();
            let is_type = |edit: &Edit| matches!(edit, Edit::Set(path, _) if path.last().is_some_and(|k| k == "type"));
            if with.iter().any(is_type) {
                gained.retain(|edit| !is_type(edit));
            }
            let null = Edit::Append(self.path("enum"), Json::Null);
            let nullable = with.iter().any(|edit| matches!(edit, Edit::Set(_, Json::Array(t)) if t.iter().any(|t| t == "null")));
            let lists_null = self.schema["enum"]
                .as_array()
                .is_some_and(|l| l.contains(&Json::Null));
            if nullable && !lists_null && !gained.contains(&null) {
                gained.push(null);
            }
            edits.extend(gained);
        }
        edits
    }
}
