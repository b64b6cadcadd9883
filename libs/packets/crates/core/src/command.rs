//! Orders to the engine. Ids are the owner's, unique for the life of the process.

use crate::config::{SinkConfig, SourceConfig};
use crate::srtp::{SrtpReceiver, SrtpSender};

/// One order. What names something unknown is counted, not refused: the far side may have gone meanwhile.
pub enum Command {
    /// Answer STUN checks for `local_ufrag:remote_ufrag` from now on.
    AddTransport {
        /// New id.
        transport: u64,
        /// Ours.
        local_ufrag: String,
        /// Ours.
        local_pwd: String,
        /// The peer's.
        remote_ufrag: String,
    },
    /// A peer on this machine, at the other end of a socket of the shell's: plain RTP and RTCP.
    AddLocalTransport {
        /// New id.
        transport: u64,
    },
    /// Remove it with its sources and sinks.
    RemoveTransport {
        /// Id.
        transport: u64,
    },
    /// Send datagrams to the selected address.
    SendDtls {
        /// Id.
        transport: u64,
        /// In order.
        datagrams: Vec<Vec<u8>>,
    },
    /// Start SRTP; contexts are made by the caller so that wrong keys fail there.
    SetSrtp {
        /// Id.
        transport: u64,
        /// What we send.
        sender: Box<SrtpSender>,
        /// What we receive.
        receiver: Box<SrtpReceiver>,
    },
    /// A publisher's section.
    AddSource {
        /// Id.
        transport: u64,
        /// New id.
        source: u64,
        /// What it looks like.
        config: Box<SourceConfig>,
    },
    /// Remove it with the sinks that play it.
    RemoveSource {
        /// Id.
        source: u64,
    },
    /// A viewer's section.
    AddSink {
        /// The viewer's connection.
        transport: u64,
        /// New id.
        sink: u64,
        /// What to forward.
        source: u64,
        /// What it looks like.
        config: Box<SinkConfig>,
    },
    /// Remove it.
    RemoveSink {
        /// Id.
        sink: u64,
    },
    /// Stop or go on; video goes on from a key frame.
    PauseSink {
        /// Id.
        sink: u64,
        /// Stop.
        paused: bool,
    },
    /// Ask the publisher for a key frame.
    RequestKeyframe {
        /// Id.
        source: u64,
    },
    /// Give the viewers of a video source another one that carries the same pictures later.
    SwitchTo {
        /// Id of what they are to get no more.
        source: u64,
        /// Id of what they are to get.
        replacement: u64,
    },
    /// Give them the source itself again.
    SwitchBack {
        /// Id.
        source: u64,
    },
    /// Give viewers nothing of a video source until its replacement begins.
    Hold {
        /// Id.
        source: u64,
        /// For this long at most.
        max_ms: u32,
    },
}
