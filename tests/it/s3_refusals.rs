//! What S3 refuses, as sentences that say what to do; and what it takes back: credentials, connections, contents.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frontlog::contract::Contract;
use frontlog::model::{Notice, ObjectId, ObjectStatus};
use frontlog::pipeline::{self, Needs, RunOptions};
use frontlog::source::{Options, S3Options};

use crate::arrivals::{error, gather, reading};
use crate::program::{command, file, folder, header, ran, record};
use crate::s3_server::{KEY_ID, SECRET};

/// One request: its head, and how many came before.
type Answer = dyn Fn(&str, usize) -> Vec<u8> + Send + Sync;

/// A server of canned answers, many at a time; an empty answer resets the connection.
fn canned(
    answer: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (seen, count) = (heads.clone(), Arc::new(AtomicUsize::new(0)));
    let answer: Arc<Answer> = Arc::new(answer);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let (seen, count, answer) = (seen.clone(), count.clone(), answer.clone());
            std::thread::spawn(move || {
                let head = head(&mut socket);
                let n = count.fetch_add(1, Ordering::SeqCst);
                let bytes = answer(&head, n);
                seen.lock().unwrap().push(head);
                drop(socket.write_all(&bytes));
            });
        }
    });
    (endpoint, heads)
}

fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).to_lowercase()
}

fn http(status: &str, headers: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn refusal(status: &str, code: &str, message: &str, more: &str) -> Vec<u8> {
    let body = if code.is_empty() {
        String::new()
    } else {
        format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>"
        )
    };
    http(status, "", body.len(), body.as_bytes())
}

fn listing(keys: &[(&str, usize)]) -> Vec<u8> {
    let one = |(key, size): &(&str, usize)| {
        format!("<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"e1\"</ETag></Contents>")
    };
    let keys: String = keys.iter().map(one).collect();
    let body =
        format!("<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>");
    http("200 OK", "", body.len(), body.as_bytes())
}

fn is_list(head: &str) -> bool {
    head.contains("list-type=2")
}

fn at(endpoint: &str) -> Options {
    Options {
        s3: S3Options {
            endpoint_url: Some(endpoint.to_owned()),
            path_style: true,
            region: Some("us-west-2".to_owned()),
            static_credentials: Some((KEY_ID.into(), SECRET.into())),
            ..S3Options::default()
        },
        ..reading(&["s3://logs/px/"])
    }
}

