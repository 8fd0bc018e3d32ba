//! The parameters of each network in one value.

use core::fmt;
use dash_num::Arith256;

use super::llmq::{self, LlmqParams, LlmqTypes, Table};
use super::overrides::cut;
use super::{
    Activation, ChainOverrides, Checkpoint, ParamsError, checkpoint, checkpoints_mainnet,
    checkpoints_testnet, devnet,
};
use crate::hash::{BlockHash, MerkleRoot};
use crate::header::{CompactTarget, Header};
use crate::masternode::LLMQType;

/// Which of the four kinds of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NetworkKind {
    /// The network with value.
    Mainnet,
    /// The public test network.
    Testnet,
    /// A test network that anyone can set up under a name.
    Devnet,
    /// A private network for tests, where anyone can mine.
    Regtest,
}

/// First bytes of encoded addresses and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressPrefixes {
    /// Addresses of public key hashes.
    pub p2pkh: u8,
    /// Addresses of script hashes.
    pub p2sh: u8,
    /// Private keys in wallet import format.
    pub wif: u8,
    /// Extended public keys (BIP 32).
    pub bip32_public: [u8; 4],
    /// Extended private keys (BIP 32).
    pub bip32_private: [u8; 4],
    /// Coin type of derivation paths (BIP 44).
    pub bip44_coin_type: u32,
}

/// What a network's nodes agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkParams {
    /// Which kind of network.
    pub kind: NetworkKind,
    /// `mainnet`, `testnet`, `regtest` or `devnet-NAME`.
    pub name: String,
    /// First bytes of every message, in wire order.
    pub magic: [u8; 4],
    /// The port that nodes listen on by default.
    pub default_port: u16,
    /// The block at height 0.
    pub genesis: Header,
    /// Its hash.
    pub genesis_hash: BlockHash,
    /// A devnet's block at height 1, which its name determines, and its hash.
    pub devnet_genesis: Option<(Header, BlockHash)>,
    /// The easiest target.
    pub pow_limit: Arith256,
    /// The easiest target in its compact form.
    pub pow_limit_bits: CompactTarget,
    /// First height whose target Kimoto Gravity Well sets.
    pub kgw_height: u32,
    /// First height whose target DarkGravityWave v3 sets.
    pub dgw_height: u32,
    /// Whether late blocks may have an easy target.
    pub allow_min_difficulty: bool,
    /// Whether the target never changes.
    pub no_retargeting: bool,
    /// Blocks whose parent is below this height have the easiest target; 0 except on devnets.
    pub minimum_difficulty_blocks: u32,
    /// Total work that the real chain is known to have reached.
    pub minimum_chain_work: Arith256,
    /// Blocks that the chain has to contain, besides the first; by ascending height, one a height.
    pub checkpoints: Vec<Checkpoint>,
    /// The heights from which rules hold.
    pub activation: Activation,
    /// The quorum types that the network has.
    pub llmqs: Vec<LlmqParams>,
    /// Which quorum type signs what.
    pub llmq_types: LlmqTypes,
    /// Names that resolve to nodes.
    pub dns_seeds: &'static [&'static str],
    /// What a peer's and our user agent has to contain: `devnet.devnet-NAME` on a devnet.
    pub user_agent_suffix: Option<String>,
    /// First bytes of encoded addresses and keys.
    pub address_prefixes: AddressPrefixes,
}

const MAINNET_PREFIXES: AddressPrefixes = AddressPrefixes {
    p2pkh: 76,
    p2sh: 16,
    wif: 204,
    bip32_public: [0x04, 0x88, 0xb2, 0x1e],
    bip32_private: [0x04, 0x88, 0xad, 0xe4],
    bip44_coin_type: 5,
};
const TEST_PREFIXES: AddressPrefixes = AddressPrefixes {
    p2pkh: 140,
    p2sh: 19,
    wif: 239,
    bip32_public: [0x04, 0x35, 0x87, 0xcf],
    bip32_private: [0x04, 0x35, 0x83, 0x94],
    bip44_coin_type: 1,
};

/// A hash that stands in the source.
const fn block_hash(text: &str) -> BlockHash {
    match BlockHash::from_hex(text) {
        Ok(hash) => hash,
        Err(_) => panic!("a hash in the source is malformed"),
    }
}

