//! Phases that get no further as a whole are told to go on with other peers.

use super::{SequentialSyncManager, Surroundings};
use crate::api::PhaseStatus;
use crate::sync::filters::FilterSync;
use crate::sync::headers::HeaderSync;
use crate::sync::sequential::SyncPhase;
use crate::sync::sequential::recovery::Recovery;

impl SequentialSyncManager {
    /// Looks after the phases that are not complete: the one at work, those passed over, and lists that fell behind.
    pub(super) fn recover(&mut self, around: &mut Surroundings<'_>) {
        let online = around.peers.ready().next().is_some();
        let current = self.current();
        for phase in SyncPhase::WORKING {
            let run = self.phases.iter().find(|run| run.phase == phase);
            let open = run.is_some_and(|run| match run.status {
                PhaseStatus::Running => phase == current,
                PhaseStatus::Failed => true,
                PhaseStatus::Done if phase == SyncPhase::DownloadingMnList => {
                    self.masternodes.standing(false) != PhaseStatus::Done
                }
                _ => false,
            });
            if !open {
                self.tools.recovery.rest(phase);
            } else if self.tools.recovery.watch(phase, online, around.now) == Recovery::SwitchPeer {
                match phase {
                    SyncPhase::DownloadingHeaders => self.with_headers(around, HeaderSync::switch_peer),
                    SyncPhase::DownloadingMnList => {
                        self.with_masternodes(around, |lists, _, ctx| lists.switch_peer(ctx));
                    }
                    _ => self.with_filters(around, |_, _, ctx| FilterSync::switch_peer(ctx)),
                }
            }
        }
    }
}
