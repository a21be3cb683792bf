use super::*;

fn keyed(rules: &str) -> Keyed {
    let table: BTreeMap<Spanned<String>, Spanned<String>> = toml::from_str(rules).unwrap();
    let privacy = Privacy::read(Path::new("frontlog.toml"), rules, &table).unwrap();
    privacy
        .keyed(|name| (name == "SALT").then(|| "key".to_owned()))
        .unwrap()
}

#[test]
fn addresses_lose_their_end() {
    let short = |text: &str| Treatment::Truncate.apply(text);
    for (text, expected) in [
        ("203.0.113.77", Some("203.0.113.0")),
        ("2001:db8:1234:5678::1", Some("2001:db8:1234::")),
        ("::ffff:203.0.113.77", Some("203.0.113.0")),
        ("[2001:db8:1234:5678::1]:443", Some("2001:db8:1234::")),
        ("203.0.113.77:8080", Some("203.0.113.0")),
        ("fe80:1:2:3::1%eth0", Some("fe80:1:2::")),
        (
            "203.0.113.77, 198.51.100.9",
            Some("203.0.113.0, 198.51.100.0"),
        ),
        ("203.0.113.77,%20unknown", Some("203.0.113.0")),
        ("unknown", None),
        ("", None),
        ("203.0.113.777", None),
    ] {
        assert_eq!(short(text).as_deref(), expected, "{text}");
    }
}

/// RFC 4231, test case 2, and one whose key is longer than a block (case 6).
#[test]
fn hashes_are_hmac_sha_256() {
    let hash = |salt: &str, text: &str| Treatment::hash(salt).apply(text).unwrap();
    assert_eq!(
        hash("Jefe", "what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    // Worked out with Python's hmac module: a key of 131 letters a.
    assert_eq!(
        hash(&"a".repeat(131), "x"),
        "76f0801bdbc0ff29214ffdd6edce36467d4142a842d91a011c59c66d12693db0"
    );
    assert_ne!(hash("a", "x"), hash("b", "x"));
    assert!(!format!("{:?}", Treatment::hash("secret")).contains("secret"));
}

#[test]
fn a_name_means_a_path_what_is_in_it_and_members_of_that_name() {
    for (path, name, meant) in [
        ("email", "email", true),
        ("user.email", "email", true),
        ("user[email]", "user.email", true),
        ("user.email", "user", true),
        ("email_hash", "email", false),
        ("user", "user.email", false),
        ("xemail", "email", false),
    ] {
        assert_eq!(is_meant(path, name), meant, "{path} {name}");
    }
}

#[test]
fn what_stands_beside_goes_too() {
    let ip = keyed("c-ip = \"truncate\"");
    assert!(matches!(
        ip.field(FieldId::X_FORWARDED_FOR),
        Some(Treatment::Truncate)
    ));
    assert!(matches!(
        ip.field(FieldId::CS_HEADERS),
        Some(Treatment::Drop)
    ));
    assert!(ip.field(FieldId::CS_URI_QUERY).is_none());
    let own = keyed("c-ip = \"truncate\"\nx-forwarded-for = \"drop\"");
    assert!(matches!(
        own.field(FieldId::X_FORWARDED_FOR),
        Some(Treatment::Drop)
    ));
    let email = keyed("email = \"drop\"");
    assert!(matches!(
        email.field(FieldId::CS_URI_QUERY),
        Some(Treatment::Drop)
    ));
    let referer = email.field(FieldId::CS_REFERER).unwrap();
    for url in [
        "https://a/b?email=x",
        "https://a/b%3Femail=x",
        "https://a/b#email=x",
        "https://a/b",
    ] {
        assert_eq!(referer.apply(url).as_deref(), Some("https://a/b"));
    }
}

#[test]
fn values_are_scrubbed_of_named_members() {
    let keyed = keyed("email = \"drop\"\n\"user.ip\" = \"truncate\"\nid = \"sha256:env:SALT\"");
    let scrub = |path: &str, text: &str| keyed.scrub(path, text).map(std::borrow::Cow::into_owned);
    let packed = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        r#"{"data":[{"email":"a@b"}]}"#,
    );
    for (path, text, expected) in [
        ("note", "plain", Some("plain")),
        ("url", "https://a/?email=x&b=1", Some("https://a/?b=1")),
        (
            "url",
            "https://a/?b=1&e%6Dail=x#c",
            Some("https://a/?b=1#c"),
        ),
        ("url", "https://a/?b=1;email=x", Some("https://a/?b=1")),
        (
            "cx",
            r#"{"email":"x","b":{"email":1,"c":[{"email":2}]}}"#,
            Some(r#"{"b":{"c":[{}]}}"#),
        ),
        (
            "user",
            r#"{"ip":"203.0.113.7","n":1}"#,
            Some(r#"{"ip":"203.0.113.0","n":1}"#),
        ),
        ("user", "no JSON", None),
        ("cx", packed.as_str(), None),
        ("cx", &packed[..packed.len() - 3], None),
        ("cx", r#"{"a":{"email":"x"#, None),
        ("cx", r#"{"a":{"b":"x"#, Some(r#"{"a":{"b":"x"#)),
        ("cx", "eyJhIjoxfQ==", Some("eyJhIjoxfQ==")),
    ] {
        assert_eq!(scrub(path, text).as_deref(), expected, "{path} {text}");
    }
    let rest = keyed
        .rest(r#"{"email":"x","a":"1","user.ip":"203.0.113.7","id":"7"}"#)
        .unwrap();
    let id = Treatment::hash("key").apply("7").unwrap();
    assert_eq!(
        rest,
        format!(r#"{{"a":"1","user.ip":"203.0.113.0","id":"{id}"}}"#)
    );
    assert_eq!(keyed.rest(r#"{"email":"x"}"#), None);
    assert_eq!(keyed.rest("broken"), None);
}

#[test]
fn failures_hide_what_they_may_hold() {
    let keyed = keyed("\"user.email\" = \"drop\"\nc-ip = \"drop\"");
    for (code, path, hidden) in [
        ("V402", "user.email", true),
        ("V402", "user", true),
        ("V413", "", true),
        ("R202", "", false),
        ("D304", "ue_px", true),
        ("D301", "user[email]", true),
        ("V402", "value", false),
    ] {
        assert_eq!(keyed.hides(code, path), hidden, "{code} {path}");
    }
}

#[test]
fn wrong_rules_are_told_with_their_place() {
    let error = |rules: &str| {
        let table: BTreeMap<Spanned<String>, Spanned<String>> = toml::from_str(rules).unwrap();
        let read = Privacy::read(Path::new("frontlog.toml"), rules, &table);
        read.and_then(|p| p.keyed(|_| Some(String::new())).map(|_| ()))
            .unwrap_err()
            .to_string()
    };
    for (rules, place, said) in [
        ("c-ip = \"truncat\"", "frontlog.toml:1:8", "sha256:env:"),
        ("sc-bytes = \"sha256:env:X\"", "frontlog.toml:1:12", "drop"),
        (
            "\"cs(Host)\" = \"truncate\"",
            "frontlog.toml:1:14",
            "no addresses",
        ),
        (
            "\na = \"sha256:env:SALT\"",
            "frontlog.toml:2:1",
            "SALT is not set",
        ),
        (
            "a = \"sha256:env:\"",
            "frontlog.toml:1:5",
            "sha256:env:NAME",
        ),
    ] {
        let told = error(rules);
        assert!(told.contains(place) && told.contains(said), "{told}");
    }
}