/// Status, code, message, other elements; what the sentence of a listing says, and that of an object. Nothing where
/// the answer cannot be one to that request.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const REFUSALS: &[Case] = &[
    (
        "403 Forbidden",
        "AccessDenied",
        "Access Denied",
        "",
        &[
            "access denied",
            "s3:ListBucket",
            "bucket `logs`",
            "--request-payer",
        ],
        &[
            "access denied",
            "s3:GetObject",
            "kms:Decrypt",
            "--request-payer",
        ],
    ),
    (
        "403 Forbidden",
        "AccessDenied",
        "User: arn:aws:iam::1:user/u is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::logs\" because no identity-based policy allows the s3:ListBucket action",
        "",
        &["(needs s3:ListBucket on bucket `logs`)"],
        &[],
    ),
    (
        "403 Forbidden",
        "AccessDenied",
        "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action",
        "",
        &[],
        &["(needs kms:Decrypt on the KMS key it is encrypted with)"],
    ),
    (
        "400 Bad Request",
        "KMS.DisabledException",
        "arn:aws:kms:us-west-2:1:key/2 is disabled.",
        "",
        &[],
        &["is disabled", "kms:Decrypt"],
    ),
    (
        "403 Forbidden",
        "",
        "",
        "",
        &["access denied", "s3:ListBucket"],
        &["access denied", "s3:GetObject"],
    ),
    (
        "404 Not Found",
        "NoSuchBucket",
        "The specified bucket does not exist",
        "",
        &["there is no bucket `logs`", "--endpoint-url"],
        &["there is no bucket `logs`"],
    ),
    (
        "404 Not Found",
        "NoSuchKey",
        "The specified key does not exist.",
        "",
        &[],
        &["deleted after it was listed"],
    ),
    (
        "301 Moved Permanently",
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
        "<Region>eu-west-3</Region>",
        &[
            "`logs` is in region eu-west-3, not us-west-2",
            "--region eu-west-3",
        ],
        &["eu-west-3"],
    ),
    (
        "400 Bad Request",
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; the region 'us-west-2' is wrong; expecting 'eu-central-1'",
        "",
        &["--region eu-central-1"],
        &["--region eu-central-1"],
    ),
    (
        "403 Forbidden",
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        "",
        &["clock differs", "set the clock"],
        &["set the clock"],
    ),
    (
        "403 Forbidden",
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        "",
        &["does not know these credentials", "--profile"],
        &["does not know these credentials"],
    ),
    (
        "403 Forbidden",
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match.",
        "",
        &["the secret access key is wrong"],
        &["the secret access key is wrong"],
    ),
    (
        "400 Bad Request",
        "ExpiredToken",
        "The provided token has expired.",
        "",
        &["have expired", "aws sso login"],
        &["have expired"],
    ),
    (
        "403 Forbidden",
        "InvalidObjectState",
        "The operation is not valid for the object's storage class",
        "<StorageClass>DEEP_ARCHIVE</StorageClass>",
        &[],
        &["archived as DEEP_ARCHIVE", "restore"],
    ),
    (
        "412 Precondition Failed",
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        "",
        &[],
        &["overwritten after it was listed"],
    ),
    (
        "418 I'm a teapot",
        "Teapot",
        "Short and stout",
        "",
        &["Teapot: Short and stout"],
        &["Teapot: Short and stout"],
    ),
];

#[test]
fn each_refusal_says_what_failed_on_what_and_what_to_do() {
    for (status, code, message, more, listed, read) in REFUSALS {
        if !listed.is_empty() {
            let (endpoint, heads) = canned(move |_, _| refusal(status, code, message, more));
            let said = error(&at(&endpoint)).to_string();
            for part in *listed {
                assert!(said.contains(part), "{code}: {part} is missing in: {said}");
            }
            assert!(said.contains("cannot list s3://logs/px/"), "{said}");
            assert_eq!(
                heads.lock().unwrap().len(),
                1,
                "{code} is not worth another try"
            );
        }
        if !read.is_empty() {
            let (endpoint, heads) = canned(move |head, _| {
                if is_list(head) {
                    listing(&[("px/a.log", 1)])
                } else {
                    refusal(status, code, message, more)
                }
            });
            let all = gather(&at(&endpoint)).unwrap();
            let (_, id, said) = &all.unreadable[0];
            for part in *read {
                assert!(said.contains(part), "{code}: {part} is missing in: {said}");
            }
            assert!(said.contains("cannot read s3://logs/px/a.log"), "{said}");
            assert_eq!(id == "S901", status.starts_with("412"));
            assert_eq!(
                heads.lock().unwrap().len(),
                2,
                "{code} is not worth another try"
            );
        }
    }
}

#[test]
fn a_server_that_stays_busy_is_given_up_after_a_number_of_attempts() {
    let (endpoint, heads) = canned(|head, _| {
        if is_list(head) {
            listing(&[("px/a.log", 1)])
        } else {
            refusal("500 Oops", "InternalError", "we are sorry", "")
        }
    });
    let all = gather(&at(&endpoint)).unwrap();
    assert!(
        all.unreadable[0]
            .2
            .contains("InternalError: we are sorry; gave up after 6 attempts"),
        "{:?}",
        all.unreadable
    );
    assert_eq!(heads.lock().unwrap().len(), 1 + 6);
}

