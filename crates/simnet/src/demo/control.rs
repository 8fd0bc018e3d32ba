//! The control's requests, over HTTP.
//!
//! | request | does |
//! |---|---|
//! | `GET /tip` | `{"height":…,"hash":"…","time":…}` |
//! | `GET /peers` | `[{"address":"…","up":true}]` |
//! | `GET /facts` | the truth about masternodes and quorums as of the tip: [`FactsInfo`] |
//! | `GET /filters` | makes the filters of all blocks, and answers how long they are: [`FiltersInfo`] |
//! | `GET /served` | `{"getheaders2":3,…}`: how many messages of each command the peers got |
//! | `GET /submissions` | what became of the last thousand transactions that clients sent: [`SubmissionInfo`] |
//! | `POST /mine?blocks=N` | mines N blocks (1), answers the tip |
//! | `POST /reorg?depth=N&blocks=M` | replaces the last N blocks (1) by M others (N + 1), answers the tip |
//! | `POST /pay?to=T&duffs=N` | pays an address or a script in hex, answers `{"txid":"…"}` |
//! | `POST /lock` | has somebody pay and the masternodes lock it at once, answers `{"txid":"…"}` |
//! | `POST /locking/on`, `POST /locking/off` | whether masternodes lock blocks and payments from now on |
//! | `POST /peers/I/down`, `POST /peers/I/up` | closes or opens a peer's port |
//!
//! With `empty=true`, `/mine` and `/reorg` leave out the payments that wait. A block that is locked is replaced like any
//! other, and then nothing is locked until `/locking/on`: to show an honest reorganisation, mine with locking off.

use super::Net;
use super::info::{FactsInfo, FiltersInfo, LockInfo, PeerState, SubmissionInfo, TipInfo};
use crate::tcp::{Fill, unix_secs};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use dash_protocol::NetworkParams;
use dash_spv_wasm::wallet::address::Address;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most blocks that one request mines.
const MAX_BLOCKS: u32 = 100_000;
/// The longest script that is paid.
const MAX_SCRIPT: usize = 10_000;

/// An answer, or why there is none.
type Answer<T> = Result<Json<T>, (StatusCode, String)>;

#[derive(Deserialize)]
struct Blocks {
    depth: Option<u32>,
    blocks: Option<u32>,
    #[serde(default)]
    empty: bool,
}

impl Blocks {
    fn fill(&self) -> Fill {
        if self.empty { Fill::Nothing } else { Fill::Payments }
    }
}

#[derive(Deserialize)]
struct Payment {
    to: String,
    duffs: i64,
}

pub(super) fn router(net: Arc<Net>) -> Router {
    Router::new()
        .route("/tip", get(async |State(net): State<Arc<Net>>| Json(net.tip())))
        .route("/peers", get(list_peers))
        .route("/facts", get(facts))
        .route("/filters", get(filters))
        .route("/served", get(served))
        .route("/submissions", get(submissions))
        .route("/pay", post(pay))
        .route("/lock", post(lock))
        .route("/locking/{state}", post(set_locking))
        .route("/mine", post(mine))
        .route("/reorg", post(reorg))
        .route("/peers/{index}/{state}", post(switch_peer))
        .layer(axum::middleware::map_response(open_to_pages))
        .with_state(net)
}

/// Lets pages of any origin read the answers: the demo page has a port of its own.
async fn open_to_pages<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn list_peers(State(net): State<Arc<Net>>) -> Json<Vec<PeerState>> {
    let peers = net.peers.iter().map(|peer| PeerState { address: peer.address(), up: peer.is_up() });
    Json(peers.collect())
}

async fn served(State(net): State<Arc<Net>>) -> Json<BTreeMap<String, u64>> {
    Json(net.served())
}

/// The truth, or 404 on a chain without masternodes.
async fn facts(State(net): State<Arc<Net>>) -> Result<Json<FactsInfo>, StatusCode> {
    let facts = net.chain.read().facts().ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(FactsInfo::from(&facts)))
}

