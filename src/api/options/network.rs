//! The option `network`: a name, or regtest or a devnet with the parameters that its nodes were started with.
//!
//! A devnet's first block is found by hashing, some tens of hashes for a name, so a network is made once per `open`.

use super::value::{Fields, Node, Value};
use crate::api::ApiError;
use crate::chain::pow::x11;
use crate::collections::Gather;
use dash_num::Arith256;
use dash_protocol::{BlockHash, ChainOverrides, Checkpoint, LlmqTypeOverrides, NetworkParams, ParamsError};

/// The most checkpoints that can be given.
const MAX_CHECKPOINTS: usize = 1_024;
/// The most deployments and the most quorum types that can be given.
const MAX_ENTRIES: usize = 64;

/// The network that an option names; nothing stands for mainnet.
///
/// # Errors
/// `bad-input` that names the option, as `network.devnet` or `network.llmq.101`.
pub fn network(value: &Value) -> Result<NetworkParams, ApiError> {
    params(Some(Node::root("network", value)).filter(|_| *value != Value::Null))
}

pub(super) fn params(node: Option<Node<'_>>) -> Result<NetworkParams, ApiError> {
    let Some(node) = node else { return Ok(NetworkParams::mainnet()) };
    if let Ok(name) = node.text() {
        return match name {
            "mainnet" => Ok(NetworkParams::mainnet()),
            "testnet" => Ok(NetworkParams::testnet()),
            "regtest" => {
                NetworkParams::regtest(&ChainOverrides::default()).map_err(|error| refused("network", &error))
            }
            _ => Err(node
                .bad("must be 'mainnet', 'testnet', 'regtest', { regtest: { … } } or { devnet: name, … }")),
        };
    }
    let mut fields = node.fields()?;
    if let Some(regtest) = fields.take("regtest") {
        fields.finish()?;
        let mut inner = regtest.fields()?;
        let overrides = overrides(&mut inner)?;
        inner.finish()?;
        return NetworkParams::regtest(&overrides).map_err(|error| refused("network.regtest", &error));
    }
    let Some(devnet) = fields.take("devnet") else {
        return Err(node.bad("must have `regtest` or `devnet`"));
    };
    let name = devnet.text()?;
    if name.is_empty() {
        return Err(devnet.bad("must not be empty"));
    }
    let overrides = overrides(&mut fields)?;
    fields.finish()?;
    NetworkParams::devnet(name, &overrides, x11).map_err(|error| refused("network", &error))
}

/// Names the part of a network that its rules do not allow.
fn refused(path: &str, error: &ParamsError) -> ApiError {
    let part = match error {
        ParamsError::DevnetName { .. } | ParamsError::DevnetGenesis { .. } => "devnet",
        ParamsError::LlmqType { .. } | ParamsError::LlmqSize { .. } => "llmq",
        ParamsError::LlmqPurpose { .. } => "llmqTypes",
        ParamsError::Deployment { .. } => "activation",
        ParamsError::MinimumDifficultyBlocks => "minimumDifficultyBlocks",
        ParamsError::Checkpoint { .. } => "checkpoints",
    };
    ApiError::bad_option(&format!("{path}.{part}"), error.to_string())
}

fn overrides(fields: &mut Fields<'_>) -> Result<ChainOverrides, ApiError> {
    let mut types = fields.group("llmqTypes")?;
    let mut llmq_type = |name: &str| types.take(name).map(|node| node.integer(0, 255)).transpose();
    let llmq_types = LlmqTypeOverrides {
        chainlocks: llmq_type("chainlocks")?.map(|number| number as u8),
        instantsend: llmq_type("instantsend")?.map(|number| number as u8),
        platform: llmq_type("platform")?.map(|number| number as u8),
    };
    types.finish()?;
    Ok(ChainOverrides {
        llmq: fields.take("llmq").map_or(Ok(Vec::new()), |node| llmq(&node))?,
        llmq_types,
        activation: fields.take("activation").map_or(Ok(Vec::new()), |node| activation(&node))?,
        minimum_difficulty_blocks: fields
            .take("minimumDifficultyBlocks")
            .map(|node| node.integer(0, u32::MAX))
            .transpose()?,
        checkpoints: fields.take("checkpoints").map_or(Ok(Vec::new()), |node| checkpoints(&node))?,
    })
}

/// Members and threshold of a quorum.
type QuorumSize = (u32, u32);

fn llmq(node: &Node<'_>) -> Result<Vec<(u8, QuorumSize)>, ApiError> {
    let mut llmq = Vec::new();
    for (name, quorum) in entries(node)? {
        let number: u8 = name.parse().map_err(|_| quorum.bad("is not a quorum type's number"))?;
        let mut fields = quorum.fields()?;
        let size = fields.require("size")?.integer(1, 400)?;
        let threshold = fields.require("threshold")?.integer(1, size)?;
        fields.finish()?;
        llmq.push((number, (size, threshold)));
    }
    Ok(llmq)
}

fn activation(node: &Node<'_>) -> Result<Vec<(String, u32)>, ApiError> {
    let mut activation = Vec::new();
    for (name, height) in entries(node)? {
        activation.push((name.to_owned(), height.integer(0, u32::MAX)?));
    }
    Ok(activation)
}

/// The fields of an object whose keys are data.
fn entries<'a>(node: &Node<'a>) -> Result<Vec<(&'a str, Node<'a>)>, ApiError> {
    let entries = node.fields()?.drain();
    if entries.len() > MAX_ENTRIES {
        return Err(node.bad(&format!("must have at most {MAX_ENTRIES} entries")));
    }
    Ok(entries)
}

fn checkpoints(node: &Node<'_>) -> Result<Vec<Checkpoint>, ApiError> {
    let list = node.list(0, MAX_CHECKPOINTS)?.into_iter();
    list.map(|node| {
        let mut fields = node.fields()?;
        let hash = fields.require("hash")?;
        let checkpoint = Checkpoint {
            height: fields.require("height")?.integer(0, u32::MAX)?,
            hash: BlockHash::from_hex(hash.text()?).map_err(|error| hash.bad(&error.to_string()))?,
            time: fields.take("time").map(|time| time.integer(0, u32::MAX)).transpose()?,
            chain_work: fields.take("chainwork").map(|work| chain_work(&work)).transpose()?,
        };
        fields.finish()?;
        Ok(checkpoint)
    })
    .gather()
}

/// 1 to 64 hexadecimal digits, as nodes print the work of a chain.
fn chain_work(node: &Node<'_>) -> Result<Arith256, ApiError> {
    let text = node.text()?;
    let padded = format!("{text:0>64}");
    if text.is_empty() || padded.len() != 64 {
        return Err(node.bad("must have 1 to 64 hexadecimal digits"));
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(padded.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16).ok_or_else(|| node.bad("must be hexadecimal"));
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Ok(Arith256::from_bendian(bytes))
}
