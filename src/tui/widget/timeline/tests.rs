use super::*;

const NOON: i64 = 1_764_072_000; // 2025-11-25 12:00:00 UTC

#[test]
fn the_finest_step_a_clock_reader_can_follow() {
    assert_eq!(
        Scale::fit((NOON, NOON + 10_799), 100),
        Scale {
            start: NOON,
            step: 120,
            count: 90,
            cells: 1
        }
    );
    assert_eq!(
        Scale::fit((NOON + 5, NOON + 14), 100),
        Scale {
            start: NOON + 5,
            step: 1,
            count: 10,
            cells: 10
        }
    );
    assert_eq!(
        Scale::fit((NOON, NOON), 0),
        Scale {
            start: NOON,
            step: 1,
            count: 1,
            cells: 1
        }
    );
    for span in [1, 59, 3_599, 86_400, 86_400 * 400, i64::from(u32::MAX)] {
        for width in [1, 7, 80, 200] {
            let scale = Scale::fit((NOON, NOON + span), width);
            assert!(
                scale.count as u16 * scale.cells <= width,
                "{span} in {width}: {scale:?}"
            );
            assert!(
                scale.bucket_of(NOON).is_some()
                    && (span < 86_400 * 400 || width > 1 || scale.count == 1)
            );
        }
    }
}

fn chart(width: u16, height: u16, selection: Option<(i64, i64)>) -> (Buffer, Scale) {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let scale = Scale::for_area((NOON, NOON + 20 * 60 - 1), buf.area, None);
    let buckets: Vec<Bucket> = (0..scale.count as u32)
        .map(|i| Bucket {
            good: i % 9,
            failed: u32::from(i == 3) * 5,
            other: 1,
        })
        .collect();
    let chart = Chart {
        scale,
        buckets: &buckets,
        more: (false, false),
        rate: false,
        selection,
        cursor: None,
    };
    chart.render(buf.area, &mut buf, &Styles::dark());
    (buf, scale)
}

fn row(buf: &Buffer, y: u16) -> String {
    (0..buf.area.width)
        .map(|x| buf[(x, y)].symbol())
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[test]
fn good_stands_over_failed_with_times_at_both_ends() {
    let (buf, scale) = chart(80, 3, Some((NOON + 60, NOON + 179)));
    assert_eq!((scale.step, scale.count, scale.cells), (25, 48, 1));
    let bars = "·▁▂▃▄▅▆▇█".repeat(6).chars().take(48).collect::<String>();
    assert_eq!(row(&buf, 0), format!(" 12:00:00 {bars}     12:20:00  ok"));
    assert!(
        row(&buf, 1).starts_with(" 11-25    ···█····"),
        "{}",
        row(&buf, 1)
    );
    assert!(row(&buf, 1).ends_with(" 25s/bar   failed"));
    assert!(
        row(&buf, 2).starts_with("          ╵1├────┤"),
        "{}",
        row(&buf, 2)
    );
    assert_eq!(scale.bucket_at(13, buf.area), Some(3));
    assert_eq!(scale.bucket_at(9, buf.area), None);
}

#[test]
fn any_width_will_do() {
    for width in 0..130 {
        for height in 0..4 {
            chart(width, height, Some((NOON, NOON + 7)));
        }
    }
}

#[test]
fn windows_of_a_length_are_those_around_the_cursor() {
    let windows = |shown_from, cursor| {
        let asked = Windows {
            seconds: 60,
            shown_from,
            cursor,
        };
        Scale::windows((NOON + 5, NOON + 3_599), 10, &asked)
    };
    let scale = windows(None, None);
    assert_eq!(
        (scale.start, scale.count, scale.cells),
        (NOON + 3_000, 10, 1)
    );
    for (shown_from, cursor, start) in [
        (None, Some(3_599), 3_000),
        // They stand still while the cursor is among them.
        (Some(3_000), Some(3_001), 3_000),
        (Some(3_000), Some(2_999), 2_640),
        (Some(2_640), Some(3_239), 2_640),
        (Some(2_640), Some(3_240), 2_940),
        // The first and the last bar are never left behind.
        (Some(2_640), Some(5), 0),
        (Some(-9_000), Some(5), 0),
        (Some(9_000), None, 3_000),
    ] {
        let scale = windows(shown_from.map(|s| NOON + s), cursor.map(|s| NOON + s));
        assert_eq!(scale.start - NOON, start, "{shown_from:?} {cursor:?}");
        assert_eq!((scale.count, scale.cells), (10, 1));
    }
    let asked = Windows {
        seconds: 60,
        shown_from: None,
        cursor: None,
    };
    let all = Scale::windows((NOON + 5, NOON + 125), 10, &asked);
    assert_eq!((all.start, all.count, all.cells), (NOON, 3, 3));
}

/// One failure of two is more than ten of a thousand.
#[test]
fn the_share_of_failed_events_has_its_own_height() {
    let area = Rect::new(0, 0, 100, 2);
    let minutes = Windows {
        seconds: 60,
        shown_from: None,
        cursor: None,
    };
    let scale = Scale::for_area((NOON, NOON + 119), area, Some(&minutes));
    let bucket = |good, failed| Bucket {
        good,
        failed,
        other: 0,
    };
    let buckets = [bucket(990, 10), bucket(1, 1)];
    let lower = |rate| {
        let mut buf = Buffer::empty(area);
        let (selection, cursor) = (None, None);
        let chart = Chart {
            scale,
            buckets: &buckets,
            more: (false, false),
            rate,
            selection,
            cursor,
        };
        chart.render(area, &mut buf, &Styles::dark());
        let row: String = (0..100).map(|x| buf[(x, 1)].symbol().to_owned()).collect();
        (
            row.contains("max 50.0 %"),
            row.chars().nth(10),
            row.chars().nth(10 + scale.cells as usize),
        )
    };
    assert_eq!(lower(false), (false, Some('█'), Some('▁')));
    assert_eq!(lower(true), (true, Some('▁'), Some('█')));
}
