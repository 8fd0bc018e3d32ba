//! `POST /faucet` with `{"address":"…"}` has the simulated network pay that address and answers `{"txid":"…"}`: 400 for
//! what is no address of the network, 409 where the network cannot pay just now, 501 where nobody pays.
//!
//! It listens where the page is served, and reads JSON only, so that no other page can ask.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use dash_protocol::{NetworkParams, Txid};
use dash_spv_wasm::wallet::Address;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What one request pays, in duffs.
const DUFFS: i64 = 250_000_000;
/// The longest request, in bytes.
const MAX_BODY: usize = 1_024;

/// Pays a script so many duffs, or says why not.
pub type Pay = Arc<dyn Fn(&[u8], i64) -> Result<Txid, String> + Send + Sync>;

#[derive(Clone)]
struct Faucet {
    params: Arc<NetworkParams>,
    pay: Option<Pay>,
}

#[derive(Deserialize)]
struct Asked {
    address: String,
}

#[derive(Debug, Serialize)]
struct Paid {
    txid: String,
}

/// The faucet of a network.
pub fn routes(params: Arc<NetworkParams>, pay: Option<Pay>) -> Router {
    Router::new()
        .route("/faucet", post(faucet))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Faucet { params, pay })
}

async fn faucet(
    State(faucet): State<Faucet>,
    Json(asked): Json<Asked>,
) -> Result<Json<Paid>, (StatusCode, String)> {
    let Some(pay) = &faucet.pay else {
        return Err((StatusCode::NOT_IMPLEMENTED, "nobody pays on this network".to_owned()));
    };
    let address = Address::parse(&asked.address, &faucet.params)
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    match pay(&address.script(), DUFFS) {
        Ok(txid) => Ok(Json(Paid { txid: txid.to_string() })),
        Err(reason) => Err((StatusCode::CONFLICT, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::ChainOverrides;

    async fn ask(address: &str, pay: Option<Pay>) -> Result<String, StatusCode> {
        let params = Arc::new(NetworkParams::regtest(&ChainOverrides::default()).unwrap());
        let asked = Asked { address: address.to_owned() };
        let answer = faucet(State(Faucet { params, pay }), Json(asked)).await;
        answer.map(|Json(paid)| paid.txid).map_err(|(status, _)| status)
    }

    #[tokio::test]
    async fn an_address_of_the_network_is_paid_and_nothing_else() {
        let txid = Txid::from_bytes([7; 32]);
        let pay: Pay = Arc::new(move |script, duffs| {
            assert_eq!((script.len(), duffs), (25, DUFFS));
            Ok(txid)
        });
        let address = "yP8A3cbdxRtLRduy5mXDsBnJtMzHWs6ZXr";
        assert_eq!(ask(address, Some(Arc::clone(&pay))).await, Ok(txid.to_string()));
        assert_eq!(ask("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5", Some(pay)).await, Err(StatusCode::BAD_REQUEST));
        let broke: Pay = Arc::new(|_, _| Err("no coin left".to_owned()));
        assert_eq!(ask(address, Some(broke)).await, Err(StatusCode::CONFLICT));
        assert_eq!(ask(address, None).await, Err(StatusCode::NOT_IMPLEMENTED));
    }
}
