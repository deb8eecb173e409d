//! The flags that run functions on this machine. Builds and `invoke` share them.

use std::net::SocketAddr;

use clap::Args;

use lambda_local::Endpoint;

pub(super) const RUN_OPTIONS: &str = "Run Options";

/// Where to serve functions.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunFlags {
    /// Serve Lambda's Invoke API at this loopback address, such as `127.0.0.1:9000`, until Ctrl-C
    #[arg(long, value_name = "ADDRESS", value_parser = loopback, help_heading = RUN_OPTIONS)]
    pub(crate) serve: Option<SocketAddr>,
    /// Serve a function URL at this loopback address, until Ctrl-C [default address: 127.0.0.1:9000]
    ///
    /// Each HTTP request becomes an event, and the function's answer becomes the response. With several functions, the path
    /// starts with the name of a function.
    #[arg(
        long, value_name = "ADDRESS", value_parser = loopback, num_args = 0..=1, default_missing_value = "127.0.0.1:9000",
        conflicts_with = "serve", help_heading = RUN_OPTIONS
    )]
    pub(crate) http: Option<SocketAddr>,
    /// Run the function again when a file changes, until Ctrl-C: with `invoke` the zip, else a source
    ///
    /// Requests that arrive meanwhile wait. If the new zip cannot be built or breaks a rule, the last one goes on.
    #[arg(long, help_heading = RUN_OPTIONS)]
    pub(crate) watch: bool,
}

impl RunFlags {
    /// Where to serve, and what.
    pub(crate) fn endpoint(&self) -> Option<(SocketAddr, Endpoint)> {
        let serve = self.serve.map(|address| (address, Endpoint::InvokeApi));
        serve.or(self.http.map(|address| (address, Endpoint::FunctionUrl)))
    }
}

/// Parses a loopback address. Any program that can reach the address can run code, so no other address is allowed.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "expected an address and a port, such as `127.0.0.1:9000`".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("expected a loopback address (`127.0.0.1` or `[::1]`), since everyone who reaches it can run the function"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn only_loopback_addresses_are_allowed() {
        assert!(loopback("127.0.0.1:9000").is_ok() && loopback("[::1]:9000").is_ok());
        for text in ["0.0.0.0:9000", "192.168.0.1:9000", "localhost", "9000", "[::]:1"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
