//! `frontlog config`: reads everything that a run would read, and says what is in force.

use std::path::Path;

use crate::cli::ConfigCommand;
use crate::commands::config_cmd::{Entry, InForce};
use crate::config::{Step, Surroundings, contract, theme_folder, user_files};
use crate::contract::Contract;
use crate::contract::acknowledged::Acknowledged;
use crate::error::Result;
use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::theme::Theme;
use crate::tui::wardrobe::names;

/// `config check | themes | keys`: everything is read, and thereby proved right, whichever was asked for.
pub fn config(typed: ConfigCommand, around: &Surroundings) -> Result<Step> {
    let user = user_files(around)?;
    let keymap = Keymap::load(
        user.keymap
            .as_ref()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )?;
    match typed {
        ConfigCommand::Check {
            sources,
            contract: named,
        } => {
            let theme = user.theme.unwrap_or_else(|| "dark".to_owned());
            Theme::load(&theme, theme_folder(around).as_deref())?;
            let contract = contract(named.as_deref(), &sources, &around.working_folder)?;
            Acknowledged::load(contract.dir.as_deref())?;
            let mut warnings = contract.warnings.clone();
            // Where the variables are set is where exports are made: elsewhere that is no error.
            let private = contract.privacy.keyed(|name| std::env::var(name).ok());
            warnings.extend(private.err().map(|why| why.to_string()));
            let config = user.config.or_else(|| {
                around
                    .config_folder
                    .as_ref()
                    .map(|folder| folder.join("config.toml"))
            });
            Ok(Step::ConfigCheck(InForce {
                user_file: config.map(|path| (path.is_file(), path)),
                keymap: user.keymap.map(|(path, _)| path),
                theme,
                contract: described(&contract),
                warnings,
            }))
        }
        ConfigCommand::Themes => Ok(Step::List(
            ["theme", "for"],
            themes(theme_folder(around).as_deref())?,
        )),
        ConfigCommand::Keys => Ok(Step::List(["keys", "what they do"], keys(&keymap))),
    }
}

/// One line on a contract: where it is, and what it has.
fn described(contract: &Contract) -> String {
    let place = contract
        .dir
        .as_ref()
        .map_or_else(|| "built in".to_owned(), |dir| dir.display().to_string());
    match &contract.guess {
        Some(guess) => format!("{place}: {guess}"),
        None => format!("{place}: {} event schemas", contract.schemas.len()),
    }
}

/// The built-in themes and those of the user's folder.
fn themes(folder: Option<&Path>) -> Result<Vec<Entry>> {
    let entry = |name: String| {
        let meaning = Theme::load(&name, folder)?.appearance.what().to_owned();
        Ok(Entry { name, meaning })
    };
    names(folder).into_iter().map(entry).collect()
}

/// Every action with its keys, in the order of the help.
fn keys(keymap: &Keymap) -> Vec<Entry> {
    let of = |action: &Action| {
        let mut keys: Vec<String> = [Mode::Normal, Mode::Prompt, Mode::List]
            .iter()
            .flat_map(|mode| keymap.keys(*mode, *action))
            .collect();
        keys.sort();
        keys.dedup();
        Entry {
            name: keys.join("  "),
            meaning: format!("{}: {}", action.name(), action.what()),
        }
    };
    Action::ALL.iter().map(of).collect()
}
