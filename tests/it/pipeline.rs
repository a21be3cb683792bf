//! The laws of the pipeline: nothing lost under any chunking, the same result for one thread and for many.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use frontlog::contract::Contract;
use frontlog::decode::{BlockReader, Piece};
use frontlog::model::{Batch, Counters, Progress, Sink};
use frontlog::pipeline::{Needs, RunOptions, load, run};
use frontlog::source;
use polars::prelude::DataFrame;
use polars_buffer::Buffer;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_64;

/// Adds up what it is given: the place of every row, and hashes that do not depend on the order.
#[derive(Default)]
struct Sum {
    rows: u64,
    failures: u64,
    places: u64,
    payloads: u64,
    rejected: u64,
    order: Vec<(u32, u32)>,
}

impl Sink for Sum {
    fn take(&mut self, batch: Batch) -> frontlog::error::Result<()> {
        self.rows += batch.records.len() as u64;
        self.failures += batch.failures.len() as u64;
        for row in 0..batch.records.len() {
            let place = (batch.records.object[row], batch.records.line[row]);
            let text = format!(
                "{place:?} {} {} {}",
                batch.records.offset[row], batch.records.time_us[row], batch.records.verdict[row]
            );
            self.places = self.places.wrapping_add(xxh3_64(text.as_bytes()));
            self.order.push(place);
        }
        for events in &batch.events {
            for hash in &events.payload_hash {
                self.payloads = self.payloads.wrapping_add(*hash);
            }
        }
        for raw in batch.rejects.raw.values_iter() {
            self.rejected = self.rejected.wrapping_add(xxh3_64(raw));
        }
        Ok(())
    }
}

fn judged(source: &Path, contract: &Arc<Contract>, threads: usize) -> (Counters, Sum) {
    let options = RunOptions {
        source: source::Options {
            sources: vec![source.display().to_string()],
            ..source::Options::default()
        },
        contract: contract.clone(),
        threads,
        needs: Needs {
            windows: false,
            judge: true,
            ..Needs::default()
        },
    };
    let mut sum = Sum::default();
    let progress = Arc::new(Progress::default());
    let summary = run(&options, &mut sum, &progress, &CancellationToken::new()).unwrap();
    (summary.counters, sum)
}

fn sample_contract() -> Arc<Contract> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    Arc::new(Contract::load(&dir).unwrap())
}

#[test]
fn one_thread_and_many_give_the_same_rows_in_the_same_order() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let contract = sample_contract();
    let (counters, one) = judged(&dir, &contract, 1);
    assert!(one.rows > 19_000);
    for threads in [2, 3, 8] {
        let (others, many) = judged(&dir, &contract, threads);
        assert_eq!(counters, others, "{threads} threads");
        assert_eq!(
            (one.places, one.payloads, one.rejected, one.failures),
            (many.places, many.payloads, many.rejected, many.failures),
            "{threads} threads"
        );
        assert_eq!(one.order, many.order, "{threads} threads");
    }
}

/// The ids and long texts of events are pieces of their records' queries, not copies.
#[test]
fn texts_that_columns_share_are_held_once() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let options = RunOptions {
        source: source::Options {
            sources: vec![dir.display().to_string()],
            ..source::Options::default()
        },
        contract: sample_contract(),
        threads: 2,
        needs: Needs::default(),
    };
    let progress = Arc::new(Progress::default());
    let snapshot = load(&options, &progress, &CancellationToken::new()).unwrap();
    let buffers = |frame: &DataFrame, name: &str| -> Vec<Buffer<u8>> {
        let column = frame.column(name).unwrap().str().unwrap().clone();
        let arrays = column.downcast_iter();
        arrays
            .flat_map(|array| array.data_buffers().as_slice().to_vec())
            .collect()
    };
    let place = |buffer: &Buffer<u8>| (buffer.as_slice().as_ptr(), buffer.len());
    let kept: HashSet<_> = buffers(&snapshot.records, "cs_uri_query")
        .iter()
        .map(place)
        .collect();
    let (mut copied, mut shared) = (0, 0);
    for table in &snapshot.events {
        for buffer in buffers(&table.frame, "_event_id") {
            if kept.contains(&place(&buffer)) {
                shared += buffer.len();
            } else {
                copied += buffer.len();
            }
        }
    }
    // Ids that stand behind the first `%` of a query, and those of events without one.
    assert!(copied < 36 * snapshot.counters.good as usize / 10 && shared > 1 << 20);
    assert!(snapshot.memory_bytes() < 2 * snapshot.counters.text_bytes as usize);
    let mut checked = 0;
    for table in &snapshot.events {
        let queries = snapshot.records.column("cs_uri_query").unwrap();
        let records = table.frame.column("_record").unwrap().u32().unwrap();
        let ids = table.frame.column("_event_id").unwrap().str().unwrap();
        for (record, id) in records.iter().zip(ids.iter()) {
            let query = queries.str().unwrap().get(record.unwrap() as usize);
            if let Some((query, id)) = query.zip(id)
                && let Some(at) = query.find("eid=")
            {
                let rest = &query[at + 4..];
                assert_eq!(rest.split('&').next(), Some(id), "{query}");
                checked += 1;
            }
        }
    }
    assert!(checked > 5_000, "{checked}");
}

