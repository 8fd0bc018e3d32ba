//! Special transactions that pay the wallet, or name a script of it and pay nothing (protocol reference §6.2, §7.1).

use super::WalletScenario;
use super::draft::{Draft, LEAST};
use dash_protocol::special::{
    AssetLock, AssetUnlock, ProviderRegister, ProviderUpdateRegistrar, ProviderUpdateRevoke,
    ProviderUpdateService,
};
use dash_protocol::{
    BlsPublicKey, BlsSignature, Encode, MasternodeType, NetInfo, OutPoint, ProTxHash, QuorumHash, TxOut, Txid,
};

const PROVIDER_REGISTER: u16 = 1;
const PROVIDER_UPDATE_SERVICE: u16 = 2;
const PROVIDER_UPDATE_REGISTRAR: u16 = 3;
const PROVIDER_UPDATE_REVOKE: u16 = 4;
const ASSET_LOCK: u16 = 8;
const ASSET_UNLOCK: u16 = 9;
/// The version of provider payloads: basic BLS.
const BASIC: u16 = 2;

impl WalletScenario {
    /// A special transaction that has to do with the wallet; without `blocks_only`, one that pools take.
    pub(super) fn special(&mut self, height: u32, blocks_only: bool) -> Option<Draft> {
        match self.rng.below(if blocks_only { 8 } else { 7 }) {
            0 => self.registration(height, false),
            1 => self.registration(height, true),
            2 => self.service_update(height),
            3 => self.registrar_update(height),
            4 => self.revocation(height),
            5 => self.asset_lock(height, false),
            6 => self.asset_lock(height, true),
            _ => Some(self.asset_unlock(height)),
        }
    }

    /// A draft that spends a coin of the wallet or of a stranger, and whom the rest goes to.
    fn funded(&mut self, height: u32, by_wallet: bool) -> Option<(Draft, super::Payee)> {
        if by_wallet {
            let from = self.some_name();
            let is_ripe = |at: &&OutPoint| self.truth.is_spendable(at, height, false);
            let at = self.truth.own_from(from).find(is_ripe).copied()?;
            let coin = self.truth.coin(&at)?.clone();
            return Some((Draft::spending(vec![(at, coin)]), self.change()));
        }
        Some((Draft::spending(vec![self.strangers_coin(height)?]), self.stranger()))
    }

    fn hash20(&mut self) -> [u8; 20] {
        *self.rng.bytes32().first_chunk().expect("32 bytes have 20")
    }

    fn bls_key(&mut self) -> BlsPublicKey {
        let mut bytes = [0x80; 48];
        bytes[16..].copy_from_slice(&self.rng.bytes32());
        BlsPublicKey::from_bytes(bytes)
    }

    fn bls_signature(&mut self) -> BlsSignature {
        let mut bytes = [0x80; 96];
        bytes[64..].copy_from_slice(&self.rng.bytes32());
        BlsSignature::from_bytes(bytes)
    }

    fn service(&mut self) -> NetInfo {
        let mut ip = [0; 16];
        ip[10..12].fill(0xff);
        ip[12..].copy_from_slice(&self.rng.next_u64().to_le_bytes()[..4]);
        NetInfo::Service { ip, port: 19_999 }
    }

    fn registration(&mut self, height: u32, by_wallet: bool) -> Option<Draft> {
        let (draft, rest) = self.funded(height, by_wallet)?;
        let (lock, owner) = self.receive_anywhere();
        let payload = ProviderRegister {
            version: BASIC,
            kind: MasternodeType::Regular,
            mode: 0,
            // Its own first output, if the wallet pays for it.
            collateral: if by_wallet {
                OutPoint { txid: Txid::ZERO, vout: 0 }
            } else {
                OutPoint { txid: Txid::from_bytes(self.rng.bytes32()), vout: 1 }
            },
            net_info: self.service(),
            owner_key_id: self.hash20(),
            operator_key: self.bls_key(),
            voting_key_id: self.hash20(),
            operator_reward: 0,
            payout_script: lock.script(),
            inputs_hash: self.rng.bytes32(),
            platform: None,
            signature: Vec::new(),
        };
        draft.special(PROVIDER_REGISTER, payload.to_wire(), owner).pay_rest(rest, &mut self.rng)
    }

