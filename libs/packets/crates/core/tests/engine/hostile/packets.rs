//! Packets out of bytes: well made where the bytes leave it so, wrong in every field they touch.

use salon_packets_core::wire::rtcp::{ReportBlock, SenderInfo, Writer};
use salon_packets_core::wire::twcc::{Arrival, Report};

use super::{CODECS, PEERS};

/// Primary SSRCs of a publisher; retransmissions have these plus 100.
pub const SSRCS: [u32; 3] = [1000, 2000, 3000];

/// Input that runs out gently: zeros make well-made packets.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        head
    }

    fn word(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }
}

/// Where a publisher's numbering stands.
#[derive(Clone, Copy, Default)]
pub struct Track {
    sequence: u16,
    timestamp: u32,
    picture: u16,
    transport_sequence: u16,
}

pub type Tracks = [[Track; SSRCS.len()]; PEERS];

/// One media packet. The first byte says what is unusual about it; 0 is nothing.
pub fn media(tracks: &mut Tracks, peer: usize, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (oddity, choice) = (bytes.byte(), bytes.byte());
    let number = usize::from(choice & 3) % SSRCS.len();
    let track = &mut tracks[peer][number];
    // Steps stay small: after a jump by half the number space a receiver's roll-over guess may rightly fail.
    track.sequence = match oddity & 7 {
        0..=4 => track.sequence.wrapping_add(1),
        5 => track.sequence.wrapping_add(u16::from(bytes.byte())),
        6 => track.sequence.wrapping_sub(u16::from(bytes.byte())),
        _ => track.sequence,
    };
    let ends = choice & 0x10 != 0;
    if ends {
        track.timestamp = track.timestamp.wrapping_add(3000);
        track.picture = track.picture.wrapping_add(1);
    }
    track.transport_sequence = track.transport_sequence.wrapping_add(1);
    let payload_type = match choice >> 5 {
        0..=5 => CODECS[number].payload_type,
        6 => 98,
        _ => bytes.byte() & 0x7f,
    };
    // A stranger now and then: SSRCs are learned, and one track may change its own.
    let ssrc = if oddity & 0xf8 == 0xf8 {
        4000 + u32::from(bytes.byte() % 8)
    } else {
        SSRCS[number]
    };
    let mut packet = header(track, payload_type, ssrc, ends);
    match oddity >> 3 & 7 {
        1 => {
            let count = bytes.byte() & 0x0f;
            packet[0] |= count;
            packet.extend(std::iter::repeat_n(7, usize::from(count) * 4));
        }
        2 => extend(&mut packet, 0xbede, bytes),
        3 => extend(&mut packet, 0x1000 | u16::from(bytes.byte()), bytes),
        4 => extend(&mut packet, u16::from(bytes.byte()) << 8, bytes),
        _ => {
            let [high, low] = track.transport_sequence.to_be_bytes();
            let block = [
                0xbe,
                0xde,
                0,
                2,
                0x10,
                b'0' + number as u8,
                0x21,
                high,
                low,
                0,
                0,
                0,
            ];
            packet[0] |= 0x10;
            packet.extend_from_slice(&block);
        }
    }
    let [high, low] = (track.picture & 0x7fff).to_be_bytes();
    match (choice >> 2 & 3, number) {
        (0, 0) => {
            // VP8 with every field; the last byte makes it a key frame or not.
            let is_difference = u8::from(!choice.is_multiple_of(8));
            packet.extend_from_slice(&[0x90, 0xf0, 0x80 | high, low, low, 0x20, is_difference]);
        }
        // H.264: IDR and a slice.
        (1, _) => packet.extend_from_slice(&[0x65, 0x88]),
        (2, _) => packet.extend_from_slice(&[0x41, 0x9a]),
        _ => {
            let count = usize::from(bytes.byte() & 0x1f);
            packet.extend_from_slice(bytes.take(count));
        }
    }
    packet.extend(std::iter::repeat_n(0, usize::from(choice & 0x0c) * 20));
    if oddity & 0xc0 == 0x40 {
        packet[0] |= 0x20;
        packet.push(bytes.byte());
    }
    packet
}

/// A packet of a key frame or another, under a timestamp the publisher used `behind` ticks ago; half of a frame's
/// packets begin one.
pub fn picture(
    tracks: &mut Tracks,
    originals: &Tracks,
    publisher: usize,
    behind: u32,
    bytes: &mut Bytes<'_>,
) -> Vec<u8> {
    let choice = bytes.byte();
    let number = usize::from(choice & 1);
    let track = &mut tracks[publisher][number];
    track.sequence = track.sequence.wrapping_add(1 + u16::from(choice >> 6));
    track.picture = track.picture.wrapping_add(u16::from(choice >> 3 & 1));
    track.timestamp = originals[publisher][number].timestamp.wrapping_sub(behind);
    // A stranger now and then.
    let ssrc = SSRCS[number] + u32::from(choice & 0x30 == 0x30);
    let mut packet = header(track, CODECS[number].payload_type, ssrc, choice & 4 != 0);
    let is_difference = choice & 2 != 0;
    let [high, low] = (track.picture & 0x7fff).to_be_bytes();
    match (number, is_difference) {
        (0, _) => packet.extend([
            0x90,
            0xf0,
            0x80 | high,
            low,
            low,
            0x20,
            is_difference.into(),
        ]),
        (_, false) => packet.extend([0x65, 0x88]),
        (_, true) => packet.extend([0x41, 0x9a]),
    }
    packet
}

