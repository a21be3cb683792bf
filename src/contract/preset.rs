//! Presets: what is taken for an event where `frontlog.toml` does not say.

use std::collections::BTreeMap;

use crate::model::routing::{
    DuplicateKey, NameRule, Policy, Routing, Surprise, UnknownProperty, VersionRule,
};

/// The highest version there is.
pub const ANY_VERSION: &str = "*-*-*";

/// Query keys that home-grown pixels carry the event's name in, the likeliest first.
pub const NAME_KEYS: [&str; 7] = ["e", "event", "ev", "type", "t", "en", "action"];

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
        paths: PIXEL_PATHS.map(str::to_owned).to_vec(),
        methods: vec!["GET".into(), "HEAD".into()],
        statuses: vec![],
        name: NameRule::Query(NAME_KEYS.map(str::to_owned).to_vec()),
        version: VersionRule {
            key: None,
            default: ANY_VERSION.into(),
        },
        id_key: None,
        time: None,
        json_properties: vec![],
        policy: Policy {
            unknown_event: Surprise::Allow,
            unknown_property: UnknownProperty::Rescue,
            duplicate_key: DuplicateKey::First,
            duplicate_event: Surprise::Warn,
        },
        severity: BTreeMap::new(),
    }
}
