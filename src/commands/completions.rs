//! `frontlog completions SHELL` and `frontlog man`: both read the command line's own description.

use std::io::Write;

use crate::commands::Outcome;
use crate::error::{Error, Result};

/// Writes the completions of a shell for `command` to `out`.
pub fn completions(
    shell: clap_complete::Shell,
    mut command: clap::Command,
    out: &mut dyn Write,
) -> Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "frontlog", &mut text);
    write(out, &text)
}

/// Writes the manual page of `command`, in roff, to `out`.
pub fn man(command: clap::Command, out: &mut dyn Write) -> Result<Outcome> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut text)
        .map_err(|e| Error::file("write", "the manual page", e))?;
    write(out, &text)
}

fn write(out: &mut dyn Write, text: &[u8]) -> Result<Outcome> {
    out.write_all(text)
        .and_then(|()| out.flush())
        .map_err(super::stdout_error)?;
    Ok(Outcome::Clean)
}
