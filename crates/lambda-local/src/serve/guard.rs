//! Keeps web pages away: every request runs code, and a browser on this machine can reach loopback addresses.

use hyper::Request;
use hyper::body::Incoming;

use super::respond::Refusal;
use crate::http::header;

/// Refuses requests that a web page caused.
pub(super) fn check(request: &Request<Incoming>) -> Result<(), Refusal> {
    let site = header(request, "Sec-Fetch-Site");
    if request.headers().contains_key("Origin") || site.is_some_and(|site| site != "none" && site != "same-origin") {
        return Err(Refusal::new(403, "AccessDeniedException", "requests from web pages are refused"));
    }
    check_host(request)
}

/// Refuses requests that a page of another machine caused. A page of this machine may send requests: the function itself may
/// have answered with it.
pub(super) fn check_page(request: &Request<Incoming>) -> Result<(), Refusal> {
    let refused = |message| Err(Refusal::new(403, "AccessDeniedException", message));
    let origin = header(request, "Origin");
    let is_foreign = |origin: &String| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        !authority.is_some_and(is_this_machine)
    };
    if request.headers().contains_key("Origin") && origin.as_ref().is_none_or(is_foreign) {
        return refused("requests from pages of other machines are refused");
    }
    if header(request, "Sec-Fetch-Site").is_some_and(|site| site == "cross-site") {
        return refused("requests from pages of other sites are refused");
    }
    check_host(request)
}

/// A page can point its own host name to this machine, and then counts as the same origin.
fn check_host(request: &Request<Incoming>) -> Result<(), Refusal> {
    let host = header(request, "Host").or_else(|| request.uri().host().map(str::to_owned));
    if host.is_some_and(|host| !is_this_machine(&host)) {
        let message = "the host must be a loopback address or `localhost`";
        return Err(Refusal::new(403, "AccessDeniedException", message));
    }
    Ok(())
}

/// True for a loopback address or `localhost`, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    is_loopback || name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_accepted() {
        for host in ["127.0.0.1:9000", "127.0.0.1", "[::1]:9000", "localhost:9000", "LOCALHOST", "hello.localhost:1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in
            ["example.com", "example.com:9000", "127.0.0.1.example.com:9000", "localhost.example.com", "10.0.0.1:1", ""]
        {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
