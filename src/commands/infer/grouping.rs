//! Which schema an event type that was seen belongs to: as judging would choose it.

use std::collections::BTreeMap;

use crate::contract::infer::TypeSketch;
use crate::contract::{Contract, SchemaVer, WantedVersion};

/// Events that one schema judges, or would.
#[derive(Debug)]
pub struct Group {
    /// The schema's version.
    pub version: SchemaVer,
    /// Index into the contract's schemas, where there is one.
    pub declared: Option<usize>,
    /// What was seen.
    pub seen: TypeSketch,
}

/// Puts together what one schema judges, ordered by name and version; and sentences on what none can. Without
/// `contract`, events without a full version belong to the highest version seen that they ask for.
pub fn group(
    types: Vec<TypeSketch>,
    default_version: &str,
    contract: Option<&Contract>,
) -> (Vec<Group>, Vec<String>) {
    let mut notes = vec![];
    let mut by_name: BTreeMap<String, Vec<(TypeSketch, WantedVersion)>> = BTreeMap::new();
    for seen in types {
        let asked = if seen.version.is_empty() {
            default_version
        } else {
            &seen.version
        };
        match WantedVersion::parse(asked) {
            Some(wanted) => by_name.entry(seen.name.clone()).or_default().push((seen, wanted)),
            None => notes.push(format!(
                "{}: {} events of version {asked:?} are left out: a version is MODEL-REVISION-ADDITION, such as 1-0-0",
                seen.name, seen.events
            )),
        }
    }
    let mut groups = vec![];
    for (name, mut types) in by_name {
        // What asks for most comes first, so that the others find it.
        types.sort_by_key(|(seen, wanted)| {
            (std::cmp::Reverse(wanted.parts()), seen.version.clone())
        });
        let mut of_name: Vec<Group> = vec![];
        for (seen, wanted) in types {
            let declared = contract.and_then(|c| c.find(&name, wanted));
            let version = declared
                .and_then(|at| contract.map(|c| c.schemas[at].schema_ver))
                .or_else(|| {
                    let fitting = of_name
                        .iter()
                        .map(|g| g.version)
                        .filter(|v| wanted.matches(*v));
                    fitting.max()
                })
                .unwrap_or_else(|| wanted.lowest());
            match of_name.iter_mut().find(|g| g.version == version) {
                Some(group) => group.seen.absorb(&seen),
                None => of_name.push(Group {
                    version,
                    declared,
                    seen,
                }),
            }
        }
        of_name.sort_by_key(|g| g.version);
        groups.extend(of_name);
    }
    (groups, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(version: &str, events: u64) -> TypeSketch {
        let mut seen = TypeSketch::default();
        (seen.name, seen.version, seen.events) = ("e".into(), version.into(), events);
        seen
    }

    #[test]
    fn events_without_a_version_belong_to_the_highest_that_they_may_have() {
        let types = vec![
            seen("", 1),
            seen("1-0-2", 10),
            seen("1-0-0", 100),
            seen("2", 1_000),
            seen("v3", 5),
        ];
        let (groups, notes) = group(types, "1-*-*", None);
        let got: Vec<(String, u64)> = groups
            .iter()
            .map(|g| (g.version.to_string(), g.seen.events))
            .collect();
        let wanted =
            [("1-0-0", 100), ("1-0-2", 11), ("2-0-0", 1_000)].map(|(v, n)| (v.to_owned(), n));
        assert_eq!(got, wanted);
        assert!(notes[0].contains("5 events of version \"v3\""), "{notes:?}");
    }
}
