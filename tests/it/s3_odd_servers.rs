//! Servers that do what a well-behaved S3 server never does: break off, hang, redirect, are busy.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use frontlog::source::{Arrival, Options, S3Options};

use crate::arrivals::{error, gather, next, reading, start};
use crate::s3_server::{KEY_ID, SECRET};

/// A server of canned answers, for what a well-behaved one never does. `answer` gets the head of the n-th request.
fn canned(answer: impl Fn(&str, usize) -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let head = head(&mut socket);
            let n = counted.fetch_add(1, Ordering::SeqCst);
            drop(socket.write_all(&answer(&head, n)));
            drop(socket.shutdown(Shutdown::Both));
        }
    });
    (endpoint, count)
}

fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && socket.read(&mut byte).is_ok_and(|n| n == 1) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn http(status: &str, headers: &str, length: usize, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

fn one_key(size: usize) -> Vec<u8> {
    let body = format!(
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a.log</Key><Size>{size}</Size>\
         <ETag>\"e1\"</ETag></Contents></ListBucketResult>"
    );
    http("200 OK", "", body.len(), &body)
}

fn at(endpoint: String, region: Option<&str>) -> Options {
    let s3 = S3Options {
        endpoint_url: Some(endpoint),
        path_style: true,
        region: region.map(str::to_owned),
        static_credentials: Some((KEY_ID.into(), SECRET.into())),
        ..S3Options::default()
    };
    Options {
        s3,
        ..reading(&["s3://logs/"])
    }
}

#[test]
fn a_content_that_breaks_off_is_asked_for_again() {
    let gets = AtomicUsize::new(0);
    let (endpoint, _) = canned(move |head, _| {
        if head.contains("list-type=2") {
            return one_key(10);
        }
        assert!(head.to_lowercase().contains("if-match: \"e1\""), "{head}");
        let body = if gets.fetch_add(1, Ordering::SeqCst) < 2 {
            "012345"
        } else {
            "0123456789"
        };
        http("200 OK", "ETag: \"e1\"\r\n", 10, body)
    });
    let all = gather(&at(endpoint, None)).unwrap();
    assert_eq!(all.contents, [(0, b"0123456789".to_vec())]);
}

#[test]
fn a_content_that_always_breaks_off_is_s902() {
    let (endpoint, count) = canned(|head, _| {
        if head.contains("list-type=2") {
            one_key(10)
        } else {
            http("200 OK", "ETag: \"e1\"\r\n", 10, "0123")
        }
    });
    let all = gather(&at(endpoint, None)).unwrap();
    let (_, code, message) = &all.unreadable[0];
    assert_eq!(code, "S902");
    assert!(
        message.contains("broke off") && message.contains("s3://logs/a.log"),
        "{message}"
    );
    assert!(message.contains("6 times in a row"), "{message}");
    assert_eq!(count.load(Ordering::SeqCst), 1 + 6);
}

#[test]
fn a_busy_server_is_asked_again() {
    let (endpoint, _) = canned(|_, n| match n {
        0 => {
            let body = "<Error><Code>SlowDown</Code><Message>slow</Message></Error>";
            http("503 Slow Down", "", body.len(), body)
        }
        1 => one_key(1),
        _ => http("200 OK", "ETag: \"e1\"\r\n", 1, "x"),
    });
    assert_eq!(
        gather(&at(endpoint, None)).unwrap().contents,
        [(0, b"x".to_vec())]
    );
}

#[test]
fn the_right_region_is_taken_from_the_answer_or_told() {
    let body = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
    let answer = move |head: &str, _| {
        if !head.contains("/eu-west-3/s3/") {
            http(
                "301 Moved Permanently",
                "x-amz-bucket-region: eu-west-3\r\n",
                body.len(),
                body,
            )
        } else if head.contains("list-type=2") {
            one_key(1)
        } else {
            http("200 OK", "ETag: \"e1\"\r\n", 1, "x")
        }
    };
    let (endpoint, _) = canned(answer);
    assert_eq!(
        gather(&at(endpoint.clone(), None)).unwrap().contents,
        [(0, b"x".to_vec())]
    );
    let told = error(&at(endpoint, Some("us-west-2"))).to_string();
    assert!(
        told.contains("--region eu-west-3") && told.contains("us-west-2"),
        "{told}"
    );
}

#[test]
fn cancelling_ends_a_run_whose_server_hangs() {
    let (endpoint, count) = canned(|head, _| {
        if !head.contains("list-type=2") {
            std::thread::sleep(Duration::from_mins(10));
        }
        one_key(1)
    });
    let (receiver, cancel) = start(&at(endpoint, None)).unwrap();
    assert!(matches!(next(&receiver), Arrival::Listed(_)));
    while count.load(Ordering::SeqCst) < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    cancel.cancel();
    let end = receiver.recv_timeout(Duration::from_secs(5));
    assert!(
        matches!(end, Err(crossbeam_channel::RecvTimeoutError::Disconnected)),
        "{end:?}"
    );
}

#[test]
fn an_unknown_profile_is_named() {
    let mut options = at("http://127.0.0.1:9".into(), Some("us-east-1"));
    options.s3.static_credentials = None;
    options.s3.profile = Some("no-such-profile-of-frontlog".into());
    let text = error(&options).to_string();
    assert!(
        text.contains("no-such-profile-of-frontlog") && text.contains("credentials"),
        "{text}"
    );
}