/// The genesis blocks differ in three fields only.
const fn genesis(time: u32, bits: u32, nonce: u32) -> Header {
    const MERKLE_ROOT: BlockHash =
        block_hash("e0028eb9648db56b1ac77cf090b99048a8007e2bb64b68f092c03c7f56a662c7");
    Header {
        version: 1,
        prev_block_hash: BlockHash::ZERO,
        merkle_root: MerkleRoot::from_bytes(MERKLE_ROOT.to_bytes()),
        time,
        bits: CompactTarget::from_bits(bits),
        nonce,
    }
}

/// 2^255 - 1 and its compact form, which devnet and regtest share.
const EASY_BITS: CompactTarget = CompactTarget::from_bits(0x207f_ffff);
/// The genesis block that devnet and regtest share.
const TEST_GENESIS: Header = genesis(1_417_713_337, 0x207f_ffff, 1_096_447);
const TEST_GENESIS_HASH: BlockHash =
    block_hash("000008ca1832a4baf228eb1553c03d3a2c8e02399550dd6ea8d65cec3ef23d2e");

impl NetworkParams {
    /// The network with value.
    #[must_use]
    pub fn mainnet() -> Self {
        Self {
            kind: NetworkKind::Mainnet,
            name: "mainnet".into(),
            magic: [0xbf, 0x0c, 0x6b, 0xbd],
            default_port: 9_999,
            genesis: genesis(1_390_095_618, 0x1e0f_fff0, 28_917_698),
            genesis_hash: block_hash("00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6"),
            devnet_genesis: None,
            pow_limit: Arith256::MAX.wrapping_shr(20),
            pow_limit_bits: CompactTarget::from_bits(0x1e0f_ffff),
            kgw_height: 15_200,
            dgw_height: 34_140,
            allow_min_difficulty: false,
            no_retargeting: false,
            minimum_difficulty_blocks: 0,
            minimum_chain_work: Arith256::from_u128(0xb567_e2d5_3a06_de19_4061),
            checkpoints: checkpoint::expand(&checkpoints_mainnet::ROWS),
            activation: Activation::MAINNET,
            llmqs: llmq::MAINNET.quorums.to_vec(),
            llmq_types: llmq::MAINNET.types,
            dns_seeds: &["dnsseed.dash.org"],
            user_agent_suffix: None,
            address_prefixes: MAINNET_PREFIXES,
        }
    }

    /// The public test network.
    #[must_use]
    pub fn testnet() -> Self {
        Self {
            kind: NetworkKind::Testnet,
            name: "testnet".into(),
            magic: [0xce, 0xe2, 0xca, 0xff],
            default_port: 19_999,
            genesis: genesis(1_390_666_206, 0x1e0f_fff0, 3_861_367_235),
            genesis_hash: block_hash("00000bafbc94add76cb75e2ec92894837288a481e5c005f6563d91623bf8bc2c"),
            devnet_genesis: None,
            pow_limit: Arith256::MAX.wrapping_shr(20),
            pow_limit_bits: CompactTarget::from_bits(0x1e0f_ffff),
            kgw_height: 4_002,
            dgw_height: 4_002,
            allow_min_difficulty: true,
            no_retargeting: false,
            minimum_difficulty_blocks: 0,
            minimum_chain_work: Arith256::from_u128(0x036c_8f73_8da8_18d2),
            checkpoints: checkpoint::expand(&checkpoints_testnet::ROWS),
            activation: Activation::TESTNET,
            llmqs: llmq::TESTNET.quorums.to_vec(),
            llmq_types: llmq::TESTNET.types,
            dns_seeds: &["testnet-seed.dashdot.io"],
            user_agent_suffix: None,
            address_prefixes: TEST_PREFIXES,
        }
    }

    /// A private network for tests, with the options that its nodes were started with.
    ///
    /// # Errors
    /// [`ParamsError`] naming the option that makes no sense.
    pub fn regtest(overrides: &ChainOverrides) -> Result<Self, ParamsError> {
        let mut params = Self {
            kind: NetworkKind::Regtest,
            name: "regtest".into(),
            magic: [0xfc, 0xc1, 0xb7, 0xdc],
            default_port: 19_899,
            kgw_height: 15_200,
            dgw_height: 34_140,
            no_retargeting: true,
            ..Self::easy(Activation::REGTEST, &llmq::REGTEST)
        };
        overrides.apply(&mut params, &llmq::REGTEST)?;
        Ok(params)
    }

