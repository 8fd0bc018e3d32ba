//! A simulated Dash network, for tests, for measurements and for the demo.
//!
//! - [`chain`]: header chains of any length with real proof of work under the rules of a regtest or a devnet, their
//!   forks, and headers that break exactly one rule.
//! - [`masternodes`]: what such a chain can carry: a masternode list with real keys, quorums, ChainLocks, InstantSend
//!   locks, and miners who lie about them.
//! - [`measure`]: what is measured over many worlds.
//! - [`peer`]: a peer of such a chain that speaks the protocol: bytes in, bytes out at given times. [`peer::Fault`]s
//!   make it a bad peer, [`peer::Lie`]s a dishonest one.
//! - [`wallet`]: a wallet and everything that is paid to it and by it, in blocks and outside, and the ledger of what is
//!   true of that.
//! - [`world`]: the client's engine, such peers, links and a store under one virtual clock; the same seed gives the
//!   same run.
//! - [`tcp`] and [`demo`]: the same peers on TCP ports with blocks mined while one looks on, payments of a faucet and of
//!   clients, and the HTTP control of `dash-simnet`.
//!
//! # Worlds with a wallet
//!
//! A [`wallet::WalletPlan`] gives a world's chain a wallet of four watches, payments of every kind to and by it in blocks
//! and outside, and the [`wallet::Truth`]: the ledger that a client's is held against. The client is asked to watch what
//! [`wallet::Watch::target`] says; a watch's place among [`wallet::WalletScenario::watches`] is its scope in the truth.
//!
//! ```
//! use simnet::peer::{Lie, Profile};
//! use simnet::wallet::{TrueFinality, WalletPlan};
//! use simnet::world::{World, regtest};
//!
//! let plan = WalletPlan::new(regtest(), 7, 300);
//! let liar = Profile::liar(Lie::FilterOmitsOutput);
//! let mut world = World::builder(7).wallet(plan).honest(2).peer(liar).build();
//! world.run_until_synced(60_000)?;
//!
//! // Somebody pays, nodes take what the client sends, blocks come and go.
//! let paid = world.wallet_pays().expect("strangers have coins by now");
//! let own = world.draft().expect("so has the wallet");
//! world.mine(2);
//! world.reorg(2, 3);
//! world.run_until_synced(60_000)?;
//!
//! // What the client should see now, of the account and of all, and what the blocks up to a height say.
//! let wallet = world.wallet().expect("it was given one");
//! let now = world.horizon();
//! let of_account = wallet.truth().balance(Some(0), &now);
//! let of_all = wallet.truth().balance(None, &now);
//! assert!(of_account.total() <= of_all.total());
//! assert!(wallet.truth().coins(None, &now).iter().any(|coin| coin.finality == TrueFinality::Mined));
//! assert!(!wallet.truth().history(None, &now).is_empty());
//! let early = wallet.truth().up_to(200);
//! assert!(early.history(None, &simnet::wallet::Horizon { tip: 200, locked: None }).len() > 10);
//! # let _ = (paid, own);
//! # Ok::<(), simnet::world::Failure>(())
//! ```
//!
//! The difficulty rules here are written apart from those of the client, so that the two check each other: a chain
//! built here must be accepted there. Messages are encoded by the same crate on both sides; that they are Dash's is
//! shown by the vectors, not by simulations.

pub mod chain;
pub mod demo;
pub mod masternodes;
pub mod measure;
pub mod peer;
pub mod rng;
pub mod tcp;
pub mod wallet;
pub mod world;
