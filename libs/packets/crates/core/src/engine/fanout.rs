//! From one packet of a source to one packet for every viewer.

use super::Engine;
use crate::clock::later;
use crate::config::CodecName;
use crate::encoding::Encoding;
use crate::event::Event;
use crate::history::Form;
use crate::keys::{EncodingKey, SinkKey};
use crate::media::MediaPacket;
use crate::replacement::{Part, Switch};
use crate::role::Treatment;
use crate::sink::{Egress, Forwarded, Sink};
use crate::taken::Taken;
use crate::transport::Transport;

impl Engine {
    /// The first packets of an encoding have been forwarded, for the first time or after it had stopped.
    fn note_start(&mut self, encoding_key: EncodingKey, now_ns: u64) {
        let encoding = &mut self.encodings[encoding_key];
        if !encoding.is_active {
            encoding.is_active = true;
            let source = &self.sources[encoding.source];
            self.events.push(Event::SourceStarted {
                transport: self.transports[source.transport].id,
                source: source.id,
            });
            // After fan-out: a stream that begins with a key frame leaves nobody waiting.
            self.ask_for_waiting_sinks(encoding_key, now_ns);
        }
    }

    /// Forwards packets of one encoding, in order of arrival, to whoever gets them.
    pub(super) fn fan_out(&mut self, group: &[Pending], now_ns: u64) {
        let encoding_key = group[0].encoding_key;
        // A transport that panicked earlier in the batch may have taken the encoding with it.
        let Some(encoding) = self.encodings.get(encoding_key) else {
            return;
        };
        let source_key = encoding.source;
        self.serve_sender_of(encoding_key);
        match &self.sources[source_key].part {
            Part::Alone => self.forward(group, Audience::All, now_ns),
            Part::Original(_) => self.fan_out_original(source_key, group, now_ns),
            Part::Replacement(home) => self.fan_out_replacement(*home, source_key, group, now_ns),
        }
    }

    /// To all sinks that follow the encoding, or to some.
    pub(super) fn forward(&mut self, group: &[Pending], audience: Audience, now_ns: u64) {
        let Some(Pending { encoding_key, .. }) = group.first().copied() else {
            return;
        };
        let source_key = self.encodings[encoding_key].source;
        let withheld = match &self.sources[source_key].part {
            Part::Original(Switch::SwitchingTo(switching_to)) => &switching_to.withheld[..],
            _ => &[],
        };
        let queued: Vec<i64> = group
            .iter()
            .chain(&self.pending)
            .filter(|one| one.encoding_key == encoding_key)
            .map(|one| &one.taken)
            .chain(withheld)
            .filter_map(Taken::media)
            .collect();
        let (encodings, sinks, transports, mut egress) = self.parts(now_ns);
        let encoding = &encodings[encoding_key];
        let packets: Vec<Outgoing<'_>> = group
            .iter()
            .filter_map(|one| one.outgoing(encoding, now_ns))
            .collect();
        let padded: Vec<bool> = (0..packets.len())
            .map(|index| is_to_be_padded(&packets[index..]))
            .collect();
        let mut began = false;
        for sink_key in &encoding.sinks {
            let sink = &mut sinks[*sink_key];
            let treatment = sink.role.treatment();
            if !audience.includes(treatment) {
                continue;
            }
            let transport = &mut transports[sink.transport];
            for (outgoing, is_padded) in packets.iter().zip(&padded) {
                if outgoing.is_again && !treatment.switches {
                    continue;
                }
                match &outgoing.what {
                    What::Media(packet) => {
                        let is_padded = *is_padded && treatment.is_padded;
                        if sink.forward(packet, is_padded, transport, &mut egress)
                            == Forwarded::Began
                        {
                            began = true;
                            catch_up(encoding, packet, &queued, sink, transport, &mut egress);
                        }
                    }
                    What::Empty(sequence) => {
                        if !sink.skip(*sequence, encoding.epoch) {
                            sink.fill(*sequence, transport, &mut egress);
                        }
                    }
                }
            }
        }
        if audience != Audience::Staying {
            let timestamps = packets.iter().filter_map(Outgoing::timestamp);
            let newest = timestamps.fold(encoding.forwarded_timestamp, |newest, timestamp| {
                Some(later(newest, timestamp))
            });
            self.encodings[encoding_key].forwarded_timestamp = newest;
        }
        self.note_start(encoding_key, now_ns);
        if began {
            self.arm_first_reports(encoding_key, now_ns);
        }
    }

