//! Text on its way to a terminal, made harmless: the one place for every screen, table and message.
//!
//! Logs are written by strangers. Nothing that a terminal obeys, reorders by or hides passes unseen.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that a terminal obeys, reorders by, or does not show: C0, C1, DEL, bidirectional controls,
/// zero-width and line-separating characters, tags, the interlinear marks.
pub const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

fn push_hidden(out: &mut String, c: char) {
    let name = match c {
        '\0' => "NUL",
        '\t' => "TAB",
        '\n' => "LF",
        '\r' => "CR",
        '\x1b' => "ESC",
        '\x7f' => "DEL",
        _ => {
            // Writing to a String never fails.
            let _ = write!(out, "‹U+{:04X}›", u32::from(c));
            return;
        }
    };
    out.push('‹');
    out.push_str(name);
    out.push('›');
}

/// The text with every hidden character written out: `‹ESC›`, `‹TAB›`, `‹U+202E›`. Doing it twice changes nothing.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) || !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            push_hidden(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// As [`sanitize`], for bytes that may not be UTF-8: each byte that is none shows as `‹FF›`.
pub fn sanitize_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return sanitize(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&sanitize(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "‹{byte:02X}›");
        }
    }
    Cow::Owned(out)
}
