//! Registries are complete: every code, field and theme is described, and no two share a name.

use std::collections::BTreeSet;

use frontlog::model::{Code, FIELDS, FieldId, Severity};
use frontlog::tui::action::Action;
use frontlog::tui::keymap::{Keymap, Mode};
use frontlog::tui::theme::{BUILT_IN, Theme};

use crate::program::root;

#[test]
fn every_code_has_its_name_meaning_and_severity() {
    let mut names = BTreeSet::new();
    for code in Code::ALL {
        assert_eq!(Code::parse(code.as_str()), Some(*code));
        assert!(
            !code.name().is_empty() && !code.meaning().is_empty(),
            "{}",
            code.as_str()
        );
        let layer = &code.as_str()[..1];
        assert!(
            names.insert((layer, code.name())),
            "{} is named twice in {layer}",
            code.name()
        );
        assert!(code.default_severity() >= Severity::Info);
        let (layer, digits) = code.as_str().split_at(1);
        assert!(
            "LRDVXWFS".contains(layer) && digits.len() == 3 && digits.parse::<u16>().is_ok(),
            "{}",
            code.as_str()
        );
    }
    assert_eq!(Code::parse("V999"), None);
}

#[test]
fn every_field_is_documented_and_found_by_both_names() {
    let mut columns = BTreeSet::new();
    for (i, field) in FIELDS.iter().enumerate() {
        assert!(!field.meaning.is_empty(), "{}", field.name);
        assert!(
            columns.insert(field.column),
            "{} is there twice",
            field.column
        );
        assert!(
            field
                .column
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{}",
            field.column
        );
        let id = Some(FieldId(i as u8));
        assert_eq!(
            (
                FieldId::by_name(field.name),
                FieldId::by_column(field.column)
            ),
            (id, id),
            "{}",
            field.name
        );
        assert_eq!(
            FieldId::by_name(&field.name.to_uppercase()),
            id,
            "{}",
            field.name
        );
    }
}

#[test]
fn every_action_says_what_it_does_and_has_a_key_or_is_in_the_palette() {
    let keymap = Keymap::load(None).unwrap();
    let (mut names, mut without_key) = (BTreeSet::new(), Vec::new());
    for action in Action::ALL {
        assert!(
            !action.what().is_empty() && !action.group().is_empty(),
            "{}",
            action.name()
        );
        assert!(
            names.insert(action.name()),
            "{} is there twice",
            action.name()
        );
        assert_eq!(Action::parse(action.name()), Some(*action));
        if [Mode::Normal, Mode::Prompt, Mode::List]
            .iter()
            .all(|mode| keymap.keys(*mode, *action).is_empty())
        {
            without_key.push(action.name());
        }
    }
    assert!(without_key.is_empty(), "no key reaches {without_key:?}");
}

#[test]
fn every_theme_file_is_built_in_and_loads() {
    let files = std::fs::read_dir(root().join("themes"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files
        .map(|name| name.to_str().unwrap().to_owned())
        .collect();
    let built_in: BTreeSet<String> = BUILT_IN
        .iter()
        .map(|(name, _)| format!("{name}.toml"))
        .collect();
    assert_eq!(files, built_in);
    for (name, _) in BUILT_IN {
        Theme::load(name, None).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn the_readme_names_keys_that_exist() {
    let keymap = Keymap::load(None).unwrap();
    let bound: BTreeSet<String> = Action::ALL
        .iter()
        .flat_map(|action| keymap.keys(Mode::Normal, *action))
        .collect();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let keys = readme
        .split("## Keys")
        .nth(1)
        .unwrap()
        .split("Your own go into")
        .next()
        .unwrap();
    for key in keys
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(str::split_whitespace)
    {
        let starts = bound
            .iter()
            .any(|b| b == key || b.starts_with(&format!("{key} ")));
        let ends = bound.iter().any(|b| *b == format!("y {key}"));
        assert!(
            starts || ends,
            "the README names {key}, which no action has"
        );
    }
}
