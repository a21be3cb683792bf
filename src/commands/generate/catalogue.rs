//! The shop that the traffic is about: its pages, and the browsers that visit it. Built once a run.

use super::encode;
use super::seed::{Stream, rng};
use super::user_agents;

/// Edge locations, as the log names them.
pub const EDGES: &[&str] = &[
    "FRA56-P5",
    "FRA60-P11",
    "FRA56-C2",
    "MUC50-P4",
    "MUC50-C1",
    "DUS51-P2",
    "HAM50-C1",
    "TXL50-P3",
    "AMS58-P3",
    "AMS1-P2",
    "LHR62-C3",
    "LHR61-P6",
    "LHR50-P8",
    "MAN51-P1",
    "DUB56-P1",
    "CDG52-P4",
    "CDG50-P1",
    "MRS52-P4",
    "MXP64-P2",
    "MAD53-P2",
    "LIS50-P1",
    "ZRH55-P1",
    "VIE50-C2",
    "PRG50-C1",
    "WAW51-P5",
    "CPH50-C1",
    "ARN53-P1",
    "HEL51-P3",
    "OSL50-P1",
    "ATH51-C1",
    "IAD55-P7",
    "IAD89-P3",
    "JFK52-P8",
    "EWR52-C4",
    "BOS50-P2",
    "ATL59-P9",
    "MIA3-P4",
    "ORD53-C3",
    "DFW57-P3",
    "DEN52-P3",
    "SEA73-P2",
    "SFO53-P7",
    "LAX53-P4",
    "YTO50-P2",
    "GRU3-P1",
    "NRT12-P3",
    "NRT57-P2",
    "KIX56-C2",
    "ICN54-C1",
    "SIN2-P3",
    "HKG62-C2",
    "SYD62-P2",
    "BOM78-P4",
    "JNB50-C1",
];

/// Languages, currencies, and whether a comma is written where English has a point.
pub const LOCALES: &[(&str, &str, bool)] = &[
    ("de-DE", "EUR", true),
    ("en-US", "USD", false),
    ("en-GB", "GBP", false),
    ("fr-FR", "EUR", true),
    ("nl-NL", "EUR", true),
    ("pl-PL", "PLN", true),
    ("sv-SE", "SEK", true),
    ("es", "EUR", true),
    ("ja-JP", "JPY", false),
];

/// Screen sizes.
pub const SCREENS: &[&str] = &[
    "1920x1080",
    "390x844",
    "393x852",
    "412x915",
    "1536x864",
    "2560x1440",
    "1440x900",
    "360x800",
    "430x932",
    "820x1180",
    "3840x2160",
    "1366x768",
];

/// What people search for; some with letters beyond ASCII, some with characters that must be encoded.
pub const SEARCHES: &[&str] = &[
    "winter jacket",
    "wool socks",
    "hiking boots 42",
    "rain coat",
    "daunenjacke größe L",
    "béret rouge",
    "t-shirt & shorts",
    "gift < 50 EUR",
    "tent 3 persons",
    "lampe frontale",
    "kurtka zimowa żółta",
    "裏起毛 パーカー",
    "sleeping bag -10°",
    "running shoes",
    "50% off",
    "trousers long/short",
    "merino",
    "snow goggles",
    "Regenhose für Kinder",
    "thermos 1.5 l",
];

/// Pages of the site besides shop pages.
const PLAIN_PAGES: &[(&str, &str)] = &[
    ("/", "Acme Outdoor"),
    ("/sale", "Sale: up to 50% off - Acme Outdoor"),
    ("/new", "New in - Acme Outdoor"),
    ("/cart", "Your cart - Acme Outdoor"),
    ("/account", "Your account - Acme Outdoor"),
    ("/stores", "Stores near you - Acme Outdoor"),
    ("/guide/layers", "How to dress in layers - Acme Outdoor"),
    ("/guide/gr%C3%B6%C3%9Fen", "Größentabelle - Acme Outdoor"),
    ("/returns", "Returns & exchanges - Acme Outdoor"),
    (
        "/search?q=winter%20jacket",
        "Search: winter jacket - Acme Outdoor",
    ),
];

