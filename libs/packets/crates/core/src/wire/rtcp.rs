//! RTCP: a safe walk over compound packets and writers for what a relay sends (RFC 3550, 4585, 5104, 5506; draft-alvestrand-rmcat-remb-03).
#![forbid(unsafe_code)]

mod write;

pub use write::Writer;

use super::twcc::{self, TRANSPORT_WIDE_CC};
use super::{TRANSPORT_FEEDBACK, WireError, be32, be64};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const PAYLOAD_FEEDBACK: u8 = 206;

const GENERIC_NACK: u8 = 1;
const PLI: u8 = 1;
const FIR: u8 = 4;
const APPLICATION_LAYER: u8 = 15;

const REPORT_BLOCK_BYTES: usize = 24;
const CNAME: u8 = 1;

/// One report block of an SR or RR (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The stream reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Signed 24 bits; the writer clamps.
    pub cumulative_lost: i32,
    /// Cycles in the high 16 bits.
    pub extended_highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter_ts: u32,
    /// Middle 32 bits of the NTP time of the last SR, 0 if none.
    pub last_sr: u32,
    /// Since that SR, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// Sender information of an SR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// The sender.
    pub ssrc: u32,
    /// 32.32 seconds since 1900.
    pub ntp: u64,
    /// The same moment on the media clock.
    pub rtp_timestamp: u32,
    /// Since start, wraps.
    pub packet_count: u32,
    /// Payload octets since start, wraps.
    pub octet_count: u32,
}

/// One packet of a compound. SDES, XR, APP and unknown types are walked over as `Other`.
#[derive(Clone, Debug)]
pub enum Packet<'a> {
    /// 200. Profile extensions after the blocks are ignored.
    SenderReport(SenderInfo, ReportBlocks<'a>),
    /// 201. Profile extensions after the blocks are ignored.
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// About whom.
        blocks: ReportBlocks<'a>,
    },
    /// 203.
    Bye(Ssrcs<'a>),
    /// 205/1.
    Nack(Nack<'a>),
    /// 205/15.
    TransportFeedback(twcc::Feedback<'a>),
    /// 206/1: a key frame is wanted.
    Pli {
        /// Who asks.
        sender_ssrc: u32,
        /// Of whom.
        media_ssrc: u32,
    },
    /// 206/4: a key frame is wanted; the targets are in the entries, not the header (RFC 5104 section 4.3.1).
    Fir(Fir<'a>),
    /// 206/15 with "REMB".
    Remb(Remb<'a>),
    /// Anything else, well-formed on the outside.
    Other {
        /// PT.
        packet_type: u8,
        /// Count or FMT.
        count: u8,
    },
}

/// Report blocks of one SR or RR.
#[derive(Clone, Debug)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.rest.split_at_checked(REPORT_BLOCK_BYTES)?;
        self.rest = rest;
        let loss = be32(block, 4)?;
        Some(ReportBlock {
            ssrc: be32(block, 0)?,
            fraction_lost: (loss >> 24) as u8,
            // Shifted up and down again to carry the sign of 24 bits.
            cumulative_lost: (loss << 8) as i32 >> 8,
            extended_highest_sequence: be32(block, 8)?,
            jitter_ts: be32(block, 12)?,
            last_sr: be32(block, 16)?,
            delay_since_last_sr: be32(block, 20)?,
        })
    }
}

/// A list of SSRCs.
#[derive(Clone, Debug)]
pub struct Ssrcs<'a> {
    rest: &'a [u8],
}

impl Iterator for Ssrcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (ssrc, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*ssrc))
    }
}

/// A generic NACK (RFC 4585 section 6.2.1).
#[derive(Clone, Debug)]
pub struct Nack<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// For packets of whom.
    pub media_ssrc: u32,
    entries: &'a [u8],
}

impl<'a> Nack<'a> {
    /// The missing sequence numbers, at most 17 per entry.
    pub fn sequence_numbers(&self) -> NackIter<'a> {
        NackIter {
            rest: self.entries,
            next: 0,
            following: 0,
        }
    }
}

/// Sequence numbers of a NACK, in the order sent.
#[derive(Clone, Debug)]
pub struct NackIter<'a> {
    rest: &'a [u8],
    /// Sequence number that bit 0 of `following` stands for.
    next: u16,
    following: u16,
}

impl Iterator for NackIter<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.following == 0 {
            let (&[a, b, c, d], rest) = self.rest.split_first_chunk()?;
            self.rest = rest;
            let packet_id = u16::from_be_bytes([a, b]);
            self.next = packet_id.wrapping_add(1);
            self.following = u16::from_be_bytes([c, d]);
            return Some(packet_id);
        }
        let skip = self.following.trailing_zeros();
        let missing = self.next.wrapping_add(skip as u16);
        // Two shifts, because one by 16 would overflow.
        self.following = self.following >> skip >> 1;
        self.next = missing.wrapping_add(1);
        Some(missing)
    }
}

/// A full intra request (RFC 5104 section 4.3.1).
#[derive(Clone, Debug)]
pub struct Fir<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    entries: &'a [u8],
}

impl<'a> Fir<'a> {
    /// (target SSRC, command sequence number) of each entry.
    pub fn entries(&self) -> FirIter<'a> {
        FirIter { rest: self.entries }
    }
}

/// Entries of a FIR.
#[derive(Clone, Debug)]
pub struct FirIter<'a> {
    rest: &'a [u8],
}