#[test]
fn the_reader_pays_where_asked_to() {
    let (endpoint, heads) = canned(|head, _| {
        if is_list(head) {
            listing(&[("px/a.log", 1)])
        } else {
            http("200 OK", "ETag: \"e1\"\r\n", 1, b"x")
        }
    });
    let mut options = at(&endpoint);
    gather(&options).unwrap();
    options.s3.request_payer = true;
    gather(&options).unwrap();
    let pays: Vec<bool> = heads
        .lock()
        .unwrap()
        .iter()
        .map(|h| h.contains("x-amz-request-payer: requester"))
        .collect();
    assert_eq!(pays, [false, false, true, true]);
}

/// A content of `length` bytes that is not the same anywhere.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| (n as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect()
}

/// The first byte that a request asks for.
fn from_of(head: &str) -> Option<usize> {
    head.lines().find_map(|l| {
        l.strip_prefix("range: bytes=")?
            .trim()
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    })
}

/// Answers a GET with at most `most` bytes of what was promised, by `Range` where that is asked for.
fn broken_get(head: &str, whole: &[u8], most: usize, knows_ranges: bool) -> Vec<u8> {
    let from = from_of(head);
    let from = from.filter(|_| knows_ranges);
    let rest = &whole[from.unwrap_or(0)..];
    let sent = &rest[..rest.len().min(most)];
    match from {
        Some(from) => {
            let range = format!(
                "ETag: \"e1\"\r\nContent-Range: bytes {from}-{}/{}\r\n",
                whole.len() - 1,
                whole.len()
            );
            http("206 Partial Content", &range, rest.len(), sent)
        }
        None => http("200 OK", "ETag: \"e1\"\r\n", rest.len(), sent),
    }
}

#[test]
fn a_content_that_breaks_off_goes_on_where_it_broke() {
    // Small objects are read whole, large ones are streamed; a server without ranges starts anew.
    for (length, most, knows_ranges, gets) in [(1_000, 300, true, 4), (36 << 20, 10 << 20, true, 4)]
    {
        let whole = content(length);
        let sent = whole.clone();
        let (endpoint, heads) = canned(move |head, _| {
            if is_list(head) {
                listing(&[("px/a.log", length)])
            } else {
                broken_get(head, &sent, most, knows_ranges)
            }
        });
        let all = gather(&at(&endpoint)).unwrap();
        assert!(
            all.contents == [(0, whole)],
            "{length}: {:?}",
            all.unreadable
        );
        let heads = heads.lock().unwrap();
        assert_eq!(heads.len(), 1 + gets);
        assert!(heads[1..].iter().all(|h| h.contains("if-match: \"e1\"")));
        assert!(
            !heads[1].contains("range:") && heads[2].contains(&format!("range: bytes={most}-"))
        );
    }
    // Without ranges it starts anew, and what came before is left out.
    let whole = content(1_000);
    let sent = whole.clone();
    let (endpoint, _) = canned(move |head, n| {
        if is_list(head) {
            listing(&[("px/a.log", 1_000)])
        } else {
            broken_get(head, &sent, 300 * n, false)
        }
    });
    let all = gather(&at(&endpoint)).unwrap();
    assert_eq!(all.contents, [(0, whole)]);
}

#[test]
fn a_content_that_changes_while_it_is_resumed_is_s901() {
    let (endpoint, _) = canned(|head, n| match n {
        0 => listing(&[("px/a.log", 10)]),
        1 => http("200 OK", "ETag: \"e1\"\r\n", 10, b"0123"),
        _ if head.contains("if-match") => {
            refusal("412 Precondition Failed", "PreconditionFailed", "no", "")
        }
        _ => http("200 OK", "ETag: \"e2\"\r\n", 10, b"abcdefghij"),
    });
    let all = gather(&at(&endpoint)).unwrap();
    assert_eq!(all.unreadable[0].1, "S901");
}

