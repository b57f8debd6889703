//! `throughline settings`: prints all settings with their values and the origins of the values.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::settings::reference::{Flag, Key};
use crate::settings::{Settings, SettingsError};

/// Prints every key of the settings: its meaning, its default, its present value, and the origin of the value.
///
/// A value comes from a flag, else from a variable of the environment, else from the file, else it is the default. Each
/// key is shown with its variable, in the form that a shell reads: a list is TOML, in brackets, and `[[identity.kind]]`
/// is a list of tables. For a secret it only shows whether it is set.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct SettingsArgs {
    /// The output format
    #[arg(long, value_enum, default_value_t = Form::Text, value_name = "FORM")]
    format: Form,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Text for people
    Text,
    /// A JSON list of objects
    Json,
}

const EXAMPLES: &str = "\
Exit status:
  0  printed
  2  the settings cannot be read; the first mistake is named

Examples:
  Every key:
    throughline settings

  Only the values that a file or the environment sets:
    throughline settings --config /etc/throughline.toml --format json |
      jq '.[] | select(.from != \"default\") | {key, value, from}'

  A list in the environment:
    export THROUGHLINE_IDENTITY_BLOCKED='[\"null\", \"guest\", \"/^0+$/\"]'";

/// Prints the settings.
///
/// # Errors
/// When the settings cannot be read, or standard output cannot be written to.
pub(super) fn run(
    args: &SettingsArgs,
    config: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &[Flag<'_>],
) -> anyhow::Result<()> {
    let keys = Settings::reference(config, environment, flags).map_err(anyhow::Error::from)?;
    let text = match args.format {
        Form::Text => keys.iter().map(written).collect::<String>(),
        Form::Json => serde_json::to_string_pretty(&keys)? + "\n",
    };
    super::print(&text)
}

/// A key in the text format.
fn written(key: &Key) -> String {
    let mut text = format!("{}\n", key.key);
    for line in wrapped(&key.meaning, 90) {
        text.push_str(&format!("    {line}\n"));
    }
    let mut line = |name: &str, words: &str| text.push_str(&format!("    {name:<12} {words}\n"));
    if let Some(value) = &key.value {
        line("value", &format!("{value}   (from {})", key.from));
    } else if key.environment.is_some() {
        line("value", "left out");
    }
    if let Some(default) = &key.default {
        line("default", default);
    }
    match &key.environment {
        Some(form) => line("environment", form),
        None => line("given", &format!("with its list, {}", key.from)),
    }
    text.push('\n');
    text
}

fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The settings that the global flags give.
pub(super) fn flags<'a>(store: Option<&'a str>) -> Result<Vec<Flag<'a>>, SettingsError> {
    let Some(url) = store else { return Ok(Vec::new()) };
    Settings::default().set_store_url(url)?;
    Ok(vec![("store.url", url, "--store")])
}
