//! What a change of a schema means to its version: an addition, a revision or a new model.

use jsonschema::Draft;
use jsonschema::canonical::{CanonicalSchema, Containment, Satisfiability};
use serde_json::{Value as Json, json};

use crate::contract::version::SchemaVer;

/// A step of `SchemaVer`.
///
/// # Source
/// Snowplow, "Introducing `SchemaVer`": an addition is compatible with all historical data, a revision may break some
/// of it, a model breaks all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Accepts the same.
    Same,
    /// Accepts all that the old one accepts.
    Addition,
    /// May refuse some of it.
    Revision,
    /// Refuses all of it.
    Model,
}

impl Step {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "the same",
            Self::Addition => "addition",
            Self::Revision => "revision",
            Self::Model => "model",
        }
    }

    /// The version after this step.
    pub const fn from(self, v: SchemaVer) -> SchemaVer {
        let (model, revision, addition) = match self {
            Self::Same => (v.model, v.revision, v.addition),
            Self::Addition => (v.model, v.revision, v.addition + 1),
            Self::Revision => (v.model, v.revision + 1, 0),
            Self::Model => (v.model + 1, 0, 0),
        };
        SchemaVer {
            model,
            revision,
            addition,
        }
    }
}

/// A step, and why it is that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The step; `None` where no proof was found either way.
    pub step: Option<Step>,
    /// How it was decided: a clause after a colon.
    pub why: String,
}

impl Advice {
    fn proved(step: Step, why: &str) -> Self {
        Self {
            step: Some(step),
            why: format!("proved: {why}"),
        }
    }
}

/// Compares two schemas as sets of JSON values.
pub fn advise(old: &Json, new: &Json) -> Advice {
    let undecided = |why: String| Advice { step: None, why };
    let (old_set, new_set) = match (canonical(old), canonical(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => return undecided(format!("no proof: {why}")),
    };
    match new_set.covers(&old_set) {
        Ok(Containment::Yes) => match old_set.covers(&new_set) {
            Ok(Containment::Yes) => Advice::proved(Step::Same, "both accept the same events"),
            _ => Advice::proved(
                Step::Addition,
                "every event that the old one accepts, the new one does",
            ),
        },
        Ok(Containment::No) => without_new_properties(old, new, &new_set)
            .unwrap_or_else(|| narrowed(&old_set, &new_set)),
        Ok(Containment::Unknown) => without_new_properties(old, new, &new_set)
            .or_else(|| narrowed_in_one(old, new).map(|()| narrowed(&old_set, &new_set)))
            .unwrap_or_else(|| undecided("no proof was found either way".to_owned())),
        Err(error) => undecided(format!("no proof: {error}")),
    }
}

/// A schema that is silent on a property accepts anything there, so that declaring it narrows by the letter. By
/// `SchemaVer` a new optional property is an addition.
fn without_new_properties(old: &Json, new: &Json, new_set: &CanonicalSchema) -> Option<Advice> {
    let (declared, wanted) = (
        old.get("properties")?.as_object()?,
        new.get("properties")?.as_object()?,
    );
    let mut completed = old.clone();
    let into = completed["properties"].as_object_mut()?;
    let added = wanted
        .iter()
        .filter(|(name, _)| !declared.contains_key(*name));
    let before = into.len();
    into.extend(added.map(|(name, schema)| (name.clone(), schema.clone())));
    if into.len() == before {
        return None;
    }
    let completed = canonical(&completed).ok()?;
    let why = "every event that the old one accepts, the new one does, but for values of new optional properties";
    matches!(new_set.covers(&completed), Ok(Containment::Yes))
        .then(|| Advice::proved(Step::Addition, why))
}

fn narrowed(old: &CanonicalSchema, new: &CanonicalSchema) -> Advice {
    let both = old.intersect(new).map(|both| both.satisfiability());
    if matches!(both, Ok(Satisfiability::No)) {
        return Advice::proved(Step::Model, "no event is accepted by both");
    }
    Advice::proved(
        Step::Revision,
        "the new one refuses events that the old one accepts",
    )
}

/// True where one property alone shows that the new schema refuses what the old one accepts: nothing but properties and
/// `required` is said, so that each stands for itself.
fn narrowed_in_one(old: &Json, new: &Json) -> Option<()> {
    const PLAIN: [&str; 11] = [
        "$schema",
        "$id",
        "$comment",
        "title",
        "description",
        "version",
        "self",
        "type",
        "properties",
        "required",
        "additionalProperties",
    ];
    let plain = |schema: &Json| {
        schema
            .as_object()?
            .keys()
            .all(|k| PLAIN.contains(&k.as_str()))
            .then_some(())
    };
    plain(old).and(plain(new))?;
    let (was, is) = (
        old.get("properties")?.as_object()?,
        new.get("properties")?.as_object()?,
    );
    was.iter()
        .any(|(name, was)| {
            let alone = |property: &Json| {
                let mut whole = property.clone();
                if let (Some(map), Some(says)) = (whole.as_object_mut(), old.get("$schema")) {
                    map.insert("$schema".to_owned(), says.clone());
                }
                canonical(&whole).ok()
            };
            let pair = is.get(name).and_then(|is| alone(is).zip(alone(was)));
            pair.is_some_and(|(now, before)| {
                matches!(now.covers(&before), Ok(Containment::No))
                    || is.get(name).is_some_and(|is| has_witness(was, is))
            })
        })
        .then_some(())
}

/// True where a plain value shows that `is` refuses what `was` accepts.
fn has_witness(was: &Json, is: &Json) -> bool {
    let validator = |schema: &Json| {
        let options = jsonschema::options().should_validate_formats(true);
        options.build(schema).ok()
    };
    let Some((was, is)) = validator(was).zip(validator(is)) else {
        return false;
    };
    let values = [
        Json::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1),
        json!(0.5),
        json!(1e9),
        json!(""),
        json!("a"),
        json!("0"),
        json!("a".repeat(64)),
    ];
    values
        .iter()
        .any(|value| was.is_valid(value) && !is.is_valid(value))
}

