//! Exports: what is written is what real readers read, the identity holds, and a crash leaves nothing visible.

mod batches;
mod generated;
mod oracle;

use std::path::{Path, PathBuf};

use frontlog::error::Error;
use frontlog::export::{
    Compress, Destination, Exporter, Format, Ledger, Options, Plan, Published, RunFacts, Tables,
    commit,
};
use frontlog::model::Sink as _;

use batches::Day;
use oracle::Oracle;

/// Plans, works and commits what a day of hand-made batches holds.
fn export(day: &Day, to: &Path, options: &Options) -> Result<Option<Published>, Error> {
    let destination = Destination::open(to)?;
    let Some(plan) = plan(day, to, options) else {
        return Ok(None);
    };
    let receipt = work(day, &destination, &plan, options)?;
    let facts = RunFacts {
        counters: &day.counters(),
        objects: &day.objects(),
        threads: 2,
        now_us: 0,
    };
    commit(&destination, &plan, options, receipt, &facts)
}

fn plan(day: &Day, to: &Path, options: &Options) -> Option<Plan> {
    let objects = day.objects();
    let listed: Vec<_> = objects.iter().map(|o| &*o.object).collect();
    Plan::make(&listed, "digest", options, &Ledger::read(to).unwrap())
        .unwrap()
        .plan
}

fn work(
    day: &Day,
    to: &Destination,
    plan: &Plan,
    options: &Options,
) -> Result<frontlog::export::Receipt, Error> {
    let tables = Tables::new(&day.types())?;
    let mut exporter = Exporter::new(options.clone(), tables, to.begin(&plan.id)?, &plan.id);
    day.introduce(&mut exporter);
    for batch in day.batches() {
        exporter.take(batch)?;
    }
    exporter.finish()
}

/// Every file under a folder, relative, sorted; not the lock.
fn files(root: &Path) -> Vec<String> {
    let mut found = vec![];
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    let mut names: Vec<_> = found
        .iter()
        .map(|p| p.strip_prefix(root).unwrap().to_string_lossy().into_owned())
        .collect();
    names.retain(|n| n != ".frontlog/lock");
    names.sort();
    names
}

fn manifest(published: &Published) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(&published.manifest).unwrap()).unwrap()
}

fn small() -> Options {
    Options {
        group_rows: 700,
        ..Options::default()
    }
}

#[test]
fn duckdb_and_pyarrow_read_the_rows_and_sums_that_were_exported() {
    let (day, to) = (Day::new(5_000), tempfile::tempdir().unwrap());
    let published = export(&day, to.path(), &small()).unwrap().unwrap();
    assert!(
        published.counts.good > 2_000 && published.counts.failed > 200,
        "{:?}",
        published.counts
    );
    let Some(oracle) = Oracle::find() else { return };
    let data = format!("{}/data/checkout_1/*/*.parquet", to.path().display());
    let (rows, quantity, value) = day.checkout_sums();
    let sql = format!(
        "SELECT count(*), sum(quantity), sum(value), min(_line) FROM read_parquet('{data}')"
    );
    let row = oracle.duckdb(&sql);
    assert_eq!(row[0][0], rows);
    assert_eq!(row[0][1], quantity);
    assert!((row[0][2].as_f64().unwrap() - value).abs() < 1e-6);
    let failed = oracle.duckdb(&format!(
        "SELECT count(*), count(_raw), bool_and(json_valid(_failures)) FROM read_parquet('{}/rejected/*_1/*/*.parquet', union_by_name=true)",
        to.path().display()
    ));
    assert_eq!(failed[0][0], day.failed_declared());
    assert_eq!(failed[0][2], true);
    let arrow = oracle.pyarrow_schema(&to.path().join(first_good(&published)));
    let types: Vec<_> = arrow
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c[0].as_str().unwrap(), c[1].as_str().unwrap()))
        .collect();
    assert!(
        types.contains(&("_event_time_utc", "timestamp[us, tz=UTC]")),
        "{types:?}"
    );
    assert!(
        types.contains(&("quantity", "int64")) && types.contains(&("day", "date32[day]")),
        "{types:?}"
    );
    assert!(
        !types
            .iter()
            .any(|(_, t)| t.contains("null") || t.contains("uint") || t.contains("ns")),
        "{types:?}"
    );
}

fn first_good(published: &Published) -> PathBuf {
    let manifest = manifest(published);
    let files = manifest["files"].as_array().unwrap();
    files
        .iter()
        .find(|f| f["class"] == "good" && f["table"] == "checkout_1")
        .unwrap()["path"]
        .as_str()
        .unwrap()
        .into()
}

