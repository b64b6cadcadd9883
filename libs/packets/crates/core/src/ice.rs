//! One transport's ICE-lite state: which addresses proved to know the password, which one is used, and consent.
//!
//! RFC 8445 (lite, always controlled) and RFC 7675, but that authenticated media counts as consent too.

use std::net::SocketAddr;

use crate::arena::Path;
use crate::wire::stun::IntegrityKey;

/// A client behind several interfaces validates a few addresses; more are forgotten, longest silent first.
const MAX_VALIDATED: usize = 8;
/// When the selected address is silent for this long and another is checked, the client has moved without telling.
const SELECTED_SILENCE_NS: u64 = 5_000_000_000;

#[derive(Debug)]
struct Validated {
    path: Path,
    heard_ns: u64,
}

/// What a valid check changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckEffect {
    /// The address was not validated before.
    pub(crate) is_new: bool,
    /// This address made room for it.
    pub(crate) forgotten: Option<SocketAddr>,
    /// The address is now the selected one and was not before.
    pub(crate) is_selected: bool,
}

/// State of one transport.
pub(crate) struct IceLite {
    pub(crate) local_ufrag: Vec<u8>,
    /// `local:remote`, as USERNAME must say.
    pub(crate) username: Vec<u8>,
    pub(crate) key: IntegrityKey,
    validated: Vec<Validated>,
    selected: Option<Path>,
    nomination: u32,
    consent_ns: u64,
}

impl IceLite {
    pub(crate) fn new(local_ufrag: &str, local_pwd: &str, remote_ufrag: &str, now_ns: u64) -> Self {
        Self {
            local_ufrag: local_ufrag.as_bytes().to_vec(),
            username: format!("{local_ufrag}:{remote_ufrag}").into_bytes(),
            key: IntegrityKey::new(local_pwd.as_bytes()),
            validated: Vec::new(),
            selected: None,
            nomination: 0,
            consent_ns: now_ns,
        }
    }

    /// Where to send.
    #[inline]
    pub(crate) fn selected(&self) -> Option<&Path> {
        self.selected.as_ref()
    }

    /// All addresses that may send to this transport.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.validated.iter().map(|validated| validated.path.remote)
    }

    /// When this address last proved to be the peer's.
    pub(crate) fn heard_ns(&self, remote: SocketAddr) -> Option<u64> {
        self.validated
            .iter()
            .find(|validated| validated.path.remote == remote)
            .map(|validated| validated.heard_ns)
    }

    /// The last sign of life (or the creation): consent counts from here.
    pub(crate) fn consent_ns(&self) -> u64 {
        self.consent_ns
    }

    /// A packet from a validated address passed authentication, or was an indication. Both are a sign of life: not
    /// every encoder checks consent, and one whose media is authentic is there.
    pub(crate) fn on_sign_of_life(&mut self, remote: SocketAddr, now_ns: u64) {
        if let Some(validated) = self
            .validated
            .iter_mut()
            .find(|validated| validated.path.remote == remote)
        {
            validated.heard_ns = now_ns;
            self.consent_ns = now_ns;
        }
    }

    /// Another transport proved that this address is its own.
    pub(crate) fn forget(&mut self, remote: SocketAddr) {
        self.validated
            .retain(|validated| validated.path.remote != remote);
        if self.selected.is_some_and(|path| path.remote == remote) {
            self.selected = None;
        }
    }

    /// A check with the right password from `path`. The first one selects; afterwards a nomination does
    /// (renomination too: the peer's latest word counts), or the silence of the selected address.
    pub(crate) fn on_check(
        &mut self,
        path: &Path,
        use_candidate: bool,
        nomination: Option<u32>,
        now_ns: u64,
    ) -> CheckEffect {
        self.consent_ns = now_ns;
        let mut effect = CheckEffect::default();
        if let Some(known) = self
            .validated
            .iter_mut()
            .find(|validated| validated.path.remote == path.remote)
        {
            known.path = *path;
            known.heard_ns = now_ns;
        } else {
            effect.is_new = true;
            effect.forgotten = self.make_room();
            self.validated.push(Validated {
                path: *path,
                heard_ns: now_ns,
            });
        }
        let follows = match self.selected {
            None => true,
            Some(selected) if selected.remote == path.remote => {
                self.selected = Some(*path);
                false
            }
            Some(selected) => {
                let nominated =
                    use_candidate && nomination.is_none_or(|value| value >= self.nomination);
                let silent_ns = now_ns.saturating_sub(self.heard_ns(selected.remote).unwrap_or(0));
                nominated || silent_ns > SELECTED_SILENCE_NS
            }
        };
        if use_candidate {
            self.nomination = self.nomination.max(nomination.unwrap_or(0));
        }
        if follows {
            self.selected = Some(*path);
            effect.is_selected = true;
        }
        effect
    }

    fn make_room(&mut self) -> Option<SocketAddr> {
        if self.validated.len() < MAX_VALIDATED {
            return None;
        }
        let selected = self.selected.map(|path| path.remote);
        let (index, _) = self
            .validated
            .iter()
            .enumerate()
            .filter(|(_, validated)| Some(validated.path.remote) != selected)
            .min_by_key(|(_, validated)| validated.heard_ns)?;
        Some(self.validated.swap_remove(index).path.remote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(port: u16) -> Path {
        Path {
            remote: SocketAddr::from(([192, 0, 2, 1], port)),
            local: None,
        }
    }

    fn selected_port(ice: &IceLite) -> u16 {
        ice.selected().unwrap().remote.port()
    }

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn nomination_moves_the_selected_address_and_silence_does_too() {
        let mut ice = IceLite::new("a", "0123456789012345678901", "b", 0);
        assert!(ice.on_check(&path(1), false, None, 0).is_selected);
        assert!(!ice.on_check(&path(2), false, None, SECOND).is_selected);
        assert!(ice.on_check(&path(2), true, None, SECOND).is_selected);
        assert!(!ice.on_check(&path(1), false, None, 2 * SECOND).is_selected);
        assert_eq!(selected_port(&ice), 2);
        assert!(
            ice.on_check(&path(3), false, None, 7 * SECOND).is_selected,
            "2 has been silent for 6 s"
        );
        ice.on_sign_of_life(path(3).remote, 12 * SECOND);
        assert!(!ice.on_check(&path(1), false, None, 13 * SECOND).is_selected);
    }

    #[test]
    fn an_old_renomination_does_not_win() {
        let mut ice = IceLite::new("a", "0123456789012345678901", "b", 0);
        ice.on_check(&path(1), true, Some(1), 0);
        assert!(ice.on_check(&path(2), true, Some(3), 1).is_selected);
        assert!(!ice.on_check(&path(1), true, Some(2), 2).is_selected);
        assert!(ice.on_check(&path(1), true, Some(4), 3).is_selected);
    }

    #[test]
    fn validated_addresses_are_bounded_and_the_selected_one_stays() {
        let mut ice = IceLite::new("a", "0123456789012345678901", "b", 0);
        for port in 1..=100 {
            let effect = ice.on_check(&path(port), false, None, u64::from(port));
            assert_eq!(effect.forgotten.is_some(), port > 8);
        }
        assert_eq!(ice.addresses().count(), 8);
        assert_eq!(selected_port(&ice), 1);
    }
}
