//! The metadata endpoint: it tells functions and extensions in which availability zone they run.
//!
//! Sources: AWS Lambda developer guide, "Using the Lambda metadata endpoint", and AWS's emulator.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::ApiResponse;
use super::respond::{empty, text};
use crate::http::header;

/// How long a function may keep the answer. It does not change while the sandbox lives.
const CACHE_CONTROL: &str = "private, max-age=43200, immutable";

/// What the endpoint answers, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    /// The token that requests must have. Each sandbox has one of its own.
    pub(crate) token: String,
    document: Bytes,
}

impl Metadata {
    /// The metadata of a sandbox in this region, with a new token.
    pub(crate) fn new(region: &str) -> Self {
        let document = json!({ "AvailabilityZoneID": zone_id(region) });
        Self { token: Uuid::new_v4().simple().to_string(), document: document.to_string().into() }
    }

    pub(super) fn answer(&self, request: &Request<Incoming>) -> ApiResponse {
        if request.method() != Method::GET {
            return refused(StatusCode::METHOD_NOT_ALLOWED);
        }
        let authorization = header(request, "Authorization").unwrap_or_default();
        if authorization.strip_prefix("Bearer ") != Some(self.token.as_str()) {
            return refused(StatusCode::UNAUTHORIZED);
        }
        Response::builder()
            .header("Content-Type", "application/json")
            .header("Cache-Control", CACHE_CONTROL)
            .body(Full::new(self.document.clone()))
            .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn refused(status: StatusCode) -> ApiResponse {
    text(status, status.canonical_reason().unwrap_or_default())
}

/// The id of the first zone of a region: `use1-az1` in `us-east-1`.
fn zone_id(region: &str) -> String {
    let parts = region.split('-').enumerate().map(|(at, part)| match (at, part) {
        (0, area) => area,
        (_, "northeast") => "ne",
        (_, "northwest") => "nw",
        (_, "southeast") => "se",
        (_, "southwest") => "sw",
        (_, part) => part.get(..1).unwrap_or_default(),
    });
    format!("{}-az1", parts.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_named_after_its_region() {
        for (region, zone) in [
            ("us-east-1", "use1-az1"),
            ("eu-central-1", "euc1-az1"),
            ("ap-southeast-2", "apse2-az1"),
            ("ap-northeast-3", "apne3-az1"),
            ("us-gov-west-1", "usgw1-az1"),
        ] {
            assert_eq!(zone_id(region), zone);
        }
    }
}
