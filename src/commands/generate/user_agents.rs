//! User agents as clients send them.

/// Robots and tools.
pub const ROBOTS: &[&str] = &[
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "python-requests/2.32.3",
    "curl/8.9.1",
    "Go-http-client/2.0",
    "UptimeRobot/2.0 (http://www.uptimerobot.com/)",
];

const PHONES: &[&str] = &[
    "K",
    "SM-S928B",
    "SM-A556B",
    "Pixel 9",
    "Pixel 8a",
    "moto g84 5G",
    "CPH2581",
    "2312DRA50G",
    "SM-G991B",
    "V2318",
];
const DESKTOPS: &[&str] = &[
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
];

/// User agents of the shop's own app.
pub fn apps() -> Vec<String> {
    let systems = [
        "1568.200.51 Darwin/24.1.0",
        "3826.500.131 Darwin/25.1.0",
        "3860.100.1 Darwin/25.2.0",
    ];
    let phones = systems.into_iter().flat_map(|system| {
        (2_611..2_619).map(move |build| format!("AcmeShop/{build} CFNetwork/{system}"))
    });
    phones
        .chain((9..13).map(|minor| format!("okhttp/4.{minor}.0")))
        .collect()
}

/// Some two hundred user agents, as browsers send them.
pub fn browsers() -> Vec<String> {
    let mut list = vec![];
    for version in 138..150 {
        for system in DESKTOPS {
            list.push(format!("Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"));
        }
        for phone in PHONES {
            list.push(format!(
                "Mozilla/5.0 (Linux; Android 1{}; {phone}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Mobile Safari/537.36",
                version % 6
            ));
        }
        for system in [
            "Windows NT 10.0; Win64; x64",
            "Macintosh; Intel Mac OS X 10.15",
            "X11; Linux x86_64",
        ] {
            list.push(format!(
                "Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
            ));
        }
        list.push(format!(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0"
        ));
    }
    for (system, safari) in [
        ("18_6", "18.6"),
        ("18_7", "18.7"),
        ("26_0", "26.0"),
        ("26_0_1", "26.0"),
        ("26_1", "26.1"),
        ("26_2", "26.2"),
    ] {
        for device in ["iPhone; CPU iPhone OS", "iPad; CPU OS"] {
            let start = format!(
                "Mozilla/5.0 ({device} {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            );
            list.push(format!(
                "{start} Version/{safari} Mobile/15E148 Safari/604.1"
            ));
            list.push(format!("{start} Mobile/15E148 Instagram 402.0.0.31.88"));
            list.push(format!(
                "{start} CriOS/148.0.7778.40 Mobile/15E148 Safari/604.1"
            ));
        }
        list.push(format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{safari} Safari/605.1.15"));
    }
    list
}
