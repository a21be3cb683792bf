//! The contract that generated logs are judged by: `frontlog.toml` and one event schema a file.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// Name and content of every file, relative to the folder of the logs.
const FILES: &[(&str, &str)] = &[
    ("frontlog.toml", include_str!("contract/frontlog.toml")),
    (
        "schemas/add_to_cart.json",
        include_str!("contract/schemas/add_to_cart.json"),
    ),
    (
        "schemas/app_error.json",
        include_str!("contract/schemas/app_error.json"),
    ),
    (
        "schemas/checkout.1-0-0.json",
        include_str!("contract/schemas/checkout.1-0-0.json"),
    ),
    (
        "schemas/checkout.json",
        include_str!("contract/schemas/checkout.json"),
    ),
    (
        "schemas/click.json",
        include_str!("contract/schemas/click.json"),
    ),
    (
        "schemas/page_ping.json",
        include_str!("contract/schemas/page_ping.json"),
    ),
    (
        "schemas/page_view.json",
        include_str!("contract/schemas/page_view.json"),
    ),
    (
        "schemas/search.json",
        include_str!("contract/schemas/search.json"),
    ),
    (
        "schemas/signup.json",
        include_str!("contract/schemas/signup.json"),
    ),
];

/// Writes the contract into `dir`, which exists.
///
/// # Errors
/// A file or folder that cannot be written.
pub fn write(dir: &Path) -> Result<()> {
    let schemas = dir.join("schemas");
    fs::create_dir_all(&schemas).map_err(|e| Error::file("create", &schemas, e))?;
    for (name, content) in FILES {
        let path = dir.join(name);
        fs::write(&path, content).map_err(|e| Error::file("write", &path, e))?;
    }
    Ok(())
}
