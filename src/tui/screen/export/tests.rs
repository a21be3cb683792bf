use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::*;
use crate::tui::theme::Styles;

fn draw(
    width: u16,
    height: u16,
    screen: &Export,
    data: &ExportData<'_>,
) -> (Vec<String>, Option<Position>) {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    let cursor = screen.render(buf.area, &mut buf, data, &Styles::dark());
    let row = |y| {
        (0..width)
            .map(|x| buf[(x, y)].symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    ((0..height).map(row).collect(), cursor)
}

fn tables() -> Vec<ExportTable> {
    let table = |name: &str, rows, columns, what: &str| ExportTable {
        name: name.into(),
        rows,
        columns,
        bytes: None,
        what: what.into(),
    };
    vec![
        table("checkout", Some(12_408), Some(14), "good events"),
        table("rejected", Some(1_204), None, "failed events"),
    ]
}

#[test]
fn a_destination_is_asked_for_and_the_preview_says_what_it_will_hold() {
    let mut screen = Export::default();
    assert_eq!(screen.update(Action::Accept), None);
    let tables = tables();
    let data = ExportData {
        preview: &tables,
        ..ExportData::default()
    };
    assert!(draw(80, 20, &screen, &data).0[3].contains("^ a folder is needed"));
    screen.insert("./batch");
    screen.update(Action::Complete);
    screen.update(Action::Right);
    let (rows, cursor) = draw(80, 20, &screen, &data);
    assert_eq!(rows[2], "   to   ./batch");
    assert_eq!(rows[3], "   as   ○ Parquet   ● CSV   ○ JSON Lines");
    assert_eq!(rows[6], "   checkout    12,408       14  good events");
    assert_eq!(cursor, None);
    let start = ExportRequest::Start {
        destination: "./batch".into(),
        format: Format::Csv,
    };
    assert_eq!(screen.update(Action::Accept), Some(start));
}

#[test]
fn the_end_shows_the_identity_and_where_the_batch_is() {
    let counters = Counters {
        lines: 11,
        header_lines: 1,
        records: 10,
        not_events: 4,
        events: 6,
        good: 5,
        failed: 1,
        ..Counters::default()
    };
    let mut screen = Export::default();
    screen.set_stage(Stage::Done(Box::new(Published {
        batch: "3f2a".into(),
        manifest: "./batch/batches/3f2a/manifest.json".into(),
        tables: tables(),
        counters,
        nothing_new: false,
    })));
    let text = draw(90, 24, &screen, &ExportData::default()).0.join("\n");
    for wanted in [
        "✓ batch 3f2a",
        "batches/3f2a/manifest.json",
        "11 lines = 1 headers + 0 blank + 0 unreadable + 10 records",
        "✓ it adds up",
        "12,408",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    assert_eq!(screen.update(Action::Close), Some(ExportRequest::Close));
    assert_eq!(screen.stage(), &Stage::Editing);
}

#[test]
fn every_stage_fits_any_size() {
    let counters = Counters {
        lines: 3,
        ..Counters::default()
    };
    let stages = [
        Stage::Editing,
        Stage::Running,
        Stage::Done(Box::new(Published {
            nothing_new: true,
            counters,
            ..Published::default()
        })),
        Stage::Failed("cannot write /x: permission denied (check the permissions)".into()),
    ];
    let tables = tables();
    for stage in stages {
        let mut screen = Export::default();
        screen.refuse("no".into());
        screen.set_stage(stage);
        for width in (0..100).step_by(7) {
            for height in 0..14 {
                draw(
                    width,
                    height,
                    &screen,
                    &ExportData {
                        preview: &tables,
                        still_reading: true,
                        ..ExportData::default()
                    },
                );
            }
        }
    }
}

#[test]
fn a_filter_is_said_to_hide_rows_from_the_screen_only() {
    let tables = tables();
    let said = |filtered| {
        let data = ExportData {
            preview: &tables,
            filtered,
            ..ExportData::default()
        };
        let rows = draw(100, 20, &Export::default(), &data).0;
        rows.iter()
            .any(|row| row.contains("the batch holds all of them"))
    };
    assert!(said(true) && !said(false));
}