#[test]
fn parquet_pages_are_what_redshift_takes() {
    let (day, to) = (Day::new(3_000), tempfile::tempdir().unwrap());
    let published = export(&day, to.path(), &small()).unwrap().unwrap();
    let Some(oracle) = Oracle::find() else { return };
    let meta = oracle.parquet_columns(&to.path().join(first_good(&published)));
    for column in meta.as_array().unwrap() {
        assert_eq!(column["compression"], "SNAPPY", "{column}");
        let encodings = column["encodings"].to_string();
        assert!(!encodings.contains("DELTA"), "{column}");
    }
}

#[test]
fn csv_and_json_lines_hold_the_same_rows_as_parquet() {
    let day = Day::new(3_000);
    let export_as = |format, compress| {
        let to = tempfile::tempdir().unwrap();
        let options = Options {
            format,
            compress,
            ..small()
        };
        let published = export(&day, to.path(), &options).unwrap().unwrap();
        (to, published)
    };
    let (_, parquet) = export_as(Format::Parquet, Compress::None);
    for (format, compress) in [
        (Format::Csv, Compress::None),
        (Format::Csv, Compress::Gzip),
        (Format::Jsonl, Compress::None),
        (Format::Jsonl, Compress::Gzip),
    ] {
        let (to, published) = export_as(format, compress);
        assert_eq!(
            published.content_hash, parquet.content_hash,
            "{format:?} {compress:?}"
        );
        let Some(oracle) = Oracle::find() else {
            continue;
        };
        let end = Options {
            format,
            compress,
            ..small()
        }
        .extension();
        let glob = format!("{}/data/checkout_1/*/*.{end}", to.path().display());
        let read = match format {
            Format::Csv => format!(
                "read_csv('{glob}', header=true, nullstr='\\N', quote='\"', escape='\"', strict_mode=true)"
            ),
            _ => format!("read_json('{glob}')"),
        };
        let (rows, quantity, value) = day.checkout_sums();
        let row = oracle.duckdb(&format!(
            "SELECT count(*), sum(quantity), sum(value), count(note) FROM {read}"
        ));
        assert_eq!(row[0][0], rows);
        assert_eq!(row[0][1], quantity);
        assert!((row[0][2].as_f64().unwrap() - value).abs() < 1e-6);
        assert_eq!(row[0][3], day.checkout_notes());
    }
}

#[test]
fn how_the_input_is_cut_into_batches_does_not_change_the_content() {
    let to = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = export(&Day::new(4_000).cut_every(4_000), to[0].path(), &small())
        .unwrap()
        .unwrap();
    let many = export(&Day::new(4_000).cut_every(137), to[1].path(), &small())
        .unwrap()
        .unwrap();
    assert_eq!(one.content_hash, many.content_hash);
    assert_eq!(
        (one.counts.good, one.counts.failed),
        (many.counts.good, many.counts.failed)
    );
    let bytes = |to: &Path| {
        files(&to.join("data"))
            .iter()
            .map(|f| std::fs::read(to.join("data").join(f)).unwrap())
            .collect::<Vec<_>>()
    };
    assert!(
        bytes(to[0].path()) == bytes(to[1].path()),
        "good files differ with the cutting"
    );
}

#[test]
fn a_second_run_publishes_nothing_and_new_inputs_make_a_second_batch() {
    let (day, to) = (Day::new(1_000), tempfile::tempdir().unwrap());
    let first = export(&day, to.path(), &small()).unwrap().unwrap();
    let before = files(to.path());
    assert!(export(&day, to.path(), &small()).unwrap().is_none());
    assert_eq!(files(to.path()), before);
    let more = Day::new(500).named("second");
    let second = export(&more, to.path(), &small()).unwrap().unwrap();
    assert_ne!(first.batch, second.batch);
    let ledger = Ledger::read(to.path()).unwrap();
    assert!(
        day.objects()
            .iter()
            .chain(&more.objects())
            .all(|o| ledger.etag(&o.object.uri).is_some())
    );
}