/// Takes seconds on a long chain.
async fn filters(State(net): State<Arc<Net>>) -> Result<Json<FiltersInfo>, StatusCode> {
    let filters = tokio::task::spawn_blocking(move || net.filters()).await;
    filters.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn submissions(State(net): State<Arc<Net>>) -> Json<Vec<SubmissionInfo>> {
    let submissions = net.chain.submissions().into_iter().map(|one| SubmissionInfo {
        txid: one.txid.to_string(),
        refused: one.outcome.err().map(|refusal| refusal.to_string()),
        locked: net.chain.is_payment_locked(&one.txid),
        height: net.chain.read().find_transaction(&one.txid).map(|(height, _)| height),
    });
    Json(submissions.collect())
}

/// 400 for what cannot be paid, 409 while the faucet has not that much.
async fn pay(State(net): State<Arc<Net>>, Query(payment): Query<Payment>) -> Answer<LockInfo> {
    let bad = |reason: &str| (StatusCode::BAD_REQUEST, reason.to_owned());
    if payment.duffs <= 0 {
        return Err(bad("`duffs` is not positive"));
    }
    let script = {
        let chain = net.chain.read();
        script(&payment.to, chain.params())
    };
    let script =
        script.ok_or_else(|| bad("`to` is neither an address of this network nor a script in hex"))?;
    match net.chain.pay(&script, payment.duffs) {
        Ok(txid) => Ok(Json(LockInfo { txid: txid.to_string() })),
        Err(reason) => Err((StatusCode::CONFLICT, reason.to_string())),
    }
}

/// The script of an address, or one in hex.
fn script(text: &str, params: &NetworkParams) -> Option<Vec<u8>> {
    if let Ok(address) = Address::parse(text, params) {
        return Some(address.script());
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() || pairs.len() > MAX_SCRIPT {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// 404 on a chain without quorums that lock, or with nothing to pay.
async fn lock(State(net): State<Arc<Net>>) -> Answer<LockInfo> {
    match net.chain.pay_locked() {
        Ok(txid) => Ok(Json(LockInfo { txid: txid.to_string() })),
        Err(reason) => Err((StatusCode::NOT_FOUND, reason.to_string())),
    }
}

/// 404 on a chain without masternodes.
async fn set_locking(State(net): State<Arc<Net>>, Path(state): Path<String>) -> StatusCode {
    let on = match state.as_str() {
        "on" => true,
        "off" => false,
        _ => return StatusCode::NOT_FOUND,
    };
    if net.chain.read().plan().is_none() {
        return StatusCode::NOT_FOUND;
    }
    net.chain.change(|chain| chain.set_locking(on));
    StatusCode::NO_CONTENT
}

async fn mine(State(net): State<Arc<Net>>, Query(query): Query<Blocks>) -> Result<Json<TipInfo>, StatusCode> {
    change(net, 0, query.blocks.unwrap_or(1), query.fill()).await
}

async fn reorg(
    State(net): State<Arc<Net>>,
    Query(query): Query<Blocks>,
) -> Result<Json<TipInfo>, StatusCode> {
    let depth = query.depth.unwrap_or(1);
    let blocks = query.blocks.unwrap_or_else(|| depth.saturating_add(1));
    change(net, depth, blocks, query.fill()).await
}

async fn change(net: Arc<Net>, depth: u32, blocks: u32, fill: Fill) -> Result<Json<TipInfo>, StatusCode> {
    if blocks > MAX_BLOCKS {
        return Err(StatusCode::BAD_REQUEST);
    }
    let work = move || {
        net.chain.reorganize(depth, blocks, fill, unix_secs());
        net.tip()
    };
    let tip = tokio::task::spawn_blocking(work).await;
    tip.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn switch_peer(
    State(net): State<Arc<Net>>,
    Path((index, state)): Path<(usize, String)>,
) -> Result<Json<PeerState>, StatusCode> {
    let peer = net.peers.get(index).ok_or(StatusCode::NOT_FOUND)?;
    let up = match state.as_str() {
        "up" => true,
        "down" => false,
        _ => return Err(StatusCode::NOT_FOUND),
    };
    peer.set_up(up);
    Ok(Json(PeerState { address: peer.address(), up }))
}
