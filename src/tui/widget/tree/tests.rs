use super::*;
use crate::model::{Code, DetailFailure, DetailField, DetailProperty};

fn failure(code: Code, path: &str, expected: &str, sentence: &str) -> DetailFailure {
    DetailFailure {
        code,
        severity: Severity::Error,
        path: path.into(),
        expected: expected.into(),
        sentence: sentence.into(),
    }
}

fn detail() -> Detail {
    let property = |key: &str, value: Option<&str>, failures| DetailProperty {
        key: key.into(),
        value: value.map(Into::into),
        declared: "text".into(),
        failures,
        ..DetailProperty::default()
    };
    let raw = b"2026-11-23\t14:02:11\te=checkout&value=12%252C50\tx\xffy".to_vec();
    let at = 37..46;
    Detail {
        verdict: Some(Verdict::Failed),
        event: "checkout".into(),
        version: "1-0-2".into(),
        properties: vec![
            property("e", Some("checkout"), vec![]),
            property(
                "value",
                Some("12,50"),
                vec![failure(
                    Code::V402,
                    "value",
                    "a number",
                    "value: \"12,50\" is not a number",
                )],
            ),
            property("note", Some("a\u{202e}b"), vec![]),
            property(
                "sku",
                None,
                vec![failure(Code::V401, "sku", "", "sku: required, but missing")],
            ),
        ],
        fields: vec![
            DetailField {
                name: "sc-bytes".into(),
                value: Some("980".into()),
                unit: "bytes",
                meaning: "",
            },
            DetailField {
                name: "cs(Referer)".into(),
                value: None,
                unit: "",
                meaning: "",
            },
        ],
        raw,
        raw_marks: vec![at],
        object_uri: "s3://logs/px/E2EX.2026-11-23-14.abc.gz".into(),
        line: 1204,
        ..Detail::default()
    }
}

fn draw(width: u16, height: u16, state: &TreeState) -> (Buffer, Vec<String>) {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    render(
        buf.area,
        &mut buf,
        &detail(),
        state,
        (true, &Styles::dark()),
    );
    let row = |y| {
        (0..width)
            .map(|x| buf[(x, y)].symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    let rows = (0..height).map(row).collect();
    (buf, rows)
}

#[test]
fn the_pane_shows_values_with_their_failures_and_the_raw_line() {
    let (buf, rows) = draw(60, 15, &TreeState::default());
    assert_eq!(
        rows,
        [
            " checkout 1-0-2                                ✗ 2 failures",
            "▸▾ query  decoded, 3",
            "     e      checkout                                   text",
            "     value  \"12,50\"  ✗ V402 a number wanted",
            "     note   a‹U+202E›b                                 text",
            "     sku    ·  ✗ V401 required",
            " ▾ rules  2 broken",
            "     ✗ V402 value: \"12,50\" is not a number",
            "     ✗ V401 sku: required, but missing",
            " ▸ request  1",
            " ▸ edge  1",
            " ▾ raw line  1,204 of E2EX.2026-11-23-14.abc.gz",
            "     2026-11-23⇥14:02:11⇥e=checkout&value=12%252C50⇥x‹FF›y",
            "",
            "",
        ]
    );
    let at = rows[12].chars().position(|c| c == '%').unwrap() as u16 - 2;
    assert_eq!(Some(buf[(at, 12)].fg), Styles::dark().offending.fg);
    assert_ne!(Some(buf[(at - 1, 12)].fg), Styles::dark().offending.fg);
}

#[test]
fn sections_fold_and_the_cursor_says_what_it_is_on() {
    let detail = detail();
    let mut state = TreeState::default();
    state.move_by(2, &detail);
    assert_eq!(state.item(&detail), Some(Item::Property(1)));
    assert_eq!(Item::Property(1).copied(&detail).as_deref(), Some("12,50"));
    state.toggle(&detail);
    assert_eq!(state.item(&detail), Some(Item::Head(Section::Query)));
    state.move_by(1, &detail);
    assert_eq!(state.item(&detail), Some(Item::Head(Section::Rules)));
    state.show(Section::Edge, &detail);
    state.move_by(1, &detail);
    assert_eq!(state.item(&detail), Some(Item::Field(0)));
    // Straight to the offending bytes, wherever in a long line they are.
    state.show(Section::Raw, &detail);
    assert_eq!(state.item(&detail), Some(Item::Raw));
    let unmarked = Detail {
        raw_marks: vec![],
        ..detail.clone()
    };
    state.show(Section::Raw, &unmarked);
    assert_eq!(state.item(&unmarked), Some(Item::Head(Section::Raw)));
    state.move_by(99, &detail);
    assert_eq!(state.item(&detail), Some(Item::Raw));
}

#[test]
fn any_size_will_do() {
    for width in 0..50 {
        for wrap in [false, true] {
            let state = TreeState {
                wrap,
                folded: BTreeSet::new(),
                ..TreeState::default()
            };
            draw(width, 30, &state);
            draw(width, 2, &state);
        }
    }
}

#[test]
fn what_a_payload_held_stands_below_it() {
    let property = |depth, key: &str, value: &str, failures| DetailProperty {
        key: key.into(),
        value: Some(value.into()),
        depth,
        failures,
        ..DetailProperty::default()
    };
    let bad = failure(
        Code::V402,
        "price",
        "a number",
        "price: \"x\" is not a number",
    );
    let mut detail = detail();
    detail.properties = vec![
        property(0, "ue_px", "eyJz", vec![]),
        property(1, "price", "x", vec![bad]),
        property(1, "tags", r#"["a"]"#, vec![]),
        property(2, "[0]", "a", vec![]),
        property(0, "p", "web", vec![]),
        property(40, "far in", "y", vec![]),
    ];
    let lines = lines::build(&detail, &BTreeSet::new(), 60, false);
    let lines: Vec<String> = lines
        .iter()
        .take(7)
        .map(|line| line.spans.iter().map(|(text, _)| text.as_str()).collect())
        .collect();
    assert_eq!(
        lines[..6],
        [
            " ▾ query  decoded, 2",
            "     ue_px                 eyJz",
            "       price               \"x\"  ✗ V402 a number wanted",
            "       tags                [\"a\"]",
            "         [0]               a",
            "     p                     web",
        ]
    );
    // However deep: some letters of the key are left.
    let deep = lines[6].trim_start();
    assert!(deep.starts_with('f') && deep.ends_with("  y"), "{deep}");
}