#[test]
fn the_manifest_names_files_that_are_there_with_their_bytes_rows_and_sums() {
    let (day, to) = (Day::new(2_000), tempfile::tempdir().unwrap());
    let options = Options {
        url_prefix: Some("s3://wh/px/".into()),
        ..small()
    };
    let published = export(&day, to.path(), &options).unwrap().unwrap();
    let manifest = manifest(&published);
    let mut good = 0;
    for file in manifest["files"].as_array().unwrap() {
        let path = to.path().join(file["path"].as_str().unwrap());
        assert_eq!(
            std::fs::metadata(&path).unwrap().len(),
            file["bytes"].as_u64().unwrap()
        );
        assert_eq!(
            frontlog::export::verify::sha256(&path).unwrap(),
            file["sha256"].as_str().unwrap()
        );
        if file["class"] == "good" {
            good += file["rows"].as_u64().unwrap();
        }
    }
    assert_eq!(good, published.counts.good);
    assert_eq!(manifest["meta"]["record_count"], good);
    assert_eq!(manifest["counts"]["good"], good);
    let copy = std::fs::read_to_string(to.path().join(format!(
        "batches/{}/redshift/checkout_1.manifest",
        published.batch
    )))
    .unwrap();
    let copy: serde_json::Value = serde_json::from_str(&copy).unwrap();
    for entry in copy["entries"].as_array().unwrap() {
        assert_eq!(entry["mandatory"], true);
        let path = entry["url"]
            .as_str()
            .unwrap()
            .strip_prefix("s3://wh/px/")
            .unwrap();
        assert_eq!(
            std::fs::metadata(to.path().join(path)).unwrap().len(),
            entry["meta"]["content_length"].as_u64().unwrap()
        );
    }
    let load = std::fs::read_to_string(to.path().join(format!(
        "batches/{}/load/redshift/checkout_1.sql",
        published.batch
    )))
    .unwrap();
    assert!(
        load.contains(&format!(
            "FROM 's3://wh/px/batches/{}/redshift/checkout_1.manifest'",
            published.batch
        )),
        "{load}"
    );
    let listed: Vec<_> = files(to.path())
        .into_iter()
        .filter(|f| !f.starts_with("batches/"))
        .collect();
    assert_eq!(
        listed.len(),
        manifest["files"].as_array().unwrap().len(),
        "no file without a name in the manifest: {listed:?}"
    );
}

#[test]
fn rows_that_would_not_load_go_to_rejected_whole_and_the_identity_still_holds() {
    let (day, to) = (Day::new(1_000).with_misfits(), tempfile::tempdir().unwrap());
    let published = export(&day, to.path(), &small()).unwrap().unwrap();
    assert_eq!(published.moved, 3);
    assert_eq!(published.counts.good + 3, day.counters().good);
    assert_eq!(published.counts.failed, day.counters().failed + 3);
    for code in ["W601", "W603", "W604"] {
        assert_eq!(published.failures_by_code[code], 1, "{code}");
    }
    let Some(oracle) = Oracle::find() else { return };
    let rejected = format!("{}/rejected/checkout_1/*/*.parquet", to.path().display());
    let rows = oracle.duckdb(&format!(
        "SELECT max(strlen(note)) FROM read_parquet('{rejected}') WHERE _failures LIKE '%W601%'"
    ));
    assert_eq!(rows[0][0], 70_000);
}

#[test]
fn small_limits_make_many_files_and_nothing_is_lost() {
    let (day, to) = (Day::new(6_000), tempfile::tempdir().unwrap());
    let options = Options {
        group_rows: 100,
        group_bytes: 8_000,
        buffer_bytes: 20_000,
        file_bytes: 10_000,
        ..Options::default()
    };
    let many = export(&day, to.path(), &options).unwrap().unwrap();
    assert!(files(&to.path().join("data")).len() > 20);
    let few = export(
        &day,
        tempfile::tempdir().unwrap().path(),
        &Options::default(),
    )
    .unwrap()
    .unwrap();
    assert_eq!(many.content_hash, few.content_hash);
}

#[test]
fn a_batch_without_a_good_event_and_one_without_any_event_are_published_too() {
    let to = tempfile::tempdir().unwrap();
    let failed = export(&Day::new(300).all_failed(), to.path(), &small())
        .unwrap()
        .unwrap();
    assert_eq!(
        (failed.counts.good, failed.counts.failed),
        (0, failed.counts.events)
    );
    assert!(!to.path().join("data").exists());
    let empty = export(&Day::new(0).named("empty"), to.path(), &small())
        .unwrap()
        .unwrap();
    assert_eq!(empty.counts.events, 0);
    assert_eq!(manifest(&empty)["entries"].as_array().unwrap().len(), 0);
    assert!(
        export(&Day::new(0).named("empty"), to.path(), &small())
            .unwrap()
            .is_none()
    );
}

