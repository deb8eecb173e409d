//! Zips as other tools make them. These need the tools, so they only run when asked for.