fn header(track: &Track, payload_type: u8, ssrc: u32, marker: bool) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type | u8::from(marker) << 7];
    packet.extend_from_slice(&track.sequence.to_be_bytes());
    packet.extend_from_slice(&track.timestamp.to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet
}

fn extend(packet: &mut Vec<u8>, profile: u16, bytes: &mut Bytes<'_>) {
    packet[0] |= 0x10;
    let words = bytes.byte() % 20;
    packet.extend_from_slice(&profile.to_be_bytes());
    packet.extend_from_slice(&[0, words]);
    let mut block = bytes.take(usize::from(words) * 4).to_vec();
    block.resize(usize::from(words) * 4, 0);
    packet.extend_from_slice(&block);
}

/// RFC 4588: an original number that is missing, doubled or ahead, in a packet of its own numbering.
pub fn retransmission(tracks: &mut Tracks, peer: usize, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (choice, back) = (bytes.byte(), bytes.byte());
    let number = usize::from(choice & 1);
    let track = &tracks[peer][number];
    let own = Track {
        sequence: u16::from_be_bytes([back & 3, choice]),
        ..*track
    };
    let ssrc = SSRCS[number] + 100;
    let payload_type = CODECS[number].rtx_payload_type.unwrap_or(0);
    let mut packet = header(&own, payload_type, ssrc, choice & 2 != 0);
    let original = track.sequence.wrapping_sub(u16::from(back)).wrapping_add(8);
    packet.extend_from_slice(&original.to_be_bytes());
    let count = usize::from(choice >> 3);
    packet.extend_from_slice(&[0x10, 0][..usize::from(choice & 4) / 2]);
    packet.extend_from_slice(bytes.take(count));
    packet
}

/// What a viewer saw last: SSRC and sequence number.
pub type Seen = [Vec<(u32, u16)>; PEERS];

/// A compound of anything a peer may say, about SSRCs it knows or not; or plain noise behind a valid header.
pub fn rtcp(seen: &Seen, peer: usize, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (what, count) = (bytes.byte(), bytes.byte());
    let (ssrc, sequence) = seen[peer].last().copied().unwrap_or((SSRCS[0], 0));
    if what & 0x80 != 0 {
        let mut noise = vec![0x80 | count & 0x3f, 200 + (what & 7), 0, what >> 3 & 15];
        noise.extend_from_slice(bytes.take(usize::from(count)));
        noise.resize(noise.len().max(8).next_multiple_of(4), 0);
        // Half of the noise is about a stream that is there.
        if what & 8 != 0 && noise.len() >= 12 {
            noise[8..12].copy_from_slice(&ssrc.to_be_bytes());
        }
        return noise;
    }
    compound(|writer| {
        let block = ReportBlock {
            ssrc,
            fraction_lost: count,
            cumulative_lost: bytes.word() as i32,
            last_sr: bytes.word(),
            delay_since_last_sr: bytes.word(),
            ..ReportBlock::default()
        };
        if what & 1 != 0 {
            let _ = writer.receiver_report(1, &[block]);
        }
        if what & 2 != 0 {
            let info = SenderInfo {
                ssrc: SSRCS[usize::from(count) % SSRCS.len()],
                ntp: u64::from(bytes.word()) << 32 | u64::from(bytes.word()),
                rtp_timestamp: bytes.word(),
                ..SenderInfo::default()
            };
            let _ = writer.sender_report(&info, &[block]);
        }
        if what & 4 != 0 {
            let _ = writer.pli(1, ssrc);
            let _ = writer.fir(1, ssrc, count);
        }
        if what & 8 != 0 {
            let _ = writer.remb(1, u64::from(bytes.word()) << (count & 31), &[ssrc]);
        }
        if what & 16 != 0 {
            let base = i64::from(sequence) + i64::from(count);
            let arrivals: Vec<_> = (0..i64::from(count))
                .map(|place| Arrival {
                    sequence: base + place * i64::from(1 + (what >> 5)),
                    at_us: 1_000_000 + place as u64 * u64::from(bytes.byte()) * 100,
                })
                .collect();
            let report = Report {
                sender_ssrc: 1,
                media_ssrc: ssrc,
                feedback_count: count,
                base_sequence: base,
                arrivals: &arrivals,
            };
            let _ = writer.transport_feedback(&report);
        }
        if what & 32 != 0 {
            let _ = writer.bye(&[ssrc]);
        }
        if what & 64 != 0 {
            let _ = writer.sdes_cname(ssrc, bytes.take(usize::from(count)));
        }
    })
}

/// Asks for packets around the last one seen.
pub fn nack_of(seen: Option<(u32, u16)>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let (ssrc, newest) = seen.unwrap_or((SSRCS[0], 0));
    let (back, count) = (u16::from(bytes.byte()), u16::from(bytes.byte() & 0x3f));
    let first = newest.wrapping_sub(back);
    let numbers: Vec<u16> = (0..=count).map(|place| first.wrapping_add(place)).collect();
    compound(|writer| {
        let _ = writer.receiver_report(1, &[]);
        let _ = writer.nack(1, ssrc, &numbers);
    })
}

fn compound(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = vec![0; 1400];
    let mut writer = Writer::new(&mut out);
    write(&mut writer);
    let len = writer.len();
    out.truncate(len);
    out
}
