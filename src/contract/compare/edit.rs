//! Edits of JSON text that leave alone what they do not mean: order of keys, indentation, line ends.

use serde_json::Value as Json;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::contract::compare::json_spans::{Inside, Node, parse};

/// One edit; `path` is a list of keys from the root.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new value for a key that is there.
    Set(Vec<String>, Json),
    /// A new member at the end of an object, or after a key of it.
    Insert(Vec<String>, String, Json),
    /// A new item at the end of a list.
    Append(Vec<String>, Json),
    /// The key goes away.
    Remove(Vec<String>),
    /// An item of a list goes away.
    RemoveItem(Vec<String>, Json),
}

/// The text after an edit; `None` where the path leads nowhere.
pub fn apply(text: &str, edit: &Edit) -> Option<String> {
    let root = parse(text)?;
    let style = Style::of(text, &root);
    match edit {
        Edit::Set(path, value) => {
            let node = node_at(&root, path)?;
            let indent = Style::indent_of(text, node.span.start);
            let inline =
                !text[node.span.clone()].contains('\n') && (value.is_array() || !value.is_object());
            Some(replaced(
                text,
                node.span.clone(),
                &style.value(value, &indent, inline),
            ))
        }
        Edit::Insert(path, key, value) => {
            let node = node_at(&root, path)?;
            matches!(node.inside, Inside::Object(_)).then_some(())?;
            let key = serde_json::to_string(key).ok()?;
            Some(style.added(text, node, &format!("{key}: "), value))
        }
        Edit::Append(path, value) => {
            let node = node_at(&root, path)?;
            matches!(node.inside, Inside::Array(_)).then_some(())?;
            Some(style.added(text, node, "", value))
        }
        Edit::Remove(path) => {
            let (key, path) = path.split_last()?;
            let node = node_at(&root, path)?;
            let Inside::Object(members) = &node.inside else {
                return None;
            };
            Some(without(
                text,
                node,
                members.iter().position(|m| m.key == *key)?,
            ))
        }
        Edit::RemoveItem(path, value) => {
            let node = node_at(&root, path)?;
            let Inside::Array(items) = &node.inside else {
                return None;
            };
            let is_it = |item: &Node| {
                serde_json::from_str::<Json>(&text[item.span.clone()]).is_ok_and(|v| v == *value)
            };
            Some(without(text, node, items.iter().position(is_it)?))
        }
    }
}

fn node_at<'a>(root: &'a Node, path: &[String]) -> Option<&'a Node> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    root.at(&path)
}

fn replaced(text: &str, span: std::ops::Range<usize>, by: &str) -> String {
    format!("{}{by}{}", &text[..span.start], &text[span.end..])
}

/// Takes out a member or an item, with one comma.
fn without(text: &str, container: &Node, index: usize) -> String {
    let parts = container.parts();
    let span = match (index, parts.get(index + 1)) {
        (0, Some(next)) => parts[0].start..next.start,
        // The only one: what stays is an empty container.
        (0, None) => container.span.start + 1..container.span.end - 1,
        (i, _) => parts[i - 1].end..parts[i].end,
    };
    replaced(text, span, "")
}

/// By how much the first thing that begins a line stands deeper than the line of what it is in.
fn step(text: &str, node: &Node) -> Option<String> {
    let line_of = |at: usize| text[..at].rfind('\n').map_or(0, |n| n + 1);
    if let Some(part) = node.parts().first() {
        let before = &text[line_of(part.start)..part.start];
        let outer = &text[line_of(node.span.start)..];
        let outer = &outer[..outer.len() - outer.trim_start_matches([' ', '\t']).len()];
        let deeper = before.strip_prefix(outer).unwrap_or_default();
        if !deeper.is_empty() && before.trim().is_empty() {
            return Some(deeper.to_owned());
        }
    }
    match &node.inside {
        Inside::Object(members) => members.iter().find_map(|m| step(text, &m.value)),
        Inside::Array(items) => items.iter().find_map(|item| step(text, item)),
        Inside::Scalar => None,
    }
}

/// How the file is written.
struct Style {
    /// One step of indentation.
    step: String,
    line_end: &'static str,
}

impl Style {
    fn of(text: &str, root: &Node) -> Self {
        Self {
            step: step(text, root).unwrap_or_else(|| "  ".to_owned()),
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
        }
    }

    /// The space that the line of a byte begins with.
    fn indent_of(text: &str, at: usize) -> String {
        let line = &text[text[..at].rfind('\n').map_or(0, |n| n + 1)..];
        let rest = line.trim_start_matches([' ', '\t']);
        line[..line.len() - rest.len()].to_owned()
    }

    /// The container with one more thing at its end.
    fn added(&self, text: &str, container: &Node, before: &str, value: &Json) -> String {
        let parts = container.parts();
        let own = Self::indent_of(text, container.span.start);
        let Some(last) = parts.last() else {
            let inner = format!("{own}{}", self.step);
            let value = self.value(value, &inner, false);
            let (open, close) = if before.is_empty() {
                ('[', ']')
            } else {
                ('{', '}')
            };
            let end = self.line_end;
            let whole = format!("{open}{end}{inner}{before}{value}{end}{own}{close}");
            return replaced(text, container.span.clone(), &whole);
        };
        let is_inline = !text[container.span.start..parts[0].start].contains('\n');
        let new = if is_inline {
            format!(", {before}{}", self.value(value, &own, true))
        } else {
            let indent = Self::indent_of(text, last.start);
            let value = self.value(value, &indent, false);
            format!(",{}{indent}{before}{value}", self.line_end)
        };
        replaced(text, last.end..last.end, &new)
    }

