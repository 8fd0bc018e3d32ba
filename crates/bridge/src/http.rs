//! The routes: `/peer` with its checks, `/healthz`, `/metrics`, and the static files.
//!
//! What the page's author got wrong or must not know (no upgrade, no subprotocol, a foreign origin) and what is a
//! matter of load (limits, shutdown) is answered by an HTTP status, before the upgrade. What a client can act on
//! (another network, an address that breaks a rule) is answered by the bridge's own first frame, since browsers hide
//! the status of a failed upgrade from their pages.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;
use tokio::time::Instant;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::{debug, info};

use crate::address::{ClientKey, Subnet, unmap};
use crate::limits::LimitError;
use crate::metrics::{Gauges, Refusal};
use crate::relay::{self, Visit};
use crate::server::Shared;

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "dash-p2p.v1";
/// Bytes of a WebSocket's read buffer, of which there is one for each connection.
const READ_BUFFER: usize = 16 << 10;
/// When a client that reached a limit may come again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("10");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the socket that a request came on.
#[derive(Clone, Copy, Debug)]
pub struct SocketPeer(pub IpAddr);

/// All routes of a bridge.
pub fn router(shared: Arc<Shared>) -> Router {
    let files = shared.config.serve_dir.as_ref().map(ServeDir::new);
    let routes = Router::new()
        .route("/peer", get(peer))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics));
    let routes = match files {
        Some(files) => routes.fallback_service(files),
        None => routes,
    };
    // Pages ask whether a file changed each time, so that a page and its wasm never come from two builds.
    routes
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .with_state(shared)
}

async fn healthz(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if shared.draining.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let (peers, peers_failing) = shared.dialer.book().counts();
    let gauges = Gauges {
        connections: shared.clients.connections(),
        peers,
        peers_failing,
        draining: shared.draining.is_cancelled(),
    };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shared.metrics.render(gauges))
}

/// `/peer`'s parameters; others are ignored.
#[derive(Deserialize)]
struct Parameters {
    network: Option<String>,
    addr: Option<String>,
    services: Option<u64>,
}

async fn peer(
    State(shared): State<Arc<Shared>>,
    Extension(SocketPeer(socket)): Extension<SocketPeer>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let client = ClientKey::from(client_address(socket, &headers, &shared.config.trusted_proxies));
    let refuse = |refusal: Refusal, response: Response| {
        shared.metrics.refused(refusal);
        debug!(%client, reason = refusal.as_str(), "refused");
        response
    };
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return refuse(Refusal::Request, rejection.into_response()),
    };
    if !offers_subprotocol(&headers) {
        let text = format!("the subprotocol {SUBPROTOCOL} is required\n");
        return refuse(Refusal::Request, (StatusCode::BAD_REQUEST, text).into_response());
    }
    if !is_allowed(&headers, &shared.config.allowed_origins) {
        return refuse(Refusal::Origin, (StatusCode::FORBIDDEN, "origin not allowed\n").into_response());
    }
    if shared.draining.is_cancelled() {
        let response = (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
        return refuse(Refusal::Draining, response);
    }
    let permit = match shared.clients.connection(client, Instant::now()) {
        Ok(permit) => permit,
        Err(error) => {
            let (refusal, status) = match error {
                LimitError::Full => (Refusal::Full, StatusCode::SERVICE_UNAVAILABLE),
                LimitError::Connections => (Refusal::Connections, StatusCode::TOO_MANY_REQUESTS),
                LimitError::Rate => (Refusal::Rate, StatusCode::TOO_MANY_REQUESTS),
            };
            let response = (status, [(RETRY_AFTER, RETRY_SECONDS)], format!("{error}\n")).into_response();
            return refuse(refusal, response);
        }
    };
    let visit = visit(&shared, client, parameters);
    let running = shared.tasks.token();
    let limits = shared.limits();
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .max_message_size(limits.max_message_bytes)
        .max_frame_size(limits.max_message_bytes)
        .on_upgrade(async move |socket| {
            match visit {
                Ok(visit) => relay::run(&shared, visit, socket).await,
                Err((refusal, error)) => {
                    shared.metrics.refused(refusal);
                    info!(reason = refusal.as_str(), error, "refused");
                    relay::refuse(socket, refusal, &error).await;
                }
            }
            drop((permit, running));
        })
}

