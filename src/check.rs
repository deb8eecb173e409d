//! Holds a zip against the rules of its runtime.
