//! What a sink is there for, and what follows from that for its packets.

/// Who is at the other end of a sink. The forwarding loop asks for the role's [`Treatment`] and knows no role by name: a
/// trunk to another relay is one more variant here and one more arm of [`Role::treatment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A participant, who sees one unbroken stream whatever feeds it.
    Viewer,
    /// A process of this machine, which works on what the publisher itself sends.
    Local,
}

/// How packets reach the sinks of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Treatment {
    /// Gets the replacement of its source while there is one, and nothing while the source is held. Without it, the
    /// publisher's own packets as they come, each once.
    pub(crate) switches: bool,
    /// Timestamps go on where its source begins anew. Without it, they are the publisher's own.
    pub(crate) keeps_its_clock: bool,
    /// Packets of one frame are made equally long, which saves calls on the network.
    pub(crate) is_padded: bool,
    /// Packets may get lost on the way.
    pub(crate) loses_packets: bool,
}

impl Role {
    #[inline]
    pub(crate) const fn treatment(self) -> Treatment {
        match self {
            Self::Viewer => Treatment {
                switches: true,
                keeps_its_clock: true,
                is_padded: true,
                loses_packets: true,
            },
            Self::Local => Treatment {
                switches: false,
                keeps_its_clock: false,
                is_padded: false,
                loses_packets: false,
            },
        }
    }
}