/// A text as long as a large object, read whole and in blocks, as gzip and as it is.
#[test]
fn a_large_object_is_the_same_in_one_piece_and_in_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let mut text = Vec::new();
    let mut names: Vec<_> = std::fs::read_dir(sample)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "gz"))
        .collect();
    names.sort();
    while text.len() < 40 << 20 {
        for name in &names {
            let gzip = std::fs::read(name).unwrap();
            let mut out = Vec::new();
            // The truncated object of the samples is cut in the middle of a line, and stays so here.
            let _ = frontlog::decode::Inflater::default().inflate(&gzip, &mut out);
            text.extend_from_slice(&out);
        }
    }
    text.extend_from_slice(&[b'x'; 6 << 20]);
    text.push(b'\n');
    let plain = dir.path().join("large.log");
    std::fs::write(&plain, &text).unwrap();
    let gzip = dir.path().join("large.gz");
    let mut encoder = flate2::write::GzEncoder::new(
        std::fs::File::create(&gzip).unwrap(),
        flate2::Compression::fast(),
    );
    encoder.write_all(&text).unwrap();
    encoder.finish().unwrap();
    let contract = sample_contract();
    let (from_plain, plain) = judged(&plain, &contract, 3);
    let (from_gzip, gzip) = judged(&gzip, &contract, 2);
    let lines = text.iter().filter(|b| **b == b'\n').count() as u64;
    assert_eq!(from_plain.lines, lines);
    assert_eq!(
        Counters {
            object_bytes: 0,
            ..from_plain
        },
        Counters {
            object_bytes: 0,
            ..from_gzip
        }
    );
    assert_eq!(plain.places, gzip.places);
    assert_eq!(plain.order, gzip.order);
}

proptest! {
    /// Whatever the bytes and the size of a block: the blocks joined are the bytes.
    #[test]
    fn blocks_lose_nothing(text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..4000), block in 1usize..600) {
        let mut joined = Vec::new();
        for piece in BlockReader::new(&text[..], block) {
            match piece {
                Piece::Lines { offset, text } => {
                    prop_assert_eq!(offset, joined.len() as u64);
                    joined.extend(text);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(joined, text);
    }

    /// Whatever the lines: each is counted once, as what it is, and the identity holds.
    #[test]
    fn every_line_is_accounted_for(lines in proptest::collection::vec("(#[ -~]{0,20}|[ -~\t]{0,60}|\\PC{0,30}|)", 0..60), cr in any::<bool>(), last in any::<bool>()) {
        // Of JSON an object is a line, however it is wrapped.
        prop_assume!(lines.iter().all(|line| !line.starts_with('{')));
        let dir = tempfile::tempdir().unwrap();
        let end = if cr { "\r\n" } else { "\n" };
        let mut text = lines.join(end);
        if last && !text.is_empty() {
            text.push_str(end);
        }
        let path = dir.path().join("any.log");
        std::fs::write(&path, &text).unwrap();
        let (counters, sum) = judged(&path, &Arc::new(Contract::builtin()), 1);
        let newlines = text.bytes().filter(|b| *b == b'\n').count() as u64;
        let expected = newlines + u64::from(!text.is_empty() && !text.ends_with('\n'));
        prop_assert_eq!(counters.lines, expected);
        prop_assert!(counters.identity().is_ok());
        prop_assert_eq!(counters.records, sum.rows);
    }
}
