//! Registries are complete: every code, field and theme is described, and no two share a name.

use std::collections::BTreeSet;

use frontlog::model::{Code, FIELDS, FieldId, Severity};

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
            "LRDVXWS".contains(layer) && digits.len() == 3 && digits.parse::<u16>().is_ok(),
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
