use super::*;

fn lines(buf: &Buffer) -> Vec<String> {
    let row = |y| {
        (0..buf.area.width)
            .map(|x| buf[(x, y)].symbol())
            .collect::<String>()
            .trim_end()
            .to_owned()
    };
    (0..buf.area.height).map(row).collect()
}

fn draw(width: u16, table: &Table<'_, '_>, state: &TableState) -> (Buffer, PaintedTable) {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, 4));
    let painted = table.render(buf.area, &mut buf, state, &Styles::dark());
    (buf, painted)
}

const DATA: [[Option<&str>; 4]; 4] = [
    [
        Some("14:02"),
        Some("1,204"),
        Some("s3://bucket/a/long/key.gz"),
        Some("x"),
    ],
    [Some("14:03"), Some("9"), None, Some("")],
    [
        Some("14:04"),
        None,
        Some("日本語テキスト"),
        Some("a\u{202e}b"),
    ],
    [Some("14:05"), Some("77"), Some("short"), Some("z")],
];

fn cell(row: usize, column: usize) -> CellText<'static> {
    DATA[row][column].map_or_else(CellText::null, CellText::new)
}

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::new("time").sorted(Some(Sort::Descending)),
        Column::new("bytes").right(),
        Column::new("key").middle().width(4, 10),
        Column::new("last"),
    ]
}

#[test]
fn numbers_keep_right_nulls_and_empty_text_show_and_hidden_characters_are_written_out() {
    let columns = columns();
    let mark = |row| RowMark {
        mark: if row == 1 { Mark::Failed } else { Mark::None },
        chosen: row == 2,
    };
    let table = Table {
        mark: Some(&mark),
        ..Table::new(&columns, 4, &cell)
    };
    let (buf, painted) = draw(
        60,
        &table,
        &TableState {
            selected: 1,
            ..TableState::default()
        },
    );
    assert_eq!(
        lines(&buf),
        [
            "   time▼  bytes  key                        last",
            "   14:02  1,204  s3://bucket/a/long/key.gz  x",
            "▸✗ 14:03      9  ·                          \"\"",
            "●  14:04      ·  日 本 語 テ キ ス ト              a‹U+202E›b",
        ]
    );
    assert_eq!(painted.hit(10, 2), Some((1, Some(1))));
    assert_eq!(painted.hit(10, 0), None);
    let selected = Styles::dark().selected.bg;
    assert!(
        (0..60).all(|x| Some(buf[(x, 2)].bg) == selected),
        "the tint covers the whole row"
    );
}

#[test]
fn a_narrow_table_cuts_keys_in_the_middle_and_follows_the_cursor_to_the_right() {
    let columns = columns();
    let table = Table {
        frozen: 1,
        cell_cursor: true,
        ..Table::new(&columns, 4, &cell)
    };
    let (buf, painted) = draw(26, &table, &TableState::default());
    assert_eq!(lines(&buf)[1], "▸ 14:02  ┊ 1,204  s3…ey.gz");
    assert_eq!(lines(&buf)[0], "  time▼  ┊ bytes  key    ›");
    assert_eq!(painted.left, 1);
    let (buf, painted) = draw(
        26,
        &table,
        &TableState {
            column: 3,
            ..TableState::default()
        },
    );
    assert_eq!(painted.left, 3);
    assert_eq!(lines(&buf)[3], "  14:04  ┊ a‹U+202E›b");
    assert!(lines(&buf)[0].starts_with(" ‹time▼"));
}

#[test]
fn wide_characters_never_stick_out_at_any_width() {
    let columns = columns();
    for width in 0..40 {
        for column in 0..4 {
            let table = Table {
                frozen: 2,
                cell_cursor: true,
                ..Table::new(&columns, 4, &cell)
            };
            let (buf, painted) = draw(
                width,
                &table,
                &TableState {
                    column,
                    selected: 3,
                    ..TableState::default()
                },
            );
            assert_eq!(buf.area.width, width);
            if width > 0 {
                assert_eq!(painted.top, 1);
            }
        }
    }
}

#[test]
fn widths_seen_once_stay_so_that_columns_do_not_dance() {
    let columns = [Column::new("a"), Column::new("b")];
    let wide = |row: usize, column: usize| {
        CellText::new(if row == 0 && column == 0 {
            "wide cell"
        } else {
            "x"
        })
    };
    let table = Table::new(&columns, 9, &wide);
    let mut state = TableState::default();
    state.keep(&draw(30, &table, &state).1);
    state.selected = 8;
    let painted = draw(30, &table, &state).1;
    assert_eq!((painted.top, painted.columns[1].1), (6, 13));
}

#[test]
fn hits_of_the_search_stand_out() {
    let columns = columns();
    let regex = Regex::new("(?i)LONG").unwrap();
    let table = Table {
        highlight: Some(&regex),
        ..Table::new(&columns, 4, &cell)
    };
    let (buf, _) = draw(
        60,
        &table,
        &TableState {
            selected: 3,
            ..TableState::default()
        },
    );
    let row = lines(&buf)[1].clone();
    assert!(!row.contains("long"), "row 0 has scrolled out: {row}");
    let (buf, _) = draw(
        60,
        &table,
        &TableState {
            selected: 1,
            ..TableState::default()
        },
    );
    let at = lines(&buf)[1].find("long").unwrap() as u16;
    assert_eq!(Some(buf[(at, 1)].bg), Styles::dark().matched.bg);
    assert_ne!(Some(buf[(at - 1, 1)].bg), Styles::dark().matched.bg);
}
