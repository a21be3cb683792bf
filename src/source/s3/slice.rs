//! How the listing of a prefix is cut into slices that are listed at the same time.
//!
//! A slice is a run of keys: after one, up to another. After a page of it, what is left goes on, jumps over hours that
//! are not wanted, or is cut into several at keys of our own making ([`Series`]). Cuts only share the keys out, so the
//! result does not depend on them; only jumps leave keys out, and only those of other hours.

use super::super::hour::Window;
use super::series::Series;

/// Into how many slices one is cut at a time.
const PIECES: i64 = 8;
/// How many pages the first cut of a series without a known end is away; each further one is twice as far.
const FIRST_CUT_PAGES: i64 = 4;

/// So many series are looked into with one key each; of more, whole pages are taken, lest they be one object each.
const PROBES: u32 = 16;

/// Where a slice starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// With the first key of the prefix.
    Prefix,
    /// Where a page ended, in the server's own words.
    Token(String),
    /// After this key.
    After(String),
}

/// A run of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Where it starts.
    pub from: Begin,
    /// Its last possible key; `None` for the end of the prefix.
    pub upto: Option<String>,
    /// The next page is only to show which series comes next: one key is enough.
    pub probe: bool,
    /// The hour at `upto`, where that cuts a series.
    end: Option<i64>,
    /// Hours to the next cut of a series whose end is not known; 0 before the first.
    stride: i64,
    /// How many series were passed over on the way here.
    hops: u32,
}

/// What a page showed.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// Its first key.
    pub first: &'a str,
    /// Its last key.
    pub last: &'a str,
    /// Its keys came in order; S3 promises it, but not every server keeps it.
    pub sorted: bool,
    /// Where it ended; `None` for the last page of the prefix.
    pub token: Option<&'a str>,
}

/// What is left of a slice.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// To be listed, in any order.
    pub slices: Vec<Slice>,
    /// Hours outside of the window were passed over.
    pub jumped: bool,
}

impl Slice {
    /// The whole prefix, or what comes after a key of it.
    pub fn whole(after: Option<&str>, window: Window) -> Self {
        Self {
            from: after.map_or(Begin::Prefix, |key| Begin::After(key.to_owned())),
            upto: None,
            probe: window.since.is_some(),
            end: None,
            stride: 0,
            hops: 0,
        }
    }

    /// Whether a listed key belongs to it. (The key at `from` is left out by the server.)
    pub fn holds(&self, key: &str) -> bool {
        self.upto.as_deref().is_none_or(|upto| key <= upto)
    }

    /// What is left after a page of it.
    pub fn rest(&self, page: &Page<'_>, window: Window) -> Rest {
        let Some(token) = page.token else {
            return Rest::default();
        };
        if !self.reaches(page.last) {
            return Rest::default();
        }
        let on = Self {
            from: Begin::Token(token.to_owned()),
            probe: false,
            ..self.clone()
        };
        if !page.sorted {
            return Rest {
                slices: vec![on],
                jumped: false,
            };
        }
        let series = Series::of(page.last);
        for (series, at) in &series {
            if let Some(slices) = self.jump(series, *at, page.last, window) {
                return Rest {
                    slices,
                    jumped: true,
                };
            }
        }
        let slices = match series.first() {
            Some((series, at)) => on.cut(series, *at, page, window),
            None => vec![on],
        };
        Rest {
            slices,
            jumped: false,
        }
    }

    /// Whether keys after this one may belong to it.
    fn reaches(&self, key: &str) -> bool {
        self.upto.as_deref().is_none_or(|upto| key < upto)
    }

    /// Keys of one series sort by hour, so a year of logs before the window is one jump, not hundreds of pages;
    /// likewise what comes after it. Keys between that start like the series' but have no hour are passed over too.
    fn jump(&self, series: &Series, at: i64, last: &str, window: Window) -> Option<Vec<Self>> {
        if let Some(since) = window.since
            && at < series.floor(since)
        {
            let target = series.start(since);
            // A year of five digits would send the listing back, for ever.
            if target.as_str() <= last {
                return None;
            }
            if !self.reaches(&target) {
                return Some(Vec::new());
            }
            let mut slices = self.beyond(series, window);
            let limit = self.limit(series);
            if target >= limit {
                return Some(slices);
            }
            slices.push(Self {
                from: Begin::After(target),
                upto: Some(limit),
                probe: false,
                ..self.clone()
            });
            return Some(slices);
        }
        (window.until.is_some_and(|until| at > until)).then(|| self.beyond(series, window))
    }

    /// The last possible key of the series in this slice.
    fn limit(&self, series: &Series) -> String {
        let past = series.past();
        self.upto
            .clone()
            .filter(|upto| *upto < past)
            .unwrap_or(past)
    }

    /// What follows a series, where the slice goes on past it.
    fn beyond(&self, series: &Series, window: Window) -> Vec<Self> {
        let past = series.past();
        if !self.reaches(&past) {
            return Vec::new();
        }
        vec![Self {
            from: Begin::After(past),
            upto: self.upto.clone(),
            probe: window.since.is_some() && self.hops < PROBES,
            end: None,
            stride: 0,
            hops: self.hops + 1,
        }]
    }