impl Iterator for FirIter<'_> {
    type Item = (u32, u8);

    fn next(&mut self) -> Option<(u32, u8)> {
        let (entry, rest) = self.rest.split_at_checked(8)?;
        self.rest = rest;
        Some((be32(entry, 0)?, entry[4]))
    }
}

/// A receiver-estimated maximum bitrate.
#[derive(Clone, Debug)]
pub struct Remb<'a> {
    /// Who estimates.
    pub sender_ssrc: u32,
    /// For all streams together; saturates.
    pub bitrate_bps: u64,
    ssrcs: &'a [u8],
}

impl<'a> Remb<'a> {
    /// The streams meant.
    pub fn ssrcs(&self) -> Ssrcs<'a> {
        Ssrcs { rest: self.ssrcs }
    }
}

/// Walks a compound or reduced-size (RFC 5506) datagram.
///
/// A packet whose body is malformed gives an error and the walk goes on; one whose outer length is wrong gives an
/// error and ends it. Padding is accepted on every packet, not only the last (RFC 3550 section 6.4.1): libwebrtc pads each
/// transport feedback to 32 bits and may put several into one datagram. At most one item per four bytes.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Packets<'a> {
    /// `datagram` is decrypted.
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

/// Count field, packet type, and the body without header and padding.
type Cut<'a> = (u8, u8, Result<&'a [u8], WireError>);

impl<'a> Packets<'a> {
    /// Cuts off the first packet.
    fn cut(&mut self) -> Result<Cut<'a>, WireError> {
        let datagram = core::mem::take(&mut self.rest);
        let &[first, packet_type, high, low] =
            datagram.first_chunk().ok_or(WireError::Truncated)?;
        if first >> 6 != 2 {
            return Err(WireError::BadVersion);
        }
        let len = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        let (packet, rest) = datagram.split_at_checked(len).ok_or(WireError::BadLength)?;
        self.rest = rest;
        let body = &packet[4..];
        let padding = match (first & 0x20 != 0, body.last()) {
            (false, _) => Some(0),
            (true, None | Some(0)) => None,
            (true, Some(&count)) => Some(usize::from(count)),
        };
        let end = padding.and_then(|padding| body.len().checked_sub(padding));
        Ok((
            first & 0x1f,
            packet_type,
            end.map(|end| &body[..end]).ok_or(WireError::BadPadding),
        ))
    }
}

fn blocks(body: &[u8], at: usize, count: u8) -> Result<ReportBlocks<'_>, WireError> {
    let end = at + usize::from(count) * REPORT_BLOCK_BYTES;
    Ok(ReportBlocks {
        rest: body.get(at..end).ok_or(WireError::BadLength)?,
    })
}

fn read<'a>(count: u8, packet_type: u8, body: &'a [u8]) -> Result<Packet<'a>, WireError> {
    let word = |at: usize| be32(body, at).ok_or(WireError::Truncated);
    let entries = || body.get(8..).ok_or(WireError::Truncated);
    Ok(match (packet_type, count) {
        (SENDER_REPORT, _) => Packet::SenderReport(
            SenderInfo {
                ssrc: word(0)?,
                ntp: be64(body, 4).ok_or(WireError::Truncated)?,
                rtp_timestamp: word(12)?,
                packet_count: word(16)?,
                octet_count: word(20)?,
            },
            blocks(body, 24, count)?,
        ),
        (RECEIVER_REPORT, _) => Packet::ReceiverReport {
            ssrc: word(0)?,
            blocks: blocks(body, 4, count)?,
        },
        (BYE, _) => {
            let end = usize::from(count) * 4;
            Packet::Bye(Ssrcs {
                rest: body.get(..end).ok_or(WireError::BadLength)?,
            })
        }
        (TRANSPORT_FEEDBACK, GENERIC_NACK) => Packet::Nack(Nack {
            sender_ssrc: word(0)?,
            media_ssrc: word(4)?,
            entries: entries()?,
        }),
        (TRANSPORT_FEEDBACK, TRANSPORT_WIDE_CC) => {
            Packet::TransportFeedback(twcc::Feedback::parse(body)?)
        }
        (PAYLOAD_FEEDBACK, PLI) => Packet::Pli {
            sender_ssrc: word(0)?,
            media_ssrc: word(4)?,
        },
        (PAYLOAD_FEEDBACK, FIR) => Packet::Fir(Fir {
            sender_ssrc: word(0)?,
            entries: entries()?,
        }),
        (PAYLOAD_FEEDBACK, APPLICATION_LAYER) if body.get(8..12) == Some(b"REMB") => {
            let value = word(12)?;
            let end = 16 + (value >> 24) as usize * 4;
            let (exponent, mantissa) = (value >> 18 & 0x3f, u64::from(value & 0x3_ffff));
            Packet::Remb(Remb {
                sender_ssrc: word(0)?,
                bitrate_bps: if mantissa.leading_zeros() < exponent {
                    u64::MAX
                } else {
                    mantissa << exponent
                },
                ssrcs: body.get(16..end).ok_or(WireError::BadLength)?,
            })
        }
        _ => Packet::Other { packet_type, count },
    })
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match self.cut() {
            Ok((count, packet_type, body)) => body.and_then(|body| read(count, packet_type, body)),
            Err(error) => Err(error),
        })
    }
}

/// The SSRC of the first packet's sender: bytes 4..8 (the SRTCP stream).
#[inline]
pub fn sender_ssrc(datagram: &[u8]) -> Result<u32, WireError> {
    be32(datagram, 4).ok_or(WireError::Truncated)
}
