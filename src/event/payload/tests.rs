use super::*;
use crate::event::split_query;
use ::base64::Engine as _;
use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

fn rule(key: &str) -> PayloadRule {
    PayloadRule {
        key: key.into(),
        encoding: Encoding::Base64,
        json: true,
        into: None,
        at: String::new(),
        spread: Spread::No,
    }
}

fn spread(key: &str, at: &str, spread: Spread) -> PayloadRule {
    PayloadRule {
        at: at.into(),
        spread,
        ..rule(key)
    }
}

/// Everything of the properties after the payloads of `query` were opened by one rule.
struct Opened {
    pairs: Vec<(String, String, ValueKind)>,
    payloads: Vec<Payload>,
    bad_utf8: bool,
    beside: usize,
    documents: Vec<String>,
}

fn open(query: &str, rule: PayloadRule) -> Opened {
    let (mut keys, mut scratch, mut ids) =
        (KeyTable::default(), PropertyScratch::default(), vec![]);
    let mut payloads = Payloads::new(&[rule], &mut keys);
    let mut opened = None;
    // Twice, because buffers are used again.
    for _ in 0..2 {
        split_query(query, &mut scratch);
        keys.resolve(&scratch.view(query), &mut ids);
        payloads.open(query, &mut scratch, &mut ids, &keys);
        let view = scratch.view(query);
        assert_eq!(ids.len(), view.len());
        let all = 0..view.len();
        opened = Some(Opened {
            pairs: all
                .clone()
                .map(|i| (view.key(i).into(), view.value(i).into(), view.get(i).kind))
                .collect(),
            payloads: all.clone().map(|i| view.get(i).payload).collect(),
            bad_utf8: all.into_iter().any(|i| view.get(i).bad_utf8),
            beside: view.beside(),
            documents: view.documents().map(str::to_owned).collect(),
        });
    }
    opened.unwrap()
}

fn pairs(list: &[(&str, &str, ValueKind)]) -> Vec<(String, String, ValueKind)> {
    list.iter()
        .map(|(key, value, kind)| ((*key).into(), (*value).into(), *kind))
        .collect()
}

#[test]
fn the_whole_text_becomes_one_property() {
    let text = r#"{"a": [1, 2]}"#;
    let query = format!("e=x&ue_px={}&z=1", URL_SAFE_NO_PAD.encode(text));
    let opened = open(
        &query,
        PayloadRule {
            into: Some("data".into()),
            ..rule("ue_px")
        },
    );
    let expected = [
        ("e", "x", ValueKind::Text),
        ("data", text, ValueKind::Object),
        ("z", "1", ValueKind::Text),
    ];
    assert_eq!(opened.pairs, pairs(&expected));
    assert_eq!(
        (opened.beside, opened.documents),
        (0, vec![text.to_owned()])
    );
}

#[test]
fn members_stand_behind_the_pairs_of_the_query() {
    let text = r#"{"schema":"iglu:a/b/jsonschema/1-0-0","data":{"n":12.50,"s":"a\"\u00e9","o":{"x":{"y":null}},"e":{},"l":[{"k":1}],"t":true}}"#;
    let query = format!("ue_px={}&n=beside", URL_SAFE_NO_PAD.encode(text));
    let shallow = open(&query, spread("ue_px", "/data", Spread::Members));
    assert_eq!(shallow.beside, 2);
    assert_eq!(shallow.payloads[0], Payload::Spread);
    let expected = [
        ("n", "12.50", ValueKind::Number),
        ("s", "a\"é", ValueKind::String),
        ("o", r#"{"x":{"y":null}}"#, ValueKind::Object),
        ("e", "{}", ValueKind::Object),
        ("l", r#"[{"k":1}]"#, ValueKind::Array),
        ("t", "true", ValueKind::Boolean),
    ];
    assert_eq!(shallow.pairs[2..], pairs(&expected));
    let deep = open(&query, spread("ue_px", "/data", Spread::Deep));
    let keys: Vec<&str> = deep.pairs[2..].iter().map(|p| p.0.as_str()).collect();
    assert_eq!(keys, ["n", "s", "o.x.y", "e", "l", "t"]);
    assert_eq!(deep.pairs[4].2, ValueKind::Null);
}

#[test]
fn plain_json_is_read_where_it_stands() {
    let query = "ue_pr=%257B%2522data%2522%3A%7B%22a%22%3A%22x+y%22%7D%7D";
    let rule = PayloadRule {
        encoding: Encoding::Plain,
        ..spread("ue_pr", "/data", Spread::Members)
    };
    assert_eq!(
        open(query, rule).pairs[1..],
        pairs(&[("a", "x y", ValueKind::String)])
    );
}

#[test]
fn a_string_at_the_pointer_is_what_it_says() {
    let query = format!("d={}", STANDARD.encode(r#"{"m":["\u0041b"]}"#));
    let opened = open(&query, spread("d", "/m/0", Spread::No));
    assert_eq!(opened.pairs, pairs(&[("d", "Ab", ValueKind::String)]));
}

#[test]
fn what_is_wrong_is_told_and_the_text_kept() {
    let case = |value: &str, at: &str, spread: Spread| {
        let rule = PayloadRule {
            at: at.into(),
            spread,
            ..rule("d")
        };
        let opened = open(&format!("d={value}"), rule);
        (
            opened.payloads[0],
            opened.pairs[0].1.clone(),
            opened.pairs.len(),
        )
    };
    let b64 = |text: &str| STANDARD.encode(text);
    assert_eq!(
        case("eyJh*", "", Spread::No),
        (Payload::BadBase64, "eyJh*".into(), 1)
    );
    assert_eq!(
        case(&b64("{\"a\":}"), "", Spread::No),
        (Payload::BadJson, "{\"a\":}".into(), 1)
    );
    assert_eq!(
        case("", "", Spread::No),
        (Payload::BadJson, String::new(), 1)
    );
    let no_such_part = case(&b64("{\"a\":1}"), "/data", Spread::Members);
    assert_eq!((no_such_part.0, no_such_part.2), (Payload::NoPart, 1));
    let no_object = case(&b64("[1]"), "", Spread::Deep);
    assert_eq!((no_object.0, no_object.2), (Payload::NoPart, 1));
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert_eq!(case(&b64(&deep), "", Spread::No).0, Payload::BadJson);
    assert!(open("d=/w==", rule("d")).bad_utf8);
}

#[test]
fn a_megabyte_is_one_payload_like_any_other() {
    let items: Vec<String> = (0..60_000)
        .map(|i| format!("\"key{i}\":\"v{i}\""))
        .collect();
    let text = format!("{{{}}}", items.join(","));
    assert!(text.len() > 1 << 20);
    let query = format!("data={}", STANDARD.encode(&text).replace('+', "%2B"));
    let opened = open(&query, spread("data", "", Spread::Deep));
    assert_eq!(opened.pairs.len(), 60_001);
    assert_eq!(opened.pairs[60_000].1, "v59999");
}

#[test]
fn a_guess_leaves_other_values_alone() {
    let guess = || PayloadRule {
        encoding: Encoding::LikelyBase64,
        ..spread("d", "", Spread::Deep)
    };
    for value in ["2026-11-23", "12", "eyebrow", ""] {
        let opened = open(&format!("d={value}"), guess());
        assert_eq!(opened.payloads, [Payload::None], "{value}");
    }
    let query = format!("d={}", STANDARD.encode("{\"e\":\"x\"}"));
    assert_eq!(open(&query, guess()).pairs.len(), 2);
    assert_eq!(open("d=eyJh*", guess()).payloads, [Payload::BadBase64]);
}
