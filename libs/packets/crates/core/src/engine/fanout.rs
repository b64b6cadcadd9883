//! From one packet of a source to one packet for every viewer.

use super::Engine;
use crate::config::CodecName;
use crate::event::Event;
use crate::media::MediaPacket;
use crate::sink::{Egress, Forwarded, Sink};
use crate::source::{Source, Taken};
use crate::transport::Transport;

impl Engine {
    /// The first packets of a source have been forwarded, for the first time or after it had stopped.
    fn note_start(&mut self, source_key: usize, now_ns: u64) {
        let source = &mut self.sources[source_key];
        if !source.is_active {
            source.is_active = true;
            self.events.push(Event::SourceStarted { source: source.id });
            // After fan-out: a stream that begins with a key frame leaves nobody waiting.
            self.ask_for_waiting_sinks(source_key, now_ns);
        }
    }

    /// Forwards packets of one source, in order of arrival, to all its viewers.
    pub(super) fn fan_out(&mut self, group: &[Pending], now_ns: u64) {
        let Pending {
            source_key,
            source_id,
            ..
        } = group[0];
        // A transport that panicked earlier in the batch may have taken the source with it.
        match self.sources.get_mut(source_key) {
            Some(source) if source.id == source_id => {
                self.serving = Some(self.transports[source.transport].id);
            }
            _ => return,
        }
        let queued: Vec<i64> = group
            .iter()
            .chain(&self.pending)
            .filter_map(|one| one.media_of(source_key))
            .collect();
        let (sources, sinks, transports, mut egress) = self.parts(now_ns);
        let source = &sources[source_key];
        let packets: Vec<Outgoing<'_>> = group
            .iter()
            .filter_map(|one| one.outgoing(source, now_ns))
            .collect();
        let padded: Vec<bool> = (0..packets.len())
            .map(|index| is_to_be_padded(&packets[index..]))
            .collect();
        let mut began = false;
        for sink_key in &source.sinks {
            let sink = &mut sinks[*sink_key];
            let transport = &mut transports[sink.transport];
            for (outgoing, is_padded) in packets.iter().zip(&padded) {
                match outgoing {
                    Outgoing::Media(packet) => {
                        if sink.forward(packet, *is_padded, transport, &mut egress)
                            == Forwarded::Began
                        {
                            began = true;
                            catch_up(source, packet, &queued, sink, transport, &mut egress);
                        }
                    }
                    Outgoing::Empty(sequence) => {
                        if !sink.skip(*sequence, source.epoch) {
                            sink.fill(*sequence, transport, &mut egress);
                        }
                    }
                }
            }
        }
        self.note_start(source_key, now_ns);
        if began {
            self.arm_first_reports(source_key, now_ns);
        }
    }

    /// A viewer's NACK for packets of one sink.
    pub(super) fn retransmit(
        &mut self,
        sink_key: usize,
        numbers: impl Iterator<Item = u16>,
        now_ns: u64,
    ) {
        let (sources, sinks, transports, mut egress) = self.parts(now_ns);
        let sink = &mut sinks[sink_key];
        let transport = &mut transports[sink.transport];
        for number in numbers {
            sink.counters.nacks_received += 1;
            let Some(sent) = sink.claim_retransmission(number, transport, now_ns) else {
                continue;
            };
            let Some(packet) = sources[sink.source].media(sent.source_sequence, now_ns) else {
                continue;
            };
            if !sink.retransmit(&packet, sent, transport, &mut egress) {
                break;
            }
        }
    }
}
/// Something of a source that waits for the end of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// Video first: a short audio packet may then leave as the tail of a run of video packets.
    pub(super) is_audio: bool,
    pub(super) source_key: usize,
    pub(super) source_id: u64,
    pub(super) taken: Taken,
}

impl Pending {
    fn media_of(&self, source_key: usize) -> Option<i64> {
        match self.taken {
            Taken::Media(sequence) if self.source_key == source_key => Some(sequence),
            _ => None,
        }
    }

    fn outgoing<'a>(&self, source: &'a Source, now_ns: u64) -> Option<Outgoing<'a>> {
        match self.taken {
            Taken::Media(sequence) => source.media(sequence, now_ns).map(Outgoing::Media),
            Taken::Empty(sequence) => Some(Outgoing::Empty(sequence)),
            Taken::Refused => None,
        }
    }
}

enum Outgoing<'a> {
    Media(MediaPacket<'a>),
    /// Nothing for viewers; its number must not leave a gap.
    Empty(i64),
}

/// libwebrtc cuts a frame into parts that grow by one byte in the middle, which would split every frame into two GSO
/// runs. One byte of padding on the shorter ones makes them one: a third less CPU per packet.
fn is_to_be_padded(rest: &[Outgoing<'_>]) -> bool {
    let Some(Outgoing::Media(first)) = rest.first() else {
        return false;
    };
    if first.codec == CodecName::Opus {
        return false;
    }
    for other in &rest[1..] {
        match other {
            Outgoing::Media(other) if other.timestamp == first.timestamp => {
                if other.payload.len() != first.payload.len() {
                    return other.payload.len() == first.payload.len() + 1;
                }
            }
            _ => return false,
        }
    }
    false
}

/// A key frame whose beginning was recovered late: what followed it is here already and goes out behind it, except what
/// is queued and comes by itself: nothing may leave twice under one number.
fn catch_up(
    source: &Source,
    first: &MediaPacket<'_>,
    queued: &[i64],
    sink: &mut Sink,
    transport: &mut Transport,
    egress: &mut Egress<'_>,
) {
    let Some(highest) = source.highest() else {
        return;
    };
    for sequence in first.sequence + 1..=highest {
        if !queued.contains(&sequence)
            && let Some(packet) = source.media(sequence, egress.now_ns)
        {
            sink.forward(&packet, false, transport, egress);
        }
    }
}
