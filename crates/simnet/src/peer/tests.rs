use super::*;
use crate::chain::EPOCH;
use crate::world::{devnet, regtest};
use dash_protocol::{
    BlockHash, Command, DecodeError, Frame, FrameDecoder, FrameError, GetHeaders, Header, Message,
    NetAddress, ServiceFlags, VersionMessage,
};
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::checks::Check;
use std::sync::Arc;

mod filter_lies;
mod filters;
mod interest;
mod masternodes;
mod relay;

/// A client that keeps what it hears, message by message.
struct Listener {
    peer: SimPeer,
    chain: Arc<SimChain>,
    now: u64,
    decoder: FrameDecoder,
    arriving: Vec<Output>,
    heard: Vec<Result<Frame, FrameError>>,
    closed: bool,
    pool: Pool,
    relay: bool,
}

impl Listener {
    fn new(profile: Profile) -> Self {
        Self::on(SimChain::shared(&regtest(), 1, 2_500), profile)
    }

    fn on(chain: Arc<SimChain>, profile: Profile) -> Self {
        let params = Arc::clone(chain.params());
        let chain =
            profile.own_chain(&chain, &[chain.checkpoint(chain.height() / 2)], 1).map_or(chain, Arc::new);
        let decoder = FrameDecoder::new(params.magic);
        let peer = SimPeer::new(params, profile, 9, Clock { ms: 0, unix_secs: EPOCH });
        Self {
            peer,
            chain,
            now: 0,
            decoder,
            arriving: Vec::new(),
            heard: Vec::new(),
            closed: false,
            pool: Pool::default(),
            relay: false,
        }
    }

    fn clock(&self) -> Clock {
        Clock { ms: self.now, unix_secs: EPOCH + (self.now / 1_000) as u32 }
    }

    fn announce(&mut self) {
        let clock = self.clock();
        let view = View { chain: &self.chain, pool: &self.pool };
        self.peer.announce(clock, view);
        self.peer.announce_payments(clock, view);
        self.peer.announce_lock(clock, view);
    }

    fn say(&mut self, message: Message) {
        let frame = message.to_frame(self.chain.params().magic);
        let clock = self.clock();
        self.peer.receive(&frame, clock, View { chain: &self.chain, pool: &self.pool });
    }

    fn shake_hands(&mut self) {
        self.say(Message::Version(VersionMessage {
            version: PROTOCOL_VERSION,
            services: ServiceFlags::HEADERS_COMPRESSED,
            time: 0,
            receiver: NetAddress::NONE,
            sender: NetAddress::NONE,
            nonce: 1,
            user_agent: String::new(),
            start_height: 0,
            relay: self.relay,
            mnauth_challenge: [0; 32],
            masternode: false,
        }));
        self.say(Message::Verack);
        self.say(Message::SendHeaders2);
    }

    fn ask(&mut self, from: u32, compressed: bool) {
        let hash = self.chain.hash_at(from.min(self.chain.height() - 1)).unwrap();
        let request = GetHeaders { version: PROTOCOL_VERSION, locator: vec![hash], stop: BlockHash::ZERO };
        self.say(if compressed { Message::GetHeaders2(request) } else { Message::GetHeaders(request) });
    }

    /// Lets time pass and takes what arrives.
    fn wait(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.arriving.extend(self.peer.outputs());
            match self.peer.next_tick().filter(|&at| at <= end) {
                Some(at) => {
                    self.now = at.max(self.now);
                    let clock = self.clock();
                    self.peer.tick(clock, View { chain: &self.chain, pool: &self.pool });
                }
                None => break,
            }
        }
        self.arriving.sort_by_key(|output| output.at);
        let due = self.arriving.partition_point(|output| output.at <= end);
        for output in self.arriving.drain(..due) {
            match output.action {
                Action::Send(bytes) => self.decoder.push(&bytes),
                Action::Close => self.closed = true,
            }
        }
        self.now = end;
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => self.heard.push(Ok(frame)),
                Ok(None) => break,
                Err(error) => {
                    let fatal = error.is_fatal();
                    self.heard.push(Err(error));
                    if fatal {
                        break;
                    }
                }
            }
        }
    }

    fn messages(&self) -> Vec<Result<Message, DecodeError>> {
        let frames = self.heard.iter().flatten();
        frames.map(|frame| Message::decode(frame.command, &frame.payload)).collect()
    }

    /// Every run of headers heard.
    fn runs(&self) -> Vec<Vec<Header>> {
        let runs = self.messages().into_iter().flatten().filter_map(|message| match message {
            Message::Headers(headers) => Some(headers),
            Message::Headers2(headers) => {
                Some(headers.expand(x11).unwrap().into_iter().map(|(header, _)| header).collect())
            }
            _ => None,
        });
        runs.collect()
    }

    fn commands(&self) -> Vec<Command> {
        self.heard.iter().flatten().map(|frame| frame.command).collect()
    }
}

