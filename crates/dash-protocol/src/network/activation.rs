//! The heights from which rules hold. A rule is active for the block at its height and all above.

macro_rules! activation {
    ($($(#[$doc:meta])* $field:ident ($($name:literal),+): $main:literal, $test:literal, $devnet:literal, $regtest:literal;)*) => {
        /// The heights from which rules hold (Dash Core `chainparams.cpp`, "buried" deployments).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Activation {
            $($(#[$doc])* pub $field: u32,)*
        }

        impl Activation {
            pub(super) const MAINNET: Self = Self { $($field: $main,)* };
            pub(super) const TESTNET: Self = Self { $($field: $test,)* };
            pub(super) const DEVNET: Self = Self { $($field: $devnet,)* };
            pub(super) const REGTEST: Self = Self { $($field: $regtest,)* };

            /// Sets the height of the deployment of this name, one of ours or of Dash Core's
            /// (`-testactivationheight`); false if there is none.
            pub(super) fn set(&mut self, name: &str, height: u32) -> bool {
                match name {
                    $($($name)|+ => self.$field = height,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

activation! {
    /// Header version at least 2.
    bip34 ("bip34"): 951, 76, 1, 1;
    /// Header version at least 3.
    bip66 ("bip66", "dersig"): 245_817, 2_075, 1, 1;
    /// Header version at least 4.
    bip65 ("bip65", "cltv"): 619_382, 2_431, 1, 1;
    /// Null dummies.
    bip147 ("bip147"): 939_456, 4_300, 1, 0;
    /// Relative lock times.
    csv ("csv"): 622_944, 8_064, 1, 1;
    /// Blocks of 2 MB.
    dip1 ("dip1", "dip0001"): 782_208, 5_500, 2, 1;
    /// Deterministic masternode list.
    dip3 ("dip3", "dip0003"): 1_028_160, 7_000, 2, 432;
    /// Deterministic masternode list, alone.
    dip3_enforcement ("dip3_enforcement", "dip0003_enforcement"): 1_047_200, 7_300, 2, 500;
    /// ChainLocks, coinbase payload version 2.
    dip8 ("dip8", "dip0008"): 1_088_640, 78_800, 2, 1;
    /// Block reward reallocation.
    brr ("brr"): 1_374_912, 387_500, 2, 1;
    /// New opcodes, quorums of type 4.
    dip20 ("dip20", "dip0020"): 1_516_032, 414_100, 2, 1;
    /// Rotated quorums.
    dip24 ("dip24", "dip0024"): 1_737_792, 769_700, 2, 1;
    /// Rotated quorums sign InstantSend locks.
    dip24_quorums ("dip24_quorums", "dip0024_quorums"): 1_738_698, 770_730, 2, 1;
    /// Basic BLS scheme, evo nodes.
    v19 ("v19"): 1_899_072, 850_100, 2, 1;
    /// Coinbase payload version 3, ChainLock signatures choose quorum members.
    v20 ("v20"): 1_987_776, 905_100, 2, 432;
    /// Masternode reward reallocation.
    mn_rr ("mn_rr"): 2_128_896, 1_066_900, 2, 432;
    /// Withdrawals from Platform.
    withdrawals ("withdrawals"): 2_201_472, 1_148_500, 2, 600;
}
