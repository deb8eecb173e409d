//! The keys that this program does not support, and what to write or type instead.

use serde_json::Value;

use super::UnsupportedKey;
use super::table::Key;

/// The warning about a key. `None` if the key asks for what this program does anyway.
pub(super) fn warning((name, key): (String, Key)) -> Option<UnsupportedKey> {
    let hint = match (name.as_str(), &key.value) {
        (_, Value::Bool(false)) if name != "release" => return None,
        ("output_format", Value::String(format)) if format == "zip" => return None,
        ("release", Value::Bool(true)) | ("profile", Value::String(_)) if asks_for_release(&key.value) => return None,
        _ => hint(&name, &key.value),
    };
    let message = format!("{} is ignored: only cargo-lambda reads it", key.place());
    Some(UnsupportedKey { message, hint })
}

fn asks_for_release(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("release")
}

fn hint(name: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    match name {
        "compiler" => compiler(value),
        "deploy.include" => "put `include` into `[package.metadata.lambda-zip]`".to_owned(),
        "disable_optimizations" => "add `--no-profile-defaults`".to_owned(),
        "env" | "env_var" | "env_file" => {
            "set the variables of the build in `[env]` of `.cargo/config.toml`, or in the environment".to_owned()
        }
        "flatten" => format!("add `--bin {text} --output <DIR>/bootstrap.zip`"),
        "internal" => "`internal` needs `extension = true`".to_owned(),
        "lambda_dir" => format!("add `--output {}/`", text.trim_end_matches('/')),
        "output_format" => {
            format!("add `--output-format {text}`, or set `output-format` in `[package.metadata.lambda-zip]`")
        }
        "packages" => flags("package", value),
        "profile" => flags(name, value),
        "release" => "add `--profile dev`".to_owned(),
        "skip_target_check" => "add `--no-install`".to_owned(),
        "unstable_flags" => "add them as `-Z <FLAG>`".to_owned(),
        "features" | "no_default_features" => {
            let key = name.replace('_', "-");
            format!("{}, or set `{key}` in `[package.metadata.lambda-zip]`", flags(&key, value))
        }
        name if CARGO_FLAGS.contains(&name) => flags(&name.replace('_', "-"), value),
        _ => "remove it, or leave it to cargo-lambda".to_owned(),
    }
}

/// The keys that are flags of cargo's, and flags of the same name here.
const CARGO_FLAGS: [&str; 20] = [
    "all_features",
    "bin",
    "bins",
    "color",
    "config",
    "example",
    "examples",
    "exclude",
    "frozen",
    "ignore_rust_version",
    "jobs",
    "keep_going",
    "locked",
    "manifest_path",
    "offline",
    "quiet",
    "target_dir",
    "timings",
    "verbose",
    "workspace",
];

/// The flag as it has to be typed for this value.
fn flags(flag: &str, value: &Value) -> String {
    let values: Vec<String> = match value {
        Value::Array(values) => values.iter().map(|value| format!("--{flag} {}", plain(value))).collect(),
        Value::String(_) | Value::Number(_) => vec![format!("--{flag} {}", plain(value))],
        _ => vec![format!("--{flag}")],
    };
    format!("add `{}`", values.join(" "))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compiler(value: &Value) -> String {
    let kind = value.get("type").or(Some(value)).and_then(Value::as_str).unwrap_or_default();
    let extra = if value.get("subcommand").or(value.get("extra_args")).is_some() {
        "; put further arguments for cargo after `--`"
    } else {
        ""
    };
    match kind {
        "cargo" => {
            format!("`--linker auto`, the default, finds a linker; `--linker system` uses a compiler on PATH{extra}")
        }
        "cross" => "no container is needed; if a crate compiles C, add `--install-zig`".to_owned(),
        _ => "`--linker auto`, the default, uses zig where it is needed; `--linker zig` always uses it".to_owned(),
    }
}
