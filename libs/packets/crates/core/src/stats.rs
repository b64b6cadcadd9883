//! Counters, as one snapshot.

/// Everything since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Authenticated RTP and RTCP packets.
    pub packets_received: u64,
    /// Datagrams handed to the kernel.
    pub packets_sent: u64,
    /// Datagrams the kernel refused.
    pub send_failures: u64,
    /// Datagrams of no known kind or from no validated address.
    pub unknown_datagrams: u64,
    /// STUN messages that were malformed, for nobody here, or with a wrong password.
    pub stun_failures: u64,
    /// Commands that named something unknown.
    pub stale_commands: u64,
    /// Panics caught.
    pub panics: u64,
    /// CPU time of the data thread.
    pub cpu_time_ns: u64,
    /// By id.
    pub transports: Vec<(u64, TransportStats)>,
    /// By id.
    pub sources: Vec<(u64, SourceStats)>,
    /// By id.
    pub sinks: Vec<(u64, SinkStats)>,
}

/// One connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransportStats {
    /// Authenticated packets.
    pub packets_received: u64,
    /// Their size on the wire.
    pub bytes_received: u64,
    /// SRTP and SRTCP packets.
    pub packets_sent: u64,
    /// Their size on the wire.
    pub bytes_sent: u64,
    /// Packets that were not authentic, replayed, or malformed inside.
    pub srtp_failures: u64,
    /// Smoothed.
    pub round_trip_time_ms: Option<f64>,
}

/// One published track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceStats {
    /// Media packets, recovered ones included.
    pub packets_received: u64,
    /// RTP bytes of these.
    pub bytes_received: u64,
    /// Expected less received, retransmissions not counted.
    pub packets_lost: i64,
    /// Sequence numbers asked for.
    pub nacks_sent: u64,
    /// Packets that came as an answer.
    pub retransmissions_received: u64,
    /// PLIs.
    pub keyframe_requests_sent: u64,
    /// RFC 3550.
    pub jitter_ts: u32,
    /// Of the newest media packet.
    pub payload_type: Option<u8>,
    /// Viewers now.
    pub sinks: u64,
    /// Over the last second.
    pub bitrate_bps: u64,
}

/// One viewer of one track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SinkStats {
    /// Media packets, retransmissions not included.
    pub packets_sent: u64,
    /// RTP payload bytes of these.
    pub bytes_sent: u64,
    /// Sequence numbers asked for.
    pub nacks_received: u64,
    /// Answers.
    pub retransmissions_sent: u64,
    /// Source packets in a codec that the viewer was not answered.
    pub codec_mismatches: u64,
    /// 0 to 1, from the last receiver report.
    pub fraction_lost: f64,
    /// From the last receiver report.
    pub packets_lost: i32,
    /// From the last receiver report.
    pub jitter_ts: u32,
    /// What the viewer's connection is thought to carry.
    pub estimate_bps: Option<u64>,
}