    /// A viewer's NACK for packets of one sink.
    pub(super) fn retransmit(
        &mut self,
        sink_key: SinkKey,
        numbers: impl Iterator<Item = u16>,
        now_ns: u64,
    ) {
        let (encodings, sinks, transports, mut egress) = self.parts(now_ns);
        let sink = &mut sinks[sink_key];
        let transport = &mut transports[sink.transport];
        for number in numbers {
            sink.counters.nacks_received += 1;
            let Some(sent) = sink.claim_retransmission(number, transport, now_ns) else {
                continue;
            };
            let find = |key| {
                let packet = encodings.get(key)?.media(sent.source_sequence, now_ns)?;
                match sent.form {
                    Form::Plain | Form::Padded => Some(packet),
                    Form::Preface => packet.preface(true),
                }
            };
            let Some(packet) = sink.encodings().into_iter().find_map(find) else {
                continue;
            };
            if !sink.retransmit(&packet, sent, transport, &mut egress) {
                break;
            }
        }
    }
}

/// Which of the sinks that follow an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    All,
    /// Those that get its replacement while there is one.
    Switching,
    /// Those that stay with it.
    Staying,
}

impl Audience {
    fn includes(self, treatment: Treatment) -> bool {
        match self {
            Self::All => true,
            Self::Switching => treatment.switches,
            Self::Staying => !treatment.switches,
        }
    }
}

/// Something of an encoding that waits for the end of the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    /// Video first: a short audio packet may then leave as the tail of a run of video packets.
    pub(super) is_audio: bool,
    pub(super) encoding_key: EncodingKey,
    pub(super) taken: Taken,
    /// Kept back from those that switch; the others have it.
    pub(super) is_again: bool,
}

impl Pending {
    fn outgoing<'a>(&self, encoding: &'a Encoding, now_ns: u64) -> Option<Outgoing<'a>> {
        let what = match self.taken {
            Taken::Media(sequence) => What::Media(encoding.media(sequence, now_ns)?),
            Taken::Empty(sequence) => What::Empty(sequence),
            Taken::Refused => return None,
        };
        Some(Outgoing {
            what,
            is_again: self.is_again,
        })
    }
}

struct Outgoing<'a> {
    what: What<'a>,
    is_again: bool,
}

#[allow(clippy::large_enum_variant)] // nearly all are the large one, a few at a time
enum What<'a> {
    Media(MediaPacket<'a>),
    /// Nothing for viewers; its number must not leave a gap.
    Empty(i64),
}

impl<'a> Outgoing<'a> {
    fn media(&self) -> Option<&MediaPacket<'a>> {
        match &self.what {
            What::Media(packet) => Some(packet),
            What::Empty(_) => None,
        }
    }

    fn timestamp(&self) -> Option<u32> {
        self.media().map(|packet| packet.timestamp)
    }
}

/// libwebrtc cuts a frame into parts that grow by one byte in the middle, which would split every frame into two GSO
/// runs. One byte of padding on the shorter ones makes them one: a third less CPU per packet.
fn is_to_be_padded(rest: &[Outgoing<'_>]) -> bool {
    let Some(first) = rest.first().and_then(Outgoing::media) else {
        return false;
    };
    if first.codec == CodecName::Opus {
        return false;
    }
    for other in &rest[1..] {
        match other.media() {
            Some(other) if other.timestamp == first.timestamp => {
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
    encoding: &Encoding,
    first: &MediaPacket<'_>,
    queued: &[i64],
    sink: &mut Sink,
    transport: &mut Transport,
    egress: &mut Egress<'_>,
) {
    let Some(highest) = encoding.highest() else {
        return;
    };
    for sequence in first.sequence + 1..=highest {
        if queued.contains(&sequence) {
            continue;
        }
        match encoding.taken_at(sequence, egress.now_ns) {
            Some(Taken::Media(_)) => {
                if let Some(packet) = encoding.media(sequence, egress.now_ns) {
                    sink.forward(&packet, false, transport, egress);
                }
            }
            Some(Taken::Empty(_)) => {
                sink.skip(sequence, encoding.epoch);
            }
            Some(Taken::Refused) | None => {}
        }
    }
}