fn canonical(schema: &Json) -> Result<CanonicalSchema, String> {
    let mut options = jsonschema::canonical::options()
        .offline()
        .should_validate_formats(true);
    let says = schema.get("$schema").and_then(Json::as_str);
    // Iglu's self-describing schemas are draft 4 under a name of their own.
    let schema = if says.is_some_and(|s| s.contains("com.snowplowanalytics.self-desc")) {
        options = options.with_draft(Draft::Draft4);
        let mut plain = schema.clone();
        if let Some(map) = plain.as_object_mut() {
            map.shift_remove("$schema");
        }
        plain
    } else {
        schema.clone()
    };
    options.canonicalize(&schema).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_proved() {
        let base = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["a"],
            "properties": {
                "a": {"type": "integer", "minimum": 0}, "c": {"enum": ["x", "y"]}, "u": {"type": "string", "format": "uuid"},
                "p": {"type": "string", "pattern": "^SKU-[0-9]{4}$", "maxLength": 30}
            }
        });
        let with = |change: &dyn Fn(&mut Json)| {
            let mut new = base.clone();
            change(&mut new);
            advise(&base, &new).step
        };
        for (name, change, step) in [
            (
                "title",
                &(|s: &mut Json| s["title"] = json!("t")) as &dyn Fn(&mut Json),
                Step::Same,
            ),
            (
                "enum gained",
                &|s| s["properties"]["c"]["enum"] = json!(["x", "y", "z"]),
                Step::Addition,
            ),
            (
                "enum lost",
                &|s| s["properties"]["c"]["enum"] = json!(["x"]),
                Step::Revision,
            ),
            (
                "widened",
                &|s| s["properties"]["a"]["type"] = json!("number"),
                Step::Addition,
            ),
            (
                "nullable",
                &|s| s["properties"]["a"]["type"] = json!(["integer", "null"]),
                Step::Addition,
            ),
            (
                "not required",
                &|s| s["required"] = json!([]),
                Step::Addition,
            ),
            (
                "bound lifted",
                &|s| s["properties"]["a"]["minimum"] = json!(-10),
                Step::Addition,
            ),
            (
                "bound lowered",
                &|s| s["properties"]["a"]["minimum"] = json!(10),
                Step::Revision,
            ),
            (
                "longer",
                &|s| s["properties"]["p"]["maxLength"] = json!(64),
                Step::Addition,
            ),
            (
                "format dropped",
                &|s| s["properties"]["u"] = json!({"type": "string"}),
                Step::Addition,
            ),
            (
                "new property",
                &|s| s["properties"]["n"] = json!({"type": "integer"}),
                Step::Addition,
            ),
            (
                "other type",
                &|s| s["properties"]["a"] = json!({"type": "string"}),
                Step::Model,
            ),
        ] {
            assert_eq!(with(change), Some(step), "{name}");
        }
    }

    #[test]
    fn versions_step() {
        let v = SchemaVer::parse("1-2-3").unwrap();
        let after = [Step::Same, Step::Addition, Step::Revision, Step::Model]
            .map(|s| s.from(v).to_string());
        assert_eq!(after, ["1-2-3", "1-2-4", "1-3-0", "2-0-0"]);
    }
}
