//! What an edit of a contract touches, so that nothing else is judged again.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;
use xxhash_rust::xxh3::xxh3_64;

use crate::contract::{Additional, Contract, EventSchema};
use crate::model::Code;

/// What has to be judged again when one contract takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Everything: which records are events, their names, ids or times, or duplicates.
    pub all: bool,
    /// The events of these names, whatever their version.
    pub names: BTreeSet<Arc<str>>,
    /// The events that no schema was found for (R202, R203): they may have one now, or weigh something else.
    pub undeclared: bool,
    /// The event types with a failure of one of these codes: it weighs something else now.
    pub codes: Vec<Code>,
}

impl Change {
    /// From one contract to another.
    pub fn between(old: &Contract, new: &Contract) -> Self {
        let mut change = Self::of_routing(old, new);
        for schema in &old.schemas {
            change.compare(schema, new);
        }
        for schema in &new.schemas {
            if find(old, schema).is_none() {
                change.names.insert(schema.name.clone());
                change.undeclared = true;
            }
        }
        change
    }

    /// Nothing has to be judged again.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn compare(&mut self, schema: &EventSchema, new: &Contract) {
        match find(new, schema) {
            Some(same) if same.source == schema.source && same.repairs_as(schema) => {}
            Some(_) => {
                self.names.insert(schema.name.clone());
            }
            None => {
                self.names.insert(schema.name.clone());
                self.undeclared = true;
            }
        }
    }

    fn of_routing(old: &Contract, new: &Contract) -> Self {
        let (before, after) = (&old.routing, &new.routing);
        let mut rest = before.clone();
        rest.policy = after.policy.clone();
        rest.severity = after.severity.clone();
        rest.preset.clone_from(&after.preset);
        let weighs_else = |code: &Code| before.severity_of(*code) != after.severity_of(*code);
        let of_duplicates = |code: &Code| matches!(code, Code::X501 | Code::X502);
        let same_weights = |code: &Code| before.severity.get(code) == after.severity.get(code);
        let mut change = Self {
            all: rest != *after
                || before.policy.duplicate_key != after.policy.duplicate_key
                || before.policy.duplicate_event != after.policy.duplicate_event
                || ![Code::X501, Code::X502].iter().all(same_weights),
            undeclared: before.policy.unknown_event != after.policy.unknown_event,
            codes: Code::ALL
                .iter()
                .copied()
                .filter(|code| weighs_else(code) && !of_duplicates(code))
                .collect(),
            names: BTreeSet::new(),
        };
        if before.policy.unknown_property != after.policy.unknown_property {
            let silent = new
                .schemas
                .iter()
                .filter(|s| s.additional == Additional::Silent);
            change.names.extend(silent.map(|s| s.name.clone()));
        }
        change
    }
}

impl Contract {
    /// Takes over the dictionaries of the schemas that are the same in an older contract: columns that stay are
    /// appended to, and have one dictionary for life.
    pub fn keep_words(&mut self, old: &Self) {
        for schema in &mut self.schemas {
            let Some(same) = find(old, schema).filter(|s| s.source == schema.source) else {
                continue;
            };
            for (property, known) in schema.properties.iter_mut().zip(&same.properties) {
                property.words.clone_from(&known.words);
            }
        }
    }
}

/// The schema of the same name and version.
fn find<'a>(contract: &'a Contract, schema: &EventSchema) -> Option<&'a EventSchema> {
    let is_same = |s: &&EventSchema| s.name == schema.name && s.version == schema.version;
    contract.schemas.iter().find(is_same)
}

/// Hash of a schema file; one that refers to others has their hash in it.
pub fn source(json: &Json, others: u64) -> u64 {
    let text = json.to_string();
    let refers = text.contains("\"$ref\"") || text.contains("Ref\":");
    xxh3_64(text.as_bytes()) ^ if refers { others } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(toml: &str, schemas: &[(&str, &str)]) -> Contract {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("frontlog.toml"), toml).unwrap();
        std::fs::create_dir(folder.path().join("schemas")).unwrap();
        for (name, text) in schemas {
            std::fs::write(folder.path().join("schemas").join(name), text).unwrap();
        }
        Contract::load(folder.path()).unwrap()
    }

    const VIEW: (&str, &str) = ("view.json", r#"{"properties": {"w": {"type": "integer"}}}"#);
    const BUY: (&str, &str) = ("buy.json", r#"{"properties": {"v": {"type": "number"}}}"#);

    fn names(change: &Change) -> Vec<&str> {
        change.names.iter().map(|n| &**n).collect()
    }

    #[test]
    fn an_edit_touches_what_it_says() {
        let base = contract("", &[VIEW, BUY]);
        let between =
            |toml: &str, schemas: &[(&str, &str)]| Change::between(&base, &contract(toml, schemas));
        assert!(between("# only a comment\n", &[BUY, VIEW]).is_nothing());

        let one = between(
            "",
            &[
                VIEW,
                ("buy.json", r#"{"properties": {"v": {"type": "integer"}}}"#),
            ],
        );
        assert_eq!(
            (names(&one), one.undeclared, one.all),
            (vec!["buy"], false, false)
        );

        let more = between("", &[VIEW, BUY, ("new.json", "{}")]);
        assert_eq!(
            (names(&more), more.undeclared, more.all),
            (vec!["new"], true, false)
        );
        let less = between("", &[VIEW]);
        assert_eq!((names(&less), less.undeclared), (vec!["buy"], true));

        let severity = between("[severity]\nV402 = \"warn\"\n", &[VIEW, BUY]);
        assert_eq!(
            (severity.codes.as_slice(), severity.all),
            (&[Code::V402][..], false)
        );
        assert!(names(&severity).is_empty() && !severity.undeclared);

        let policy = between("[policy]\nunknown_property = \"forbid\"\n", &[VIEW, BUY]);
        assert_eq!((names(&policy), policy.all), (vec!["buy", "view"], false));
        let unknown = between("[policy]\nunknown_event = \"warn\"\n", &[VIEW, BUY]);
        assert!(unknown.undeclared && !unknown.all);

        for toml in [
            "[event]\nname = { query = \"ev\" }\n",
            "[match]\npath = [\"/x\"]\n",
            "[event]\nid = { query = \"i\" }\n",
            "[policy]\nduplicate_event = \"quarantine\"\n",
            "[severity]\nX501 = \"error\"\n",
        ] {
            assert!(between(toml, &[VIEW, BUY]).all, "{toml}");
        }
    }
}