    fn service_update(&mut self, height: u32) -> Option<Draft> {
        let (draft, rest) = self.funded(height, false)?;
        let (lock, owner) = self.receive_anywhere();
        let payload = ProviderUpdateService {
            version: BASIC,
            kind: MasternodeType::Regular,
            pro_tx_hash: ProTxHash::from_bytes(self.rng.bytes32()),
            net_info: self.service(),
            payout_script: lock.script(),
            inputs_hash: self.rng.bytes32(),
            platform: None,
            signature: self.bls_signature(),
        };
        draft.special(PROVIDER_UPDATE_SERVICE, payload.to_wire(), owner).pay_rest(rest, &mut self.rng)
    }

    fn registrar_update(&mut self, height: u32) -> Option<Draft> {
        let (draft, rest) = self.funded(height, false)?;
        let (lock, owner) = self.receive_anywhere();
        let payload = ProviderUpdateRegistrar {
            version: BASIC,
            pro_tx_hash: ProTxHash::from_bytes(self.rng.bytes32()),
            mode: 0,
            operator_key: self.bls_key(),
            voting_key_id: self.hash20(),
            payout_script: lock.script(),
            inputs_hash: self.rng.bytes32(),
            signature: Vec::new(),
        };
        draft.special(PROVIDER_UPDATE_REGISTRAR, payload.to_wire(), owner).pay_rest(rest, &mut self.rng)
    }

    /// It names nothing of the wallet; one of its outputs pays it.
    fn revocation(&mut self, height: u32) -> Option<Draft> {
        let (draft, rest) = self.funded(height, false)?;
        let payload = ProviderUpdateRevoke {
            version: BASIC,
            pro_tx_hash: ProTxHash::from_bytes(self.rng.bytes32()),
            reason: 0,
            inputs_hash: self.rng.bytes32(),
            signature: self.bls_signature(),
        };
        let payee = self.receive_anywhere();
        let draft = draft.special(PROVIDER_UPDATE_REVOKE, payload.to_wire(), None);
        draft.pay_part(payee, &mut self.rng).pay_rest(rest, &mut self.rng)
    }

    /// Coins that go to Platform, credited to scripts of the wallet: on this chain nobody has them.
    fn asset_lock(&mut self, height: u32, by_wallet: bool) -> Option<Draft> {
        let (draft, rest) = self.funded(height, by_wallet)?;
        let burnt = draft.left() / 4;
        if burnt < 2 * LEAST {
            return None;
        }
        let credited = [self.receive_anywhere(), self.stranger()];
        let values = [burnt - LEAST, LEAST];
        let outputs = values.into_iter().zip(&credited);
        let outputs = outputs.map(|(value, (lock, _))| TxOut { value, script: lock.script() });
        let payload = AssetLock { version: 1, credit_outputs: outputs.collect() };
        let owners = credited.iter().filter_map(|(_, owner)| *owner);
        let draft = draft.burn(burnt, &[]).special(ASSET_LOCK, payload.to_wire(), owners);
        draft.pay_rest(rest, &mut self.rng)
    }

    /// Coins that come back from Platform: of no input.
    fn asset_unlock(&mut self, height: u32) -> Draft {
        let payload = AssetUnlock {
            version: 1,
            index: self.rng.next_u64() >> 1,
            fee: 190,
            requested_height: height.saturating_sub(1),
            quorum_hash: QuorumHash::from_bytes(self.rng.bytes32()),
            signature: self.bls_signature(),
        };
        let payee = self.receive_anywhere();
        let value = self.rng.between(LEAST.unsigned_abs(), 1_000_000_000) as i64;
        Draft::default().special(ASSET_UNLOCK, payload.to_wire(), None).pay(value, payee)
    }
}
