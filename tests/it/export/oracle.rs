//! Real readers: `DuckDB` and pyarrow, through python3.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A python3 that has both.
pub struct Oracle;

impl Oracle {
    /// `None`, with a printed line, where python3 lacks one of them; in CI that is a failure.
    pub fn find() -> Option<Self> {
        let found = Command::new("python3")
            .args(["-c", "import duckdb, pyarrow.parquet"])
            .output()
            .is_ok_and(|o| o.status.success());
        assert!(
            found || std::env::var("CI").is_err(),
            "CI must have python3 with duckdb and pyarrow"
        );
        if !found {
            println!("skipped: python3 has no duckdb and pyarrow (pip install duckdb pyarrow)");
        }
        found.then_some(Self)
    }

    fn python(script: &str, argument: &str) -> Value {
        let output = Command::new("python3")
            .args(["-c", script, argument])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{argument}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The rows of a query.
    pub fn duckdb(&self, sql: &str) -> Value {
        let script = "import duckdb, json, sys\nc = duckdb.connect()\nc.execute(\"SET TimeZone='UTC'\")\nprint(json.dumps([[int(v) if isinstance(v, int) and not isinstance(v, bool) else (v if isinstance(v, (float, bool, str, type(None))) else str(v)) for v in r] for r in c.execute(sys.argv[1]).fetchall()]))";
        Self::python(script, sql)
    }

    /// Name and type of each column, as pyarrow says them.
    pub fn pyarrow_schema(&self, path: &Path) -> Value {
        let script = "import json, sys, pyarrow.parquet as p\nprint(json.dumps([[f.name, str(f.type)] for f in p.read_table(sys.argv[1], partitioning=None).schema]))";
        Self::python(script, &path.display().to_string())
    }

    /// Compression and encodings of each column chunk.
    pub fn parquet_columns(&self, path: &Path) -> Value {
        let script = "import json, sys, pyarrow.parquet as p\nm = p.read_metadata(sys.argv[1])\nprint(json.dumps([{'name': c.path_in_schema, 'compression': c.compression, 'encodings': list(c.encodings), 'type': c.physical_type} for g in range(m.num_row_groups) for c in [m.row_group(g).column(i) for i in range(m.num_columns)]]))";
        Self::python(script, &path.display().to_string())
    }
}