#[test]
fn an_honest_peer_greets_as_core_does() {
    let mut listener = Listener::new(Profile::honest());
    listener.shake_hands();
    listener.wait(1_000);
    let commands: Vec<String> = listener.commands().iter().map(ToString::to_string).collect();
    assert_eq!(commands[..4], ["version", "sendaddrv2", "verack", "sendheaders2"]);
    assert!(commands.contains(&"ping".to_owned()) && commands.contains(&"getheaders2".to_owned()));
    let Ok(Message::Version(version)) = &listener.messages()[0] else { panic!("no version") };
    assert_eq!(version.start_height, 2_500);
    assert!(version.services.has(ServiceFlags::HEADERS_COMPRESSED));
}

#[test]
fn a_peer_of_a_devnet_names_it() {
    let mut listener = Listener::on(SimChain::shared(&devnet(), 2, 50), Profile::honest());
    listener.shake_hands();
    listener.wait(1_000);
    let Ok(Message::Version(version)) = &listener.messages()[0] else { panic!("no version") };
    assert!(version.user_agent.contains("devnet.devnet-sim"), "{}", version.user_agent);
}

#[test]
fn headers_come_in_both_forms_and_within_their_limits() {
    for compressed in [false, true] {
        let mut listener = Listener::new(Profile::honest());
        listener.shake_hands();
        listener.ask(0, compressed);
        listener.wait(2_000);
        let runs = listener.runs();
        let limit = if compressed { 2_500 } else { 2_000 };
        assert_eq!(runs, [listener.chain.headers()[1..=limit].to_vec()]);
    }
}

#[test]
fn an_old_peer_compresses_two_thousand_headers_at_most() {
    let mut listener = Listener::new(Profile { protocol: 70_230, ..Profile::honest() });
    listener.shake_hands();
    listener.ask(0, true);
    listener.wait(2_000);
    assert_eq!(listener.runs()[0].len(), 2_000);
}

#[test]
fn requests_are_served_one_after_the_other() {
    let mut listener = Listener::new(Profile { cost_ms: 100, latency_ms: (10, 10), ..Profile::honest() });
    listener.shake_hands();
    for _ in 0..3 {
        listener.ask(2_400, false);
    }
    listener.wait(250);
    assert_eq!(listener.runs().len(), 2);
    listener.wait(100);
    assert_eq!(listener.runs().len(), 3);
}

#[test]
fn new_blocks_are_announced_by_headers_and_after_a_reorganisation_too() {
    let mut listener = Listener::new(Profile::honest());
    listener.shake_hands();
    listener.ask(2_400, true);
    listener.wait(1_000);
    Arc::make_mut(&mut listener.chain).mine(1, EPOCH);
    listener.announce();
    listener.wait(1_000);
    assert_eq!(listener.runs()[1], [*listener.chain.tip()]);
    Arc::make_mut(&mut listener.chain).reorganize(3, 5, EPOCH);
    listener.announce();
    listener.wait(1_000);
    assert_eq!(listener.runs()[2], listener.chain.headers()[2_499..]);
    Arc::make_mut(&mut listener.chain).mine(20, EPOCH);
    listener.announce();
    listener.wait(1_000);
    assert_eq!(listener.commands().last(), Some(&Command::INV));
}

#[test]
fn every_lie_can_be_told_from_the_honest_answer() {
    for lie in Lie::of_headers() {
        let mut honest = Listener::new(Profile::honest());
        let mut liar = Listener::new(Profile::liar(lie));
        for listener in [&mut honest, &mut liar] {
            listener.shake_hands();
            listener.wait(500);
            listener.ask(1_200, true);
            listener.wait(10_000);
        }
        let frames = |listener: &Listener| listener.heard.clone();
        assert_ne!(frames(&honest), frames(&liar), "{lie} is not told");
    }
}