    /// The devnet of a name (the value of `-devnet`; it may be empty), with the options that its nodes were started
    /// with. `hash` is X11: it finds the devnet's own first block.
    ///
    /// # Errors
    /// [`ParamsError`] naming the option that makes no sense.
    pub fn devnet(
        name: &str,
        overrides: &ChainOverrides,
        hash: impl Fn(&[u8; Header::LEN]) -> BlockHash,
    ) -> Result<Self, ParamsError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.len() > 64 || !name.chars().all(plain) {
            return Err(ParamsError::DevnetName { name: cut(name) });
        }
        let full_name = if name.is_empty() { "devnet".into() } else { format!("devnet-{name}") };
        let block = devnet::genesis(&full_name, TEST_GENESIS_HASH, TEST_GENESIS.time, EASY_BITS, hash)
            .ok_or_else(|| ParamsError::DevnetGenesis { name: name.into() })?;
        let mut params = Self {
            kind: NetworkKind::Devnet,
            user_agent_suffix: Some(format!("devnet.{full_name}")),
            name: full_name,
            magic: [0xe2, 0xca, 0xff, 0xce],
            default_port: 19_799,
            devnet_genesis: Some(block),
            kgw_height: 4_001,
            dgw_height: 4_001,
            no_retargeting: false,
            ..Self::easy(Activation::DEVNET, &llmq::DEVNET)
        };
        overrides.apply(&mut params, &llmq::DEVNET)?;
        Ok(params)
    }

    /// What devnet and regtest share, as a base for both.
    fn easy(activation: Activation, table: &Table) -> Self {
        Self {
            kind: NetworkKind::Regtest,
            name: String::new(),
            magic: [0; 4],
            default_port: 0,
            genesis: TEST_GENESIS,
            genesis_hash: TEST_GENESIS_HASH,
            devnet_genesis: None,
            pow_limit: Arith256::MAX.wrapping_shr(1),
            pow_limit_bits: EASY_BITS,
            kgw_height: 0,
            dgw_height: 0,
            allow_min_difficulty: true,
            no_retargeting: false,
            minimum_difficulty_blocks: 0,
            minimum_chain_work: Arith256::default(),
            checkpoints: Vec::new(),
            activation,
            llmqs: table.quorums.to_vec(),
            llmq_types: table.types,
            dns_seeds: &[],
            user_agent_suffix: None,
            address_prefixes: TEST_PREFIXES,
        }
    }

    /// The hash that tells this network from all others: of a devnet's own first block, else of genesis.
    #[must_use]
    pub fn network_id(&self) -> BlockHash {
        self.devnet_genesis.map_or(self.genesis_hash, |(_, hash)| hash)
    }

    /// The hash that the block at this height has to have, if there is one: genesis, a devnet's own first block, a
    /// checkpoint.
    #[must_use]
    pub fn required_hash(&self, height: u32) -> Option<BlockHash> {
        match (height, &self.devnet_genesis) {
            (0, _) => Some(self.genesis_hash),
            (1, Some((_, hash))) => Some(*hash),
            _ => self
                .checkpoints
                .binary_search_by_key(&height, |checkpoint| checkpoint.height)
                .ok()
                .map(|at| self.checkpoints[at].hash),
        }
    }

    /// The parameters of a quorum type, if the network has it.
    #[must_use]
    pub fn llmq(&self, llmq_type: LLMQType) -> Option<&LlmqParams> {
        self.llmqs.iter().find(|quorum| quorum.llmq_type == llmq_type)
    }

    /// The height of the first block that Platform counts: where it began on the public networks, and elsewhere the one
    /// from which its masternodes are paid.
    #[must_use]
    pub const fn platform_activation_height(&self) -> u32 {
        match self.kind {
            NetworkKind::Mainnet => 2_132_092,
            NetworkKind::Testnet => 1_090_319,
            NetworkKind::Devnet | NetworkKind::Regtest => self.activation.mn_rr,
        }
    }
}

impl fmt::Display for NetworkParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
