//! Presets: what is taken for an event where `frontlog.toml` does not say.
//!
//! Each follows what its tracker sends in a query; bodies are never logged.

use std::collections::BTreeMap;

use crate::model::routing::{
    DuplicateKey, Encoding, Has, NameFrom, NameRule, PayloadRule, Pixel, Policy, Routing, Spread,
    Surprise, TimeFormat, TimeRule, UnknownProperty, VersionRule,
};

/// The highest version there is.
pub const ANY_VERSION: &str = "*-*-*";

/// The presets that `frontlog.toml` may name.
pub const NAMES: [&str; 7] = [
    "generic",
    "snowplow",
    "ga",
    "matomo",
    "segment",
    "rudderstack",
    "any",
];

/// Query keys that home-grown pixels carry the event's name in, the likeliest first.
pub const NAME_KEYS: [&str; 14] = [
    "e",
    "event",
    "ev",
    "type",
    "t",
    "en",
    "action",
    "event_name",
    "eventName",
    "evt",
    "event_type",
    "eventType",
    "act",
    "kind",
];

/// Paths of home-grown and well-known pixels.
const PIXEL_PATHS: [&str; 25] = [
    "/i",
    "/i.gif",
    "/p.gif",
    "/b.gif",
    "/t.gif",
    "/e.gif",
    "/px",
    "/px.gif",
    "/ping.gif",
    "/track",
    "/track.gif",
    "/event",
    "/_/event",
    "/collect",
    "/g/collect",
    "/beacon",
    "/beacon.gif",
    "/1x1.gif",
    "/ice.png",
    "/_rainlytics",
    "/pixel",
    "/**/*pixel*.gif",
    "/**/*pixel*.png",
    "/**/i.gif",
    "/**/track.gif",
];

/// Any pixel: GET and HEAD (bodies are never logged), any status, the name in one of [`NAME_KEYS`].
pub fn generic() -> Routing {
    Routing {
        preset: "generic".into(),
        paths: texts(&PIXEL_PATHS),
        methods: texts(&["GET", "HEAD"]),
        statuses: vec![],
        name: vec![by_key(&NAME_KEYS)],
        version: VersionRule {
            key: None,
            default: ANY_VERSION.into(),
        },
        id_key: None,
        time: None,
        payloads: vec![],
        known: vec![],
        policy: Policy {
            unknown_event: Surprise::Allow,
            unknown_property: UnknownProperty::Rescue,
            duplicate_key: DuplicateKey::First,
            duplicate_event: Surprise::Warn,
        },
        severity: BTreeMap::new(),
    }
}

/// The preset of that name; `None` where there is none.
pub fn named(name: &str) -> Option<Routing> {
    match name {
        "generic" => return Some(generic()),
        "any" => {
            return Some(Routing {
                preset: "any".into(),
                ..any()
            });
        }
        _ => {}
    }
    let pixel = pixels().into_iter().find(|pixel| pixel.preset == name)?;
    Some(Routing {
        preset: name.to_owned(),
        paths: pixel.paths,
        name: pixel.name,
        id_key: pixel.id_key,
        time: pixel.time,
        payloads: pixel.payloads,
        ..generic()
    })
}

/// What holds without a contract: every pixel that shows by itself whose it is goes its preset's way, any other the
/// generic one. There a parameter that begins as JSON in base64 does is opened, and a name is found in any case, by the
/// nearest guess: every record is looked at alone, so nothing depends on the order or on threads.
pub fn any() -> Routing {
    let mut known = pixels();
    // `/i?e=pv` alone may be anybody's.
    let mut shared = known[0].clone();
    let is_shared = |path: &String| ["/i", "/ice.png"].contains(&path.as_str());
    shared.paths.retain(is_shared);
    known[0].paths.retain(|path| !is_shared(path));
    let codes = SNOWPLOW_EVENTS.map(|(sent, _)| format!("e={sent}"));
    shared.evidence = vec![
        codes.iter().map(|code| Has::parse(code)).collect(),
        ["tv", "tid", "duid", "tna"].map(Has::parse).to_vec(),
    ];
    known.insert(1, shared);
    let open = |key: &&str| PayloadRule {
        encoding: Encoding::LikelyBase64,
        spread: Spread::Deep,
        ..payload(key)
    };
    let like = ["event", "action", "type", "kind", "cmd"];
    Routing {
        name: vec![
            by_key(&NAME_KEYS),
            NameRule::new(NameFrom::Like(texts(&like))),
            NameRule::new(NameFrom::PathSegment(-1)),
        ],
        payloads: ["data", "d", "p", "payload"].iter().map(open).collect(),
        known,
        ..generic()
    }
}

/// The pixels that show by path and parameters whose they are.
fn pixels() -> Vec<Pixel> {
    vec![snowplow(), ga(), matomo(), segment(), rudderstack()]
}

/// What `e` says, and the name it stands for.
const SNOWPLOW_EVENTS: [(&str, &str); 8] = [
    ("pv", "page_view"),
    ("pp", "page_ping"),
    ("se", "struct"),
    ("ev", "struct"),
    ("ue", "self_describing"),
    ("tr", "transaction"),
    ("ti", "transaction_item"),
    ("ad", "ad_impression"),
];

