//! Amazon Redshift: types, `CREATE TABLE`, `COPY`.
//!
//! # Source
//! Amazon Redshift Database Developer Guide: "Data types", "COPY from columnar data formats" (columns map by position;
//! only a few options are allowed), "COPY", "Data format parameters".

use serde_json::{Value, json};

use crate::export::identifier::{literal, quoted};
use crate::export::options::{Compress, Format, Options};
use crate::export::table::{Storage, TableSchema};

/// The type in DDL.
fn sql_type(storage: Storage) -> String {
    match storage {
        Storage::Int => "BIGINT".into(),
        Storage::Float => "DOUBLE PRECISION".into(),
        Storage::Bool => "BOOLEAN".into(),
        Storage::Text(bytes) => format!("VARCHAR({bytes})"),
        Storage::Date => "DATE".into(),
        Storage::Timestamp => "TIMESTAMP".into(),
    }
}

/// The columns as `UNLOAD … MANIFEST VERBOSE` writes them.
pub fn elements(table: &TableSchema) -> Vec<Value> {
    let element = |storage| match storage {
        Storage::Int => json!({ "base": "bigint" }),
        Storage::Float => json!({ "base": "double precision" }),
        Storage::Bool => json!({ "base": "boolean" }),
        Storage::Text(bytes) => json!({ "base": "character varying", "max_length": bytes }),
        Storage::Date => json!({ "base": "date" }),
        Storage::Timestamp => json!({ "base": "timestamp without time zone" }),
    };
    table
        .columns
        .iter()
        .map(|column| match &column.property {
            Some(property) => json!({ "name": column.name, "type": element(column.storage), "property": property.as_ref() }),
            None => json!({ "name": column.name, "type": element(column.storage) }),
        })
        .collect()
}

/// `CREATE TABLE IF NOT EXISTS` with the columns in the order of the files.
pub fn create_table(table: &TableSchema) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|c| format!("  {} {}", quoted(&c.name), sql_type(c.storage)))
        .collect();
    format!(
        "-- Times are UTC. A column's width in bytes holds four bytes a character of its maxLength.\nCREATE TABLE IF NOT EXISTS {} (\n{}\n);\n",
        quoted(&table.name),
        columns.join(",\n")
    )
}

/// `COPY` of one table from its manifest. It names the columns, since Parquet's map by position.
pub fn copy(table: &TableSchema, manifest_url: &str, options: &Options) -> String {
    let columns: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
    let format = match options.format {
        Format::Parquet => "FORMAT AS PARQUET".to_owned(),
        Format::Csv => format!(
            "FORMAT AS CSV IGNOREHEADER 1 NULL AS {} DATEFORMAT 'auto' TIMEFORMAT 'auto'",
            literal("\\N")
        ),
        Format::Jsonl => "FORMAT AS JSON 'auto' DATEFORMAT 'auto' TIMEFORMAT 'auto'".to_owned(),
    };
    let gzip = if options.compress == Compress::Gzip {
        " GZIP"
    } else {
        ""
    };
    let note = if manifest_url.starts_with("s3://") {
        ""
    } else {
        "-- These files are in a local folder. Export with --url-prefix s3://BUCKET/PREFIX and copy the folder there;\n-- then this statement and the manifest name the files on S3.\n"
    };
    format!(
        "{note}COPY {} ({})\nFROM {}\nIAM_ROLE default\nMANIFEST\n{format}{gzip};\n",
        quoted(&table.name),
        columns.join(", "),
        literal(manifest_url)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::table::TableColumn;

    #[test]
    fn ddl_and_copy_name_the_same_columns_in_the_same_order() {
        let column = |name: &str, storage| TableColumn {
            name: name.into(),
            property: None,
            storage,
        };
        let table = TableSchema {
            name: "checkout_1".into(),
            columns: vec![
                column("order", Storage::Int),
                column("note", Storage::Text(12)),
                column("at", Storage::Timestamp),
            ],
        };
        let ddl = create_table(&table);
        assert!(
            ddl.contains("\"order\" BIGINT,\n  \"note\" VARCHAR(12),\n  \"at\" TIMESTAMP\n"),
            "{ddl}"
        );
        let options = Options {
            format: Format::Csv,
            compress: Compress::Gzip,
            ..Options::default()
        };
        let copy = copy(&table, "s3://b/it's/m", &options);
        assert!(
            copy.contains("COPY \"checkout_1\" (\"order\", \"note\", \"at\")"),
            "{copy}"
        );
        assert!(copy.contains("FROM 's3://b/it''s/m'"), "{copy}");
        assert!(
            copy.contains("NULL AS '\\\\N'") && copy.ends_with("GZIP;\n"),
            "{copy}"
        );
    }
}
