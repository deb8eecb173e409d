//! From files to a deployment zip.
