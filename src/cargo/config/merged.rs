//! The tables of several sources merged into one, by cargo's rules: lists are joined, tables are merged key by key, and of
//! other values the strongest wins.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::{Table, Value};

use super::files::Layer;

/// How strong a source is, apart from the order within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    Files,
    Environment,
    CommandLine,
}

/// A value that is neither a list nor a table, with its source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scalar {
    pub(super) value: Value,
    /// The directory that a relative path starts from.
    pub(super) root: PathBuf,
    pub(super) strength: Strength,
}

/// A merged value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Merged {
    Scalar(Scalar),
    List(Vec<Scalar>),
    Table(BTreeMap<String, Merged>),
}

impl Default for Merged {
    fn default() -> Self {
        Self::Table(BTreeMap::new())
    }
}

impl Merged {
    /// Adds a stronger source.
    pub(super) fn add(&mut self, layer: &Layer, strength: Strength) {
        self.merge(Self::from_table(&layer.table, layer, strength));
    }

    fn from_table(table: &Table, layer: &Layer, strength: Strength) -> Self {
        Self::Table(table.iter().map(|(key, value)| (key.clone(), Self::from_value(value, layer, strength))).collect())
    }

    fn from_value(value: &Value, layer: &Layer, strength: Strength) -> Self {
        let scalar = |value: &Value| Scalar { value: value.clone(), root: layer.root.clone(), strength };
        match value {
            Value::Table(table) => Self::from_table(table, layer, strength),
            Value::Array(values) => Self::List(values.iter().map(scalar).collect()),
            value => Self::Scalar(scalar(value)),
        }
    }

    fn merge(&mut self, stronger: Self) {
        match (self, stronger) {
            (Self::Table(ours), Self::Table(theirs)) => {
                for (key, value) in theirs {
                    match ours.get_mut(&key) {
                        Some(known) => known.merge(value),
                        None => drop(ours.insert(key, value)),
                    }
                }
            }
            (Self::List(ours), Self::List(theirs)) => ours.extend(theirs),
            // Cargo refuses to merge different types, and reports it better.
            (ours, theirs) => *ours = theirs,
        }
    }

    /// The value of a key, which may have several parts.
    pub(super) fn get(&self, key: &[&str]) -> Option<&Self> {
        key.iter().try_fold(self, |value, part| match value {
            Self::Table(table) => table.get(*part),
            _ => None,
        })
    }

    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The entries of a table, sorted by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let table = match self {
            Self::Table(table) => Some(table),
            _ => None,
        };
        table.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    /// The words of a list of strings, or of one string that is split at whitespace. Each has the strength of its source.
    pub(super) fn words(&self) -> Vec<(Strength, String)> {
        match self {
            Self::Scalar(scalar) => {
                let words = scalar.value.as_str().unwrap_or_default().split_whitespace();
                words.map(|word| (scalar.strength, word.to_owned())).collect()
            }
            Self::List(scalars) => {
                let text = |scalar: &Scalar| Some((scalar.strength, scalar.value.as_str()?.to_owned()));
                scalars.iter().filter_map(text).collect()
            }
            Self::Table(_) => Vec::new(),
        }
    }
}