#[test]
fn broken_messages_fail_where_they_are_meant_to() {
    for lie in Lie::of_headers() {
        let mut liar = Listener::new(Profile::liar(lie));
        liar.shake_hands();
        liar.wait(500);
        liar.ask(1_200, true);
        liar.wait(8_000);
        let frame_error = liar.heard.iter().find_map(|heard| heard.clone().err());
        let errors: Vec<DecodeError> = liar.messages().into_iter().filter_map(Result::err).collect();
        let fits = match lie {
            Lie::WrongMagic | Lie::OtherNetwork | Lie::Garbage => {
                matches!(frame_error, Some(FrameError::WrongMagic { .. }))
            }
            Lie::BadChecksum => matches!(frame_error, Some(FrameError::BadChecksum { .. })),
            Lie::BadCommand => matches!(frame_error, Some(FrameError::BadCommand { .. })),
            Lie::Oversized => matches!(frame_error, Some(FrameError::TooLarge { .. })),
            Lie::NonMinimalCount => {
                errors.iter().any(|error| matches!(error, DecodeError::NonMinimal { .. }))
            }
            Lie::TrailingBytes => {
                errors.iter().any(|error| matches!(error, DecodeError::TrailingBytes { .. }))
            }
            Lie::Truncated | Lie::MalformedVersion | Lie::Headers2Truncated => {
                errors.iter().any(|error| matches!(error, DecodeError::Truncated { .. }))
            }
            Lie::TooManyHeaders | Lie::TooManyHeaders2 | Lie::TooManyInv | Lie::TooManyAddr => {
                errors.iter().any(|error| matches!(error, DecodeError::TooMany { .. }))
                    || matches!(frame_error, Some(FrameError::TooLarge { .. }))
            }
            Lie::Headers2FirstEntry | Lie::Headers2BadOffset => !errors.is_empty(),
            Lie::Trickle => liar.decoder.is_mid_message(),
            _ => frame_error.is_none() && errors.is_empty(),
        };
        assert!(fits, "{lie}: {frame_error:?} {errors:?}");
    }
}

#[test]
fn lies_of_one_header_end_in_that_header() {
    for lie in Lie::of_headers() {
        let Some(_) = lie.flaw() else { continue };
        for from in [0, 1_200, 2_499] {
            let mut liar = Listener::new(Profile::liar(lie));
            liar.shake_hands();
            liar.ask(from, true);
            liar.wait(1_000);
            let runs = liar.runs();
            let (flawed, before) = runs[0].split_last().unwrap();
            assert_eq!(liar.chain.known_hash(flawed), None, "{lie} from {from}");
            for header in before {
                assert!(liar.chain.known_hash(header).is_some(), "{lie} from {from}");
            }
        }
    }
}

#[test]
fn checkpoint_liars_have_chains_of_their_own() {
    let chain = SimChain::shared(&regtest(), 1, 2_500);
    let checkpoint = chain.checkpoint(1_250);
    for lie in [Lie::CheckpointMismatch, Lie::CheckpointFork] {
        let own = Profile::liar(lie).own_chain(&chain, std::slice::from_ref(&checkpoint), 1).unwrap();
        assert_ne!(own.hash_at(1_250), Some(checkpoint.hash));
        assert_eq!(own.hash_at(1_100), chain.hash_at(1_100));
        assert_eq!(own.work_at(own.height()) > chain.work_at(2_500), lie == Lie::CheckpointFork);
    }
}

#[test]
fn forks_sent_to_fill_memory_have_less_work_and_differ() {
    let mut liar = Listener::new(Profile::liar(Lie::LowWorkForks));
    liar.shake_hands();
    liar.ask(2_500, true);
    liar.wait(6_000);
    let runs = liar.runs();
    assert!(runs.len() > 10, "only {} forks", runs.len());
    let mut tips = std::collections::BTreeSet::new();
    for run in &runs {
        let fork = liar.chain.height_of(&run[0].prev_block_hash).expect("forks leave the chain somewhere");
        assert!(fork as usize + run.len() < 2_500);
        assert!(tips.insert(x11(&run[run.len() - 1].to_bytes())));
    }
}

#[test]
fn faults_do_what_they_say() {
    let answers = |fault: Fault| {
        let mut peer = Listener::new(Profile::faulty(fault));
        peer.shake_hands();
        for _ in 0..10 {
            peer.ask(2_450, !matches!(fault, Fault::PlainHeaders));
        }
        peer.wait(10_000);
        (peer.runs().iter().filter(|run| !run.is_empty()).count(), peer)
    };
    for &fault in Fault::ALL {
        let (count, peer) = answers(fault);
        let fits = match fault {
            Fault::Silent => peer.heard.is_empty(),
            Fault::Loss => (1..10).contains(&count),
            Fault::Stall => count == 1,
            Fault::Disconnect => peer.closed,
            Fault::Empty => count == 0 && peer.runs().len() == 10,
            // Refusing connections is the driver's part; the rest only shows in how and when answers come.
            _ => count == 10,
        };
        assert!(fits, "{fault}: {count} answers");
        if fault == Fault::PlainHeaders {
            assert!(!peer.commands().contains(&Command::HEADERS2));
        }
    }
}

#[test]
fn names_lead_back_to_what_they_name() {
    for lie in Lie::ALL {
        assert_eq!(lie.name().parse(), Ok(*lie));
    }
    for fault in Fault::ALL {
        assert_eq!(fault.name().parse(), Ok(*fault));
    }
    assert!("honest".parse::<Lie>().is_err());
}