fn snowplow() -> Pixel {
    let contexts = |key, encoding| PayloadRule {
        encoding,
        into: Some("contexts".into()),
        ..payload(key)
    };
    let event = |key, encoding| PayloadRule {
        encoding,
        at: "/data/data".into(),
        spread: Spread::Members,
        ..payload(key)
    };
    Pixel {
        preset: "snowplow",
        paths: texts(&[
            "/i",
            "/ice.png",
            "/com.snowplowanalytics.snowplow/tp1",
            "/com.snowplowanalytics.iglu/v1",
            "/r/tp2",
        ]),
        evidence: vec![],
        name: vec![
            NameRule::new(NameFrom::Payload("/data/schema".into())),
            by_key(&["schema"]),
            mapped("e", &SNOWPLOW_EVENTS),
            constant("uri_redirect", Some("u")),
        ],
        id_key: Some("eid".into()),
        time: Some(time("dtm", TimeFormat::EpochMs)),
        payloads: vec![
            event("ue_px", Encoding::Base64),
            event("ue_pr", Encoding::Plain),
            contexts("cx", Encoding::Base64),
            contexts("co", Encoding::Plain),
        ],
    }
}

fn ga() -> Pixel {
    const CLASSIC: [(&str, &str); 3] = [
        ("page", "page_view"),
        ("tran", "transaction"),
        ("var", "custom_variable"),
    ];
    const UNIVERSAL: [(&str, &str); 2] = [("pageview", "page_view"), ("screenview", "screen_view")];
    Pixel {
        preset: "ga",
        paths: texts(&[
            "/collect",
            "/r/collect",
            "/j/collect",
            "/batch",
            "/g/collect",
            "/__utm.gif",
            "/**/__utm.gif",
        ]),
        evidence: vec![["tid", "utmac"].map(Has::parse).to_vec()],
        name: vec![
            by_key(&["en"]),
            mapped("utmt", &CLASSIC),
            constant("page_view", Some("utmac")),
            mapped("t", &UNIVERSAL),
        ],
        id_key: None,
        time: None,
        payloads: vec![],
    }
}

fn matomo() -> Pixel {
    Pixel {
        preset: "matomo",
        paths: texts(&[
            "/matomo.php",
            "/piwik.php",
            "/**/matomo.php",
            "/**/piwik.php",
        ]),
        evidence: vec![vec![Has::parse("idsite")], vec![Has::parse("rec")]],
        name: vec![
            constant("event", Some("e_c")),
            constant("ecommerce_order", Some("idgoal=0")),
            constant("goal", Some("idgoal")),
            constant("site_search", Some("search")),
            constant("outlink", Some("link")),
            constant("download", Some("download")),
            constant("content_interaction", Some("c_i")),
            constant("content_impression", Some("c_n")),
            constant("ping", Some("ping")),
            constant("page_view", Some("idsite")),
        ],
        id_key: None,
        time: Some(time("cdt", TimeFormat::EpochS)),
        payloads: vec![payload("ec_items")],
    }
}

fn segment() -> Pixel {
    Pixel {
        preset: "segment",
        paths: texts(&["/v1/pixel/*"]),
        payloads: vec![PayloadRule {
            encoding: Encoding::Base64,
            spread: Spread::Deep,
            ..payload("data")
        }],
        time: Some(time("timestamp", TimeFormat::Rfc3339)),
        ..rudderstack()
    }
}

fn rudderstack() -> Pixel {
    Pixel {
        preset: "rudderstack",
        paths: texts(&["/pixel/v1/*"]),
        evidence: vec![],
        name: vec![by_key(&["event"]), NameRule::new(NameFrom::PathSegment(-1))],
        id_key: Some("messageId".into()),
        time: Some(time("originalTimestamp", TimeFormat::Rfc3339)),
        payloads: vec![],
    }
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().copied().map(str::to_owned).collect()
}

fn by_key(keys: &[&str]) -> NameRule {
    NameRule::new(NameFrom::Query(texts(keys)))
}

fn mapped(key: &str, map: &[(&str, &str)]) -> NameRule {
    let map = map.iter();
    NameRule {
        map: map
            .map(|(sent, name)| ((*sent).to_owned(), (*name).to_owned()))
            .collect(),
        ..by_key(&[key])
    }
}

fn constant(name: &str, has: Option<&str>) -> NameRule {
    NameRule {
        has: has.map(Has::parse),
        ..NameRule::new(NameFrom::Const(name.to_owned()))
    }
}

fn time(key: &str, format: TimeFormat) -> TimeRule {
    TimeRule {
        key: key.to_owned(),
        format,
    }
}

/// JSON as it is, one property.
fn payload(key: &str) -> PayloadRule {
    PayloadRule {
        key: key.to_owned(),
        encoding: Encoding::Plain,
        json: true,
        into: None,
        at: String::new(),
        spread: Spread::No,
    }
}