#[test]
fn one_request_in_ten_refused_or_reset_loses_nothing() {
    const OBJECTS: usize = 300;
    let keys: Vec<String> = (0..OBJECTS).map(|n| format!("px/{n:04}.log")).collect();
    let named = keys.clone();
    let (endpoint, heads) = canned(move |head, n| {
        if n % 10 == 3 {
            return refusal(
                "503 Slow Down",
                "SlowDown",
                "Please reduce your request rate.",
                "",
            );
        }
        if n % 10 == 7 {
            return Vec::new();
        }
        if is_list(head) {
            let keys: Vec<(&str, usize)> = named.iter().map(|k| (k.as_str(), 12)).collect();
            return listing(&keys);
        }
        let name = head
            .split(' ')
            .nth(1)
            .unwrap()
            .trim_start_matches("/logs/")
            .to_owned();
        std::thread::sleep(Duration::from_millis(n as u64 % 7));
        http("200 OK", "ETag: \"e1\"\r\n", name.len(), name.as_bytes())
    });
    let all = gather(&at(&endpoint)).unwrap();
    assert_eq!(all.unreadable, []);
    let expected: Vec<(u32, Vec<u8>)> = (0..)
        .zip(keys.iter().map(|k| k.clone().into_bytes()))
        .collect();
    assert_eq!(all.contents, expected);
    assert!(heads.lock().unwrap().len() > OBJECTS * 11 / 10);
}

/// Runs `check` on a bucket with a home of its own whose AWS configuration is `config`.
fn check(config: &str, endpoint: &str, more: &[&str]) -> crate::program::Ran {
    let home = folder();
    file(home.path(), ".aws/config", config.as_bytes());
    let mut command = command(home.path());
    command
        .args([
            "check",
            "s3://logs/px/",
            "--path-style",
            "--region",
            "us-east-1",
            "--endpoint-url",
            endpoint,
        ])
        .args(more);
    ran(command.output().unwrap())
}

const LOG: &[u8] = b"#Version: 1.0\n#Fields: date time\n";

