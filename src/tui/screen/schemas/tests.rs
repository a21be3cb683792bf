use std::sync::Arc;

use super::*;
use crate::frame::observed::ObservedProperty;
use crate::model::{ColumnKind, EventType};

fn property(name: &str, declared: &str, present: u64, failing: u64) -> ObservedProperty {
    ObservedProperty {
        name: name.into(),
        declared: declared.into(),
        is_declared: !declared.is_empty(),
        required: name == "sku",
        kind: ColumnKind::Text,
        looked_at: 100,
        present,
        failing,
        distinct: 3,
        top: vec![("4711".into(), 9)],
        min: None,
        max: None,
    }
}

fn observed() -> Vec<ObservedType> {
    let event_type = |name: &str, version: &str| {
        Arc::new(EventType {
            name: name.into(),
            version: version.into(),
            declared: !version.is_empty(),
            repairable: false,
            columns: vec![],
        })
    };
    let properties = vec![
        property("value", "number ≥ 0", 100, 10),
        property("sku", "text", 97, 3),
        property("coupon", "", 12, 0),
    ];
    vec![
        ObservedType {
            event_type: event_type("checkout", "1-0-2"),
            rows: 100,
            good: 87,
            failed: 13,
            properties,
        },
        ObservedType {
            event_type: event_type("heartbeat", ""),
            rows: 12_000,
            good: 12_000,
            failed: 0,
            properties: vec![],
        },
    ]
}

fn draw(width: u16, height: u16, screen: &Schemas, types: Option<&[ObservedType]>) -> Vec<String> {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let data = SchemasData {
        observed: types,
        looking: false,
        has_schemas: true,
    };
    screen.render(buf.area, &mut buf, &data, &Styles::dark());
    let row = |y| {
        (0..width)
            .map(|x| buf[(x, y)].symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    (0..height).map(row).collect()
}

#[test]
fn declared_stands_beside_observed() {
    let types = observed();
    let rows = draw(140, 6, &Schemas::default(), Some(&types));
    assert!(
        rows[0].contains("2 event types")
            && rows[0].contains("checkout 1-0-2   100 events   ✗ 13 failed 13.0%   ± 1 drifted"),
        "{rows:#?}"
    );
    assert!(
        rows[2].contains("▸✗ checkout") && rows[2].contains("value") && rows[2].contains("10.0%"),
        "{rows:#?}"
    );
    assert!(
        rows[3].contains("none") && rows[3].contains("sku*") && rows[3].contains("missing"),
        "{rows:#?}"
    );
    assert!(
        rows[4].contains("! coupon") && rows[4].contains("undeclared"),
        "{rows:#?}"
    );
}

#[test]
fn the_selected_property_is_told_in_full_below() {
    let types = observed();
    let mut screen = Schemas::default();
    screen.update(Action::Right, &types);
    screen.update(Action::Down, &types);
    let text = draw(140, 24, &screen, Some(&types)).join("\n");
    for wanted in [
        "sku  text, required",
        "seen in 97 of 100 · fails in 3 · 3 values",
        "4711         9   9.3%",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn keys_move_between_types_and_properties() {
    let types = observed();
    let mut screen = Schemas::default();
    assert_eq!(screen.update(Action::Right, &types), None);
    screen.update(Action::NextFailure, &types);
    let wanted = SchemasRequest::Property {
        event: "checkout".into(),
        property: "sku".into(),
    };
    assert_eq!(screen.update(Action::Open, &types), Some(wanted));
    screen.update(Action::Left, &types);
    screen.update(Action::Down, &types);
    assert_eq!(
        screen.update(Action::Open, &types),
        Some(SchemasRequest::Events("heartbeat".into(), String::new()))
    );
    assert_eq!(screen.position(&types), (1, 2));
}

#[test]
fn nothing_to_show_says_why_and_any_size_will_do() {
    assert!(
        draw(80, 9, &Schemas::default(), None)
            .concat()
            .contains("Looking at the properties")
    );
    assert!(
        draw(80, 9, &Schemas::default(), Some(&[]))
            .concat()
            .contains("No event has been read yet.")
    );
    let types = observed();
    for width in (0..130).step_by(3) {
        for height in [0, 1, 2, 3, 5, 8, 17, 30] {
            draw(width, height, &Schemas::default(), Some(&types));
        }
    }
}