    /// Shares what is left out: the rest of this series in several slices, and what follows it. `self` goes on where
    /// the page ended.
    fn cut(self, series: &Series, at: i64, page: &Page<'_>, window: Window) -> Vec<Self> {
        let mut slices = self.beyond(series, window);
        let first = Series::of(page.first);
        let first = first.iter().find(|(s, _)| s == series);
        let hours_a_page = first.map_or(1, |(_, first)| at - first).max(1);
        let until = window.until.map(|until| until + 1);
        let end = match (self.end, until) {
            (Some(end), Some(until)) => Some(end.min(until)),
            (end, until) => end.or(until),
        };
        let (cuts, stride) = match end {
            Some(end) => {
                let left = (end - at).max(0);
                let pieces = (left / hours_a_page).clamp(1, PIECES);
                let cuts = (1..pieces).map(|i| at + left * i / pieces).collect();
                (cuts, 0)
            }
            None => {
                let stride = self.stride.max(hours_a_page * FIRST_CUT_PAGES);
                (vec![at + stride], stride * 2)
            }
        };
        let limit = self.limit(series);
        let mut current = Self { end, ..self };
        let mut last = page.last.to_owned();
        for hour in cuts {
            let key = series.start(hour);
            if key <= last || key >= limit {
                continue;
            }
            let next = Self {
                from: Begin::After(key.clone()),
                stride,
                ..current.clone()
            };
            last.clone_from(&key);
            current.upto = Some(key);
            current.end = Some(hour);
            slices.push(std::mem::replace(&mut current, next));
        }
        current.upto = Some(limit);
        slices.push(current);
        slices
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::hour;

    /// Lists a made-up bucket as the real listing does; gives the keys and the number of requests.
    fn listed(
        keys: &[String],
        page: usize,
        window: Window,
        newest_slice: bool,
    ) -> (Vec<String>, usize) {
        let (mut found, mut requests) = (Vec::new(), 0);
        let mut waiting = vec![Slice::whole(None, window)];
        while !waiting.is_empty() {
            let slice = waiting.remove(if newest_slice { waiting.len() - 1 } else { 0 });
            let after = match &slice.from {
                Begin::Prefix => 0,
                Begin::Token(key) | Begin::After(key) => keys.partition_point(|k| k <= key),
            };
            let end = keys.len().min(after + if slice.probe { 1 } else { page });
            requests += 1;
            let got = &keys[after..end];
            found.extend(got.iter().filter(|k| slice.holds(k)).cloned());
            if let (Some(first), Some(last)) = (got.first(), got.last()) {
                let page = Page {
                    first,
                    last,
                    sorted: true,
                    token: (end < keys.len()).then_some(last.as_str()),
                };
                waiting.extend(slice.rest(&page, window).slices);
            }
        }
        (found, requests)
    }

    fn key(layout: u8, distribution: u8, hour: i64, object: u8) -> String {
        let name = format!("E{distribution}.{}.{object:02x}", hour::format(hour));
        let date = hour::format(hour);
        let part: Vec<&str> = date.split('-').collect();
        match layout {
            0 => format!("px/{name}"),
            1 => format!("px/E{distribution}/{}/{name}", part.join("/")),
            2 => format!(
                "px/year={}/month={}/day={}/hour={}/{name}",
                part[0], part[1], part[2], part[3]
            ),
            3 => format!("px/{}/{}/{name}", part[0], part[1]),
            6 => format!(
                "px/a/{}/logs/{}/{}/x{object}.gz",
                part[0],
                part[1],
                part[2..].join("/")
            ),
            4 => format!("px/2024/{name}"),
            _ => format!("px/z{distribution}-{object}.log"),
        }
    }

    proptest! {
        #[test]
        fn every_wanted_key_is_listed_once(
            keys in prop::collection::btree_set((0u8..7, 0u8..3, 490_000i64..490_900, 0u8..3), 0..300),
            page in 1usize..20,
            since in prop::option::of(489_900i64..491_000),
            until in prop::option::of(489_900i64..491_000),
            newest_slice: bool,
        ) {
            let mut keys: Vec<String> = keys.into_iter().map(|(l, d, h, o)| key(l, d, h, o)).collect();
            keys.sort();
            keys.dedup();
            let window = Window { since, until };
            let (mut found, _) = listed(&keys, page, window, newest_slice);
            found.retain(|k| window.holds(hour::hour_of(k)));
            found.sort();
            let wanted: Vec<&String> = keys.iter().filter(|k| window.holds(hour::hour_of(k))).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn three_hours_of_a_year_cost_few_requests() {
        for layout in 0..3 {
            let mut keys: Vec<String> = (0..8_760)
                .flat_map(|h| (0..3).map(move |o| key(layout, 1, 490_000 + h, o)))
                .collect();
            keys.sort();
            let window = Window {
                since: Some(495_000),
                until: Some(495_002),
            };
            let (found, requests) = listed(&keys, 1_000, window, true);
            assert!(found.len() < 1_010 && requests <= 3, "{layout}: {requests}");
            let (found, requests) = listed(&keys, 1_000, Window::default(), true);
            assert_eq!(found.len(), keys.len());
            assert!(requests < 60, "{layout}: {requests} requests for 27 pages");
        }
    }
}