#[test]
fn expired_credentials_are_read_again() {
    // The process gives another key id each time; the server takes the first one for two requests only.
    let home = folder();
    let script = "n=$(cat \"$0.n\" 2>/dev/null || echo 0); n=$((n+1)); echo $n > \"$0.n\"\n\
                  echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIA$n\\\",\\\"SecretAccessKey\\\":\\\"s\\\",\\\"SessionToken\\\":\\\"t$n\\\"}\"\n";
    let script = file(home.path(), "give", script.as_bytes());
    let config = format!("[default]\ncredential_process = sh {}\n", script.display());
    let (endpoint, heads) = canned(|head, n| {
        if head.contains("credential=akia1/") && n >= 2 {
            return refusal(
                "400 Bad Request",
                "ExpiredToken",
                "The provided token has expired.",
                "",
            );
        }
        if is_list(head) {
            listing(&[
                ("px/a.log", LOG.len()),
                ("px/b.log", LOG.len()),
                ("px/c.log", LOG.len()),
            ])
        } else {
            http("200 OK", "ETag: \"e1\"\r\n", LOG.len(), LOG)
        }
    });
    check(&config, &endpoint, &[]).exits(0);
    let heads = heads.lock().unwrap();
    assert!(
        heads
            .iter()
            .any(|h| h.contains("credential=akia2/") && h.contains("x-amz-security-token: t2"))
    );
    assert!(
        !heads.iter().any(|h| h.contains("credential=akia3/")),
        "requests that fail together renew once"
    );
    // Credentials that stay expired are a sentence, not a loop.
    let (endpoint, _) = canned(|_, _| {
        refusal(
            "400 Bad Request",
            "ExpiredToken",
            "The provided token has expired.",
            "",
        )
    });
    let ran = check(&config, &endpoint, &[]).exits(1);
    assert!(
        ran.stderr.contains("the credentials have expired"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_role_is_assumed_through_a_profile() {
    let (sts, asked) = canned(|_, _| {
        let body = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                    <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>role-token</SessionToken>\
                    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>\
                    <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
        http(
            "200 OK",
            "Content-Type: text/xml\r\n",
            body.len(),
            body.as_bytes(),
        )
    });
    let (endpoint, heads) = canned(|head, _| {
        if is_list(head) {
            listing(&[("px/a.log", LOG.len())])
        } else {
            http("200 OK", "ETag: \"e1\"\r\n", LOG.len(), LOG)
        }
    });
    let config = format!(
        "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n\
         [profile reader]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nregion = us-east-1\nendpoint_url = {sts}\n"
    );
    check(&config, &endpoint, &["--profile", "reader"]).exits(0);
    assert!(asked.lock().unwrap()[0].contains("credential=akiabase/"));
    let heads = heads.lock().unwrap();
    assert!(
        heads.iter().all(|h| h.contains("credential=asiarole/")
            && h.contains("x-amz-security-token: role-token")),
        "{heads:?}"
    );
}

#[test]
fn dual_stack_excludes_an_endpoint() {
    let ran = check("", "http://127.0.0.1:9", &["--dual-stack"]).exits(2);
    assert!(
        ran.stderr.contains("--dual-stack") && ran.stderr.contains("--endpoint-url"),
        "{}",
        ran.stderr
    );
}

/// A large object breaks off for good after a part of it was counted; read again, it goes on from there.
#[test]
fn an_object_that_was_half_read_counts_each_line_once() {
    let mut whole = header().into_bytes();
    let mut records = 0;
    while whole.len() < 36 << 20 {
        whole.extend_from_slice(record(records, "e=checkout&value=1", "agent").as_bytes());
        records += 1;
    }
    let (length, cut) = (whole.len(), whole.len() * 2 / 3);
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = mended.clone();
    let (endpoint, _) = canned(move |head, _| {
        if is_list(head) {
            return listing(&[("px/a.log", length)]);
        }
        if head.starts_with("head ") {
            return http("200 OK", "ETag: \"e1\"\r\n", length, b"");
        }
        let from = from_of(head).unwrap_or(0);
        let end = if is_mended.load(Ordering::SeqCst) {
            length
        } else {
            cut.max(from)
        };
        let range = format!(
            "ETag: \"e1\"\r\nContent-Range: bytes {from}-{}/{length}\r\n",
            length - 1
        );
        http(
            "206 Partial Content",
            &range,
            length - from,
            &whole[from..end],
        )
    });
    let options = RunOptions {
        source: at(&endpoint),
        contract: Arc::new(Contract::builtin()),
        threads: 2,
        needs: Needs::default(),
    };
    let handle = pipeline::explore(options).unwrap();
    let finished = || loop {
        match handle.notices.recv_timeout(Duration::from_mins(1)).unwrap() {
            Notice::Finished {
                counters,
                broken_identity,
            } => return (counters, broken_identity),
            Notice::Failed(why) => panic!("{why}"),
            _ => {}
        }
    };
    let (counters, _) = finished();
    assert_eq!((counters.objects, counters.objects_unreadable), (0, 1));
    assert!(
        counters.records > 0 && counters.records < records as u64,
        "{counters:?}"
    );
    // Asked twice at once, and also for an object that is not there: read once.
    let ids = vec![ObjectId(0), ObjectId(0), ObjectId(7)];
    mended.store(true, Ordering::SeqCst);
    handle.again.send(ids.clone()).unwrap();
    handle.again.send(ids).unwrap();
    let (counters, broken_identity) = finished();
    assert_eq!(broken_identity, None);
    assert_eq!((counters.objects, counters.objects_unreadable), (1, 0));
    assert_eq!(
        (counters.records, counters.header_lines),
        (records as u64, 2)
    );
    assert_eq!(counters.text_bytes, length as u64);
    let snapshot = handle.snapshots.borrow().clone();
    assert_eq!(snapshot.len(), records);
    assert_eq!(snapshot.objects[0].status, ObjectStatus::Read);
    assert_eq!(format!("{:?}", snapshot.counters), format!("{counters:?}"));
}