/// What a request asks for, or why it is refused.
fn visit(
    shared: &Shared,
    client: ClientKey,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Visit, (Refusal, String)> {
    let Query(parameters) = parameters.map_err(|_| {
        (Refusal::Request, "parameters are network, addr=HOST:PORT and services=BITS".to_owned())
    })?;
    let served = shared.config.network.name();
    if parameters.network.as_deref() != Some(served) {
        return Err((Refusal::Network, format!("this bridge serves {served}")));
    }
    let asked = match parameters.addr {
        Some(text) => Some(text.parse().map_err(|error| (Refusal::Address, format!("{error}")))?),
        None => None,
    };
    let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
    Ok(Visit { id, client, asked, services: parameters.services.unwrap_or(0) })
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|offer| offer.trim() == SUBPROTOCOL)
}

/// Whether the page's origin may connect. With a list, a request without an origin may not.
fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    allowed.is_empty()
        || allowed.iter().any(|allowed| {
            allowed == "*" || origin.is_some_and(|origin| origin.eq_ignore_ascii_case(allowed.as_bytes()))
        })
}

/// The client's address: the socket's, or behind trusted proxies the last forwarded address that is not one of
/// theirs. What stands before that in the header is the client's own claim.
fn client_address(socket: IpAddr, headers: &HeaderMap, trusted: &[Subnet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|subnet| subnet.contains(address));
    let mut client = unmap(socket);
    let values: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut hops = values.iter().flat_map(|value| value.split(',')).rev();
    while is_trusted(client)
        && let Some(hop) = hops.next().and_then(|hop| hop.trim().parse().ok())
    {
        client = unmap(hop);
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let trusted: Vec<Subnet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (socket, forwarded, client) in [
            ("1.1.1.1", &["2.2.2.2"][..], "1.1.1.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["2.2.2.2"], "2.2.2.2"),
            ("::ffff:10.0.0.1", &["2.2.2.2"], "2.2.2.2"),
            ("10.0.0.1", &["3.3.3.3, 2.2.2.2"], "2.2.2.2"),
            ("10.0.0.1", &["3.3.3.3, 2.2.2.2 , 10.0.0.2"], "2.2.2.2"),
            ("10.0.0.1", &["3.3.3.3", "2.2.2.2,10.0.0.2"], "2.2.2.2"),
            ("10.0.0.1", &["2.2.2.2, nonsense"], "10.0.0.1"),
        ] {
            let found = client_address(socket.parse().unwrap(), &headers(FORWARDED_FOR, forwarded), &trusted);
            assert_eq!(found.to_string(), client, "{socket} {forwarded:?}");
        }
    }

    #[test]
    fn an_origin_list_admits_only_its_own() {
        let list = ["https://wallet.example".to_owned()];
        let allowed = |origin: &[&str]| is_allowed(&headers(ORIGIN, origin), &list);
        assert!(allowed(&["https://wallet.example"]));
        for other in ["http://wallet.example", "https://wallet.example.evil", "null", ""] {
            assert!(!allowed(&[other]), "{other}");
        }
        assert!(!allowed(&[]));
        assert!(is_allowed(&headers(ORIGIN, &["https://any.example"]), &[]));
        assert!(is_allowed(&headers(ORIGIN, &[]), &["*".to_owned()]));
    }

    #[test]
    fn the_subprotocol_may_stand_among_others() {
        let offers = |values: &[&str]| offers_subprotocol(&headers(SEC_WEBSOCKET_PROTOCOL, values));
        assert!(
            offers(&["dash-p2p.v1"])
                && offers(&["binary, dash-p2p.v1"])
                && offers(&["binary", "dash-p2p.v1"])
        );
        assert!(!offers(&[]) && !offers(&["dash-p2p.v10"]) && !offers(&["binary"]));
    }
}