const STYLES: &[&str] = &[
    "alpine", "nordic", "trail", "summit", "coast", "forest", "glacier", "harbour",
];
const ARTICLES: &[&str] = &[
    "jacket", "fleece", "boots", "socks", "backpack", "tent", "gloves", "trousers", "cap", "shirt",
];

/// One page, with its texts as the log has them.
#[derive(Debug)]
pub struct Page {
    /// The path as the log writes it.
    pub path: Vec<u8>,
    /// The query as the log writes it; `-` where there is none.
    pub query: Vec<u8>,
    /// Its whole address as a referer.
    pub referer: Vec<u8>,
    /// Its whole address as the value of a query key, encoded twice.
    pub url_value: Vec<u8>,
    /// Its title as the value of a query key, encoded twice.
    pub title_value: Vec<u8>,
}

/// Pages and user agents, as the log writes them.
#[derive(Debug)]
pub struct Catalogue {
    /// Pages; the first are the most read.
    pub pages: Vec<Page>,
    /// Browsers; the first are the most used.
    pub browsers: Vec<Vec<u8>>,
    /// The shop's own app on telephones.
    pub apps: Vec<Vec<u8>>,
    /// Robots and tools.
    pub robots: Vec<Vec<u8>>,
}

impl Catalogue {
    /// The catalogue of a seed: the same list, its popularity shuffled.
    pub fn new(seed: u64) -> Self {
        let mut rng = rng(seed, Stream::Catalogue, 0);
        let mut browsers = all_logged(&user_agents::browsers());
        rng.shuffle(&mut browsers);
        let mut pages: Vec<Page> = PLAIN_PAGES
            .iter()
            .map(|(path, title)| page(path, title))
            .collect();
        for (s, style) in STYLES.iter().enumerate() {
            for (a, article) in ARTICLES.iter().enumerate() {
                let path = format!(
                    "/p/{style}-{article}-{}",
                    1_000 + 977 * (s * ARTICLES.len() + a) % 8_999
                );
                pages.push(page(
                    &path,
                    &format!("{} {} - Acme Outdoor", capital(style), capital(article)),
                ));
            }
        }
        pages.extend(ARTICLES.iter().map(|article| {
            page(
                &format!("/c/{article}"),
                &format!("{} - Acme Outdoor", capital(article)),
            )
        }));
        if let Some(tail) = pages.get_mut(1..) {
            rng.shuffle(tail);
        }
        Self {
            pages,
            browsers,
            apps: all_logged(&user_agents::apps()),
            robots: all_logged(user_agents::ROBOTS),
        }
    }
}

fn all_logged<T: AsRef<str>>(texts: &[T]) -> Vec<Vec<u8>> {
    texts
        .iter()
        .map(|text| written(|out| encode::logged(out, text.as_ref())))
        .collect()
}

/// A page by its path and query as a browser sends them.
fn page(sent: &str, title: &str) -> Page {
    let (path, query) = sent.split_once('?').unwrap_or((sent, "-"));
    let address = format!("https://shop.example{sent}");
    Page {
        path: written(|out| encode::logged(out, path)),
        query: written(|out| encode::logged(out, query)),
        referer: written(|out| encode::logged(out, &address)),
        url_value: written(|out| encode::query_value(out, &address)),
        title_value: written(|out| encode::query_value(out, title)),
    }
}

fn capital(word: &str) -> String {
    word.chars()
        .enumerate()
        .map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c })
        .collect()
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = vec![];
    write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hundreds_of_browsers_and_pages_without_a_raw_space() {
        let catalogue = Catalogue::new(7);
        assert!(catalogue.browsers.len() > 200 && catalogue.pages.len() > 90);
        let texts = catalogue
            .pages
            .iter()
            .flat_map(|p| [&p.path, &p.query, &p.referer, &p.url_value, &p.title_value]);
        assert!(
            texts
                .chain(&catalogue.browsers)
                .chain(&catalogue.apps)
                .chain(&catalogue.robots)
                .all(|t| t.iter().all(u8::is_ascii_graphic))
        );
    }
}
