//! Bytes of peers become messages: those of the handshake and of the connection itself are dealt with here, the others
//! are handed on.

use super::addresses;
use super::dial::BridgeHealth;
use super::manager::{PeerManager, PeerMessage, PeerNotice};
use super::peer::Handshake;
use super::reputation::Offence;
use crate::api::{Event, LogLevel, PeerChange};
use crate::engine::{ConnId, Now, Outbox};
use dash_protocol::{GetHeaders, Message};

impl PeerManager {
    /// Takes bytes in and hands on the messages in them that are the sync's business. None where the bytes only go on
    /// with a message that has begun: nothing follows from them yet.
    pub fn received(
        &mut self,
        conn: ConnId,
        bytes: &[u8],
        now: Now,
        out: &mut Outbox,
    ) -> Option<Vec<PeerMessage>> {
        let mut messages = Vec::new();
        let peer = self.peers.get_mut(&conn)?;
        let mut goes_on = peer.is_mid_message();
        peer.receive(bytes, now);
        // Looked up anew each time: a message can end the connection.
        while let Some(peer) = self.peers.get_mut(&conn) {
            let message = match peer.next_message(now) {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(offence) => {
                    goes_on = false;
                    self.punish(conn, &offence, now, out);
                    // The rest of a broken stream means nothing, and what came before it is the banned peer's.
                    messages.clear();
                    break;
                }
            };
            goes_on = false;
            if peer.is_ready() {
                messages.extend(self.handle_ready(conn, message, now, out));
            } else if let Err(offence) = self.handle_handshake(conn, &message, now, out) {
                self.punish(conn, &offence, now, out);
            }
        }
        (!goes_on).then_some(messages)
    }

    fn handle_handshake(
        &mut self,
        conn: ConnId,
        message: &Message,
        now: Now,
        out: &mut Outbox,
    ) -> Result<(), Offence> {
        let Some(peer) = self.peers.get_mut(&conn) else { return Ok(()) };
        match peer.handshake(message)? {
            Handshake::Wait => {}
            Handshake::HangUp(reason) => {
                let bridge = peer.bridge;
                self.useless(bridge, false, now);
                self.hang_up(conn, reason, now, out);
            }
            Handshake::Answer => {
                self.send(conn, &Message::SendAddrV2, out);
                self.send(conn, &Message::Verack, out);
            }
            Handshake::Done => {
                let bridge = peer.bridge;
                self.bridges[bridge] = BridgeHealth::default();
                self.notices.push(PeerNotice::Ready(conn));
                self.send(conn, &Message::SendHeaders, out);
                if self.only.is_empty() && !self.bridge_plain[bridge] {
                    self.send(conn, &Message::GetAddr, out);
                }
                if let Some(peer) = self.peers.get(&conn) {
                    out.emit(Event::Peer { peer: self.info(peer), change: PeerChange::Up, reason: None });
                    out.log(
                        now,
                        LogLevel::Info,
                        "network",
                        "peer ready",
                        [
                            ("peer", peer.address.as_str().into()),
                            ("agent", peer.user_agent().into()),
                            ("height", peer.claimed_height().into()),
                        ],
                    );
                }
            }
        }
        Ok(())
    }

    /// Counts a message that nobody asked for; punishes the peer and gives false when there are too many.
    pub fn idle_talk(&mut self, conn: ConnId, command: &str, now: Now, out: &mut Outbox) -> bool {
        let within = self.peers.get_mut(&conn).is_some_and(|peer| peer.idle_talk(now));
        if !within {
            self.punish(conn, &Offence::Flood(command.to_owned()), now, out);
        }
        within
    }

    fn handle_ready(
        &mut self,
        conn: ConnId,
        message: Message,
        now: Now,
        out: &mut Outbox,
    ) -> Option<PeerMessage> {
        let peer = self.peers.get_mut(&conn)?;
        match &message {
            // Whether these were asked for is found out, and held against the peer, by those who ask.
            Message::Headers(_)
            | Message::Headers2(_)
            | Message::NotFound(_)
            | Message::MnListDiff(_)
            | Message::QRInfo(_)
            | Message::ClSig(_)
            | Message::CFCheckpt(_)
            | Message::CFHeaders(_)
            | Message::CFilter(_)
            | Message::Block(_)
            | Message::Tx(_)
            | Message::IsdLock(_) => return Some(PeerMessage { conn, message }),
            Message::Pong(nonce) => peer.pong(*nonce, now),
            Message::Version(_) | Message::Verack => {
                let name = message.command().to_string();
                self.punish(conn, &Offence::Handshake(name), now, out);
                return None;
            }
            _ => {}
        }
        let address = peer.address.clone();
        if !self.idle_talk(conn, message.command().as_str(), now, out) {
            return None;
        }
        match message {
            Message::Ping(nonce) => self.send(conn, &Message::Pong(nonce), out),
            // We serve nobody: an empty answer keeps the peer from waiting for one.
            Message::GetHeaders(GetHeaders { .. }) | Message::GetHeaders2(GetHeaders { .. }) => {
                self.send(conn, &Message::Headers(Vec::new()), out);
            }
            Message::Addr(entries) => self.book.learn(&address, self.port, addresses::from_addr(&entries)),
            Message::AddrV2(entries) => {
                self.book.learn(&address, self.port, addresses::from_addrv2(&entries));
            }
            Message::Inv(_) | Message::GetData(_) => return Some(PeerMessage { conn, message }),
            _ => {}
        }
        None
    }
}