/// Work up to, but without, the manifest: what a crash at that point leaves.
fn crash_before_the_manifest(day: &Day, to: &Path, placed: bool) {
    let destination = Destination::open(to).unwrap();
    let plan = plan(day, to, &small()).unwrap();
    let receipt = work(day, &destination, &plan, &small()).unwrap();
    let data: Vec<String> = receipt.files.iter().map(|f| f.path.clone()).collect();
    destination.stage(&plan.id, &data, &[]).unwrap();
    if placed {
        destination.place(&plan.id, data.iter()).unwrap();
    }
}

#[test]
fn a_crash_before_the_manifest_publishes_nothing_and_the_next_run_cleans_up() {
    for placed in [false, true] {
        let (day, to) = (Day::new(1_000), tempfile::tempdir().unwrap());
        crash_before_the_manifest(&day, to.path(), placed);
        assert_eq!(to.path().join("data").exists(), placed);
        assert!(!to.path().join("batches").exists());
        // Another input set makes another plan: the leftovers must go all the same.
        let other = Day::new(200).named("other");
        export(&other, to.path(), &small()).unwrap().unwrap();
        let plan = plan(&day, to.path(), &small()).unwrap().id;
        assert!(
            !files(to.path()).iter().any(|f| f.contains(&plan)),
            "{:?}",
            files(to.path())
        );
        export(&day, to.path(), &small()).unwrap().unwrap();
        let clean = tempfile::tempdir().unwrap();
        let expected = export(&day, clean.path(), &small()).unwrap().unwrap();
        let found: Vec<_> = files(to.path())
            .into_iter()
            .filter(|f| f.contains(&expected.batch))
            .collect();
        assert_eq!(found, files(clean.path()));
    }
}

#[test]
fn counts_that_do_not_add_up_or_files_that_changed_stop_the_publish() {
    let (day, to) = (Day::new(1_000), tempfile::tempdir().unwrap());
    let destination = Destination::open(to.path()).unwrap();
    let plan = plan(&day, to.path(), &small()).unwrap();
    let commit_with = |counters: &frontlog::model::Counters, damage: bool| {
        let receipt = work(&day, &destination, &plan, &small()).unwrap();
        if damage {
            let path = destination.staging(&plan.id).join(&receipt.files[0].path);
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle] ^= 0x55;
            std::fs::write(&path, bytes).unwrap();
        }
        let facts = RunFacts {
            counters,
            objects: &day.objects(),
            threads: 1,
            now_us: 0,
        };
        commit(&destination, &plan, &small(), receipt, &facts)
    };
    let mut wrong = day.counters();
    (wrong.good, wrong.failed) = (wrong.good + 1, wrong.failed - 1);
    assert!(matches!(
        commit_with(&wrong, false),
        Err(Error::Identity(_))
    ));
    wrong.lines += 1;
    assert!(matches!(
        commit_with(&wrong, false),
        Err(Error::Identity(_))
    ));
    assert!(commit_with(&day.counters(), true).is_err());
    assert!(!to.path().join("batches").exists() && !to.path().join("data").exists());
    commit_with(&day.counters(), false).unwrap().unwrap();
}

#[test]
fn a_destination_that_cannot_be_written_or_is_in_use_says_so() {
    let to = tempfile::tempdir().unwrap();
    let file = to.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    let error = export(&Day::new(10), &file, &small()).unwrap_err();
    assert!(
        matches!(&error, Error::Export(m) if m.contains("a-file") && m.contains("--to")),
        "{error}"
    );
    let folder = to.path().join("folder");
    let held = Destination::open(&folder).unwrap();
    let error = export(&Day::new(10), &folder, &small()).unwrap_err();
    assert!(error.to_string().contains("another export"), "{error}");
    drop(held);
    export(&Day::new(10), &folder, &small()).unwrap().unwrap();
}

#[test]
fn a_full_disk_is_called_by_its_name() {
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = frontlog::export::format::cannot_write(Path::new("/data/x"), &full).to_string();
    assert!(
        error.contains("/data/x")
            && error.contains("Nothing was published")
            && error.contains("free some space"),
        "{error}"
    );
}

#[test]
fn an_unreadable_object_stays_out_of_the_ledger_and_is_tried_again() {
    let (day, to) = (
        Day::new(100).with_unreadable_object(),
        tempfile::tempdir().unwrap(),
    );
    let published = export(&day, to.path(), &small()).unwrap().unwrap();
    assert_eq!(published.unreadable.len(), 1);
    let again = plan(&day, to.path(), &small()).unwrap();
    assert_eq!(
        again.inputs.iter().map(|i| &i.uri).collect::<Vec<_>>(),
        published.unreadable.iter().collect::<Vec<_>>()
    );
}