    fn value(&self, value: &Json, indent: &str, inline: bool) -> String {
        if inline {
            return one_line(value);
        }
        let mut out = vec![];
        let formatter = PrettyFormatter::with_indent(self.step.as_bytes());
        let mut serializer = Serializer::with_formatter(&mut out, formatter);
        if serde::Serialize::serialize(value, &mut serializer).is_err() {
            return one_line(value);
        }
        let text = String::from_utf8(out).unwrap_or_else(|_| one_line(value));
        text.replace('\n', &format!("{}{indent}", self.line_end))
    }
}

/// `{"type": "string", "enum": ["a", "b"]}`
fn one_line(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            let members = map
                .iter()
                .map(|(k, v)| format!("{}: {}", Json::from(k.as_str()), one_line(v)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Json::Array(list) => {
            format!(
                "[{}]",
                list.iter().map(one_line).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn path(text: &str) -> Vec<String> {
        text.split('/')
            .filter(|k| !k.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn only_what_is_meant_moves() {
        let text = "{\n    \"z\": {\"enum\": [\"a\",\"b\"], \"type\":\"string\" },\n    \"required\": [\n        \"z\",\n        \"y\"\n    ]\n}\n";
        for (edit, old, new) in [
            (
                Edit::Append(path("z/enum"), json!("c")),
                "\"b\"]",
                "\"b\", \"c\"]",
            ),
            (
                Edit::Set(path("z/type"), json!(["string", "null"])),
                ":\"string\"",
                ":[\"string\", \"null\"]",
            ),
            (
                Edit::Insert(path("z"), "maxLength".into(), json!(4)),
                "\"string\" }",
                "\"string\", \"maxLength\": 4 }",
            ),
            (
                Edit::Append(path("required"), json!("x")),
                "\"y\"\n",
                "\"y\",\n        \"x\"\n",
            ),
            (
                Edit::RemoveItem(path("required"), json!("z")),
                "\"z\",\n        \"y\"",
                "\"y\"",
            ),
            (
                Edit::RemoveItem(path("required"), json!("y")),
                ",\n        \"y\"",
                "",
            ),
            (Edit::Remove(path("z/type")), ", \"type\":\"string\"", ""),
            (
                Edit::Insert(vec![], "p".into(), json!({"type": "integer", "enum": [1]})),
                "\n    ]\n}",
                "\n    ],\n    \"p\": {\n        \"type\": \"integer\",\n        \"enum\": [\n            1\n        ]\n    }\n}",
            ),
        ] {
            assert_eq!(
                apply(text, &edit).as_deref(),
                Some(&*text.replacen(old, new, 1)),
                "{edit:?}"
            );
        }
        assert_eq!(apply(text, &Edit::Set(path("no"), json!(1))), None);
        assert_eq!(
            apply(
                "{\r\n\t\"a\": {}\r\n}",
                &Edit::Insert(path("a"), "b".into(), json!(1))
            )
            .as_deref(),
            Some("{\r\n\t\"a\": {\r\n\t\t\"b\": 1\r\n\t}\r\n}")
        );
        assert_eq!(
            apply("{\"a\": [\"x\"]}", &Edit::RemoveItem(path("a"), json!("x"))).as_deref(),
            Some("{\"a\": []}")
        );
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<i32>().prop_map(Json::from),
            "\\PC{0,5}".prop_map(Json::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::vec(("[a-c\"\\\\]{1,2}", inner), 0..4)
                    .prop_map(|list| Json::Object(list.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn an_edited_text_means_the_edited_value(a in json(), list in proptest::collection::vec(json(), 0..4), new in json(), pretty in any::<bool>()) {
            let whole = json!({"a": a, "list": list, "o": {"k": 1}});
            let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) }.unwrap();
            let read = |edit| serde_json::from_str::<Json>(&apply(&text, &edit).unwrap()).unwrap();
            let mut wanted = whole.clone();
            wanted["a"] = new.clone();
            prop_assert_eq!(read(Edit::Set(path("a"), new.clone())), wanted);
            let mut wanted = whole.clone();
            wanted["list"].as_array_mut().unwrap().push(new.clone());
            prop_assert_eq!(read(Edit::Append(path("list"), new.clone())), wanted);
            let mut wanted = whole.clone();
            wanted["o"]["n"] = new.clone();
            prop_assert_eq!(read(Edit::Insert(path("o"), "n".into(), new)), wanted);
            let mut wanted = whole.clone();
            wanted.as_object_mut().unwrap().shift_remove("a");
            prop_assert_eq!(read(Edit::Remove(path("a"))), wanted);
            if let Some(first) = list.first() {
                let mut wanted = whole.clone();
                wanted["list"].as_array_mut().unwrap().remove(0);
                prop_assert_eq!(read(Edit::RemoveItem(path("list"), first.clone())), wanted);
            }
        }
    }
}
