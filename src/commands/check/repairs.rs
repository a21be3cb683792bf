//! What each repair would do, for people.
//!
//! ```text
//! Repairs (nothing is changed; accept one in [repair] of frontlog.toml)
//!   V402 checkout.value: a number, 1,204 failing
//!     "checkout.value" = "decimal_comma"   repairs 1,020 of 1,204, changes 0 good rows
//!         "12,50" → "12.50"  "9,90" → "9.90"
//! ```

use std::fmt::Write as _;

use crate::commands::check::text::cut;
use crate::commands::table::{printable, thousands};
use crate::pipeline::judging::preview::{Example, PreviewRow, RepairRow};

/// The section; empty where no preview was asked for.
pub(super) fn render(rows: Option<&[PreviewRow]>) -> String {
    let Some(rows) = rows else {
        return String::new();
    };
    if rows.is_empty() {
        return "Repairs: no declared property fails\n".to_owned();
    }
    let mut out =
        "Repairs (nothing is changed; accept one in [repair] of frontlog.toml)\n".to_owned();
    for row in rows {
        let expected = if row.expected.is_empty() {
            row.keyword
        } else {
            &row.expected
        };
        let _ = writeln!(
            out,
            "  {} {}.{}: {}, {} failing",
            row.code,
            printable(&row.event),
            printable(&row.path),
            printable(&cut(expected)),
            thousands(row.failing)
        );
        if row.repairs.is_empty() {
            out.push_str("    no repair helps\n");
        }
        for repair in &row.repairs {
            one(&mut out, row, repair);
        }
    }
    out
}

fn one(out: &mut String, row: &PreviewRow, repair: &RepairRow) {
    let _ = writeln!(
        out,
        "    \"{}.{}\" = \"{}\"   repairs {} of {}, changes {} good {}",
        printable(&row.event),
        printable(&row.path),
        repair.repair,
        thousands(repair.repairs),
        thousands(row.failing),
        thousands(repair.changes_good),
        if repair.changes_good == 1 {
            "row"
        } else {
            "rows"
        },
    );
    let examples: Vec<String> = repair.examples.iter().map(example).collect();
    let _ = writeln!(out, "        {}", examples.join("  "));
}

fn example(example: &Example) -> String {
    let to = printable(&cut(&example.to));
    match &example.from {
        Some(from) => format!("\"{}\" → \"{to}\"", printable(&cut(from))),
        None => format!("missing → \"{to}\""),
    }
}
