//! Logs of others that lie beside `CloudFront`'s: recognised by their content and refused by name, never misread.

/// The sentence that refuses a log.
pub(super) fn refusal(what: &str) -> String {
    format!(
        "this is {what}, and frontlog reads logs of CloudFront's requests and of web servers only"
    )
}

/// What an object with these keys is, where it is none of `CloudFront`'s access logs.
pub(super) fn of_keys(keys: &[&str]) -> Option<&'static str> {
    let has = |key: &str| keys.iter().any(|k| k.eq_ignore_ascii_case(key));
    let all = |wanted: &[&str]| wanted.iter().all(|key| has(key));
    let known: [(&[&str], &str); 8] = [
        (
            &["connectionStatus", "connectionId"],
            "a connection log of CloudFront (TLS handshakes, not requests)",
        ),
        (
            &["executionRegion", "distributionName"],
            "a dump of Lambda@Edge, not an access log",
        ),
        (
            &["eventSource", "eventName", "awsRegion"],
            "a record of CloudTrail",
        ),
        (
            &["Records"],
            "a file of CloudTrail or of S3's notifications",
        ),
        (&["webaclId", "httpRequest"], "a log of AWS WAF"),
        (&["srcaddr", "dstaddr"], "a VPC flow log"),
        (
            &["messageType", "logGroup", "logEvents"],
            "an envelope of CloudWatch Logs (deliver the log itself to S3, or unpack it first)",
        ),
        (
            &["requestContext", "headers"],
            "a request as API Gateway or a Lambda function gets it",
        ),
    ];
    known
        .iter()
        .find(|(wanted, _)| all(wanted))
        .map(|(_, what)| *what)
}

/// What a line is, where it is a row of another AWS service's log.
pub(super) fn of_line(line: &str) -> Option<&'static str> {
    let mut words = line.split_ascii_whitespace();
    let (first, second, third) = (
        words.next()?,
        words.next().unwrap_or(""),
        words.next().unwrap_or(""),
    );
    let is_iso = |word: &str| {
        word.len() >= 20
            && word.as_bytes().get(10) == Some(&b'T')
            && word.ends_with('Z')
            && word.starts_with("20")
    };
    let is_hex = |word: &str, length: usize| {
        word.len() == length && word.bytes().all(|b| b.is_ascii_hexdigit())
    };
    match first {
        "http" | "https" | "h2" | "grpcs" | "ws" | "wss" if is_iso(second) => {
            Some("an access log of an Application Load Balancer")
        }
        // Its time has no zone: `tls 2.0 2018-12-20T02:59:40 net/name/id …`.
        "tls" if third.starts_with("20") && line.contains(" net/") => {
            Some("an access log of a Network Load Balancer")
        }
        _ if is_hex(first, 64) && third.starts_with('[') => Some("a server access log of S3"),
        _ if is_iso(first) && third.contains(':') => {
            Some("an access log of a Classic Load Balancer")
        }
        _ if third.starts_with("eni-") || (first == "version" && second == "account-id") => {
            Some("a VPC flow log")
        }
        _ if line.starts_with('<') => Some("HTML or XML"),
        _ if line.starts_with('[') => Some("a JSON list"),
        _ => None,
    }
}
