//! Boots the function in a zip here and now.

pub(crate) mod samples;
