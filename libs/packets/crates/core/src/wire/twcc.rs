//! Transport-wide congestion control feedback, built and read (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
#![forbid(unsafe_code)]

mod chunks;

use super::{TRANSPORT_FEEDBACK, WireError, be16, be24, be32};
use chunks::Chunks;

/// The format of it among transport-layer feedback.
pub(super) const TRANSPORT_WIDE_CC: u8 = 15;
/// Arrival times are told in steps of this.
const TICK_US: u64 = 250;
/// The reference time is told in steps of 64 ms.
const TICKS_PER_REFERENCE: u64 = 256;
/// RTCP header, both SSRCs, base, count, reference time, feedback count.
const HEAD_BYTES: usize = 20;
const ONE_BIT_SYMBOLS: usize = 14;
const TWO_BIT_SYMBOLS: usize = 7;

const NOT_RECEIVED: u8 = 0;
const SMALL_DELTA: u8 = 1;
const LARGE_DELTA: u8 = 2;

/// Bytes of delta that a status symbol announces; 3 is reserved.
fn delta_bytes(symbol: u8) -> Result<usize, WireError> {
    match symbol {
        NOT_RECEIVED => Ok(0),
        SMALL_DELTA => Ok(1),
        LARGE_DELTA => Ok(2),
        _ => Err(WireError::BadValue),
    }
}

/// One received packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Unwrapped transport-wide sequence number.
    pub sequence: i64,
    /// When, in microseconds of a steady clock (kernel receive time).
    pub at_us: u64,
}

/// What one feedback packet is to say.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Us.
    pub sender_ssrc: u32,
    /// A media SSRC of that publisher: Chromium ignores reports with 0.
    pub media_ssrc: u32,
    /// Goes up by one per packet sent, wraps.
    pub feedback_count: u8,
    /// First sequence number to report on: one after the last reported, so losses between reports are told. Not above
    /// the first arrival (else that one counts); if it lies 2^15 or more before it, reporting begins at the arrival.
    pub base_sequence: i64,
    /// Sorted by sequence, no duplicates, not empty. Arrival times may go backwards.
    pub arrivals: &'a [Arrival],
}

/// How far one packet got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the RTCP packet.
    pub bytes: usize,
    /// Arrivals reported, at least one. The rest goes into the next packet, whose base is one after the last of these.
    pub arrivals: usize,
}

/// Room that holds at least one arrival whatever the gap before it.
pub const MIN_PACKET_BYTES: usize = 40;

/// Writes one feedback packet with as many arrivals as `out`, the 16-bit status count and the 16-bit delta allow.
///
/// Unsorted or empty input is `OutOfRange`. Times are rounded to ticks before they are subtracted, so errors do not add up.
pub fn write(out: &mut [u8], report: &Report<'_>) -> Result<Written, WireError> {
    let first = report.arrivals.first().ok_or(WireError::OutOfRange)?;
    let gap = first.sequence.saturating_sub(report.base_sequence);
    let base = if (0..1 << 15).contains(&gap) {
        report.base_sequence
    } else {
        first.sequence
    };
    let room = out.len() & !3;
    if room < HEAD_BYTES {
        return Err(WireError::NoRoom);
    }
    let reference = first.at_us / TICK_US / TICKS_PER_REFERENCE;

    let mut chunks = Chunks::new();
    let mut deltas = 0;
    let mut taken = 0;
    let mut next = base;
    let mut last_tick = reference * TICKS_PER_REFERENCE;
    for arrival in report.arrivals {
        let lost = arrival
            .sequence
            .checked_sub(next)
            .filter(|&lost| lost >= 0)
            .ok_or(WireError::OutOfRange)?;
        let tick = arrival.at_us / TICK_US;
        let Ok(delta) = i16::try_from(tick.wrapping_sub(last_tick) as i64) else {
            break;
        };
        let symbol = if (0..=255).contains(&delta) {
            SMALL_DELTA
        } else {
            LARGE_DELTA
        };
        if lost >= i64::from(u16::MAX) - next.wrapping_sub(base) {
            break;
        }
        let mut trial = chunks;
        let area = &mut out[HEAD_BYTES..room];
        trial.push_lost(area, lost as usize);
        trial.push(area, symbol);
        let size = if symbol == SMALL_DELTA { 1 } else { 2 };
        if HEAD_BYTES + trial.bytes() + deltas + size > room {
            break;
        }
        chunks = trial;
        deltas += size;
        taken += 1;
        next = arrival.sequence.wrapping_add(1);
        last_tick = tick;
    }
    if taken == 0 {
        return Err(WireError::NoRoom);
    }
    chunks.finish(&mut out[HEAD_BYTES..room]);

    let mut at = HEAD_BYTES + chunks.written;
    let mut last_tick = reference * TICKS_PER_REFERENCE;
    for arrival in &report.arrivals[..taken] {
        let tick = arrival.at_us / TICK_US;
        let delta = tick.wrapping_sub(last_tick) as i16;
        if let Ok(small) = u8::try_from(delta) {
            out[at] = small;
            at += 1;
        } else {
            out[at..at + 2].copy_from_slice(&delta.to_be_bytes());
            at += 2;
        }
        last_tick = tick;
    }
    let bytes = at.next_multiple_of(4);
    out[at..bytes].fill(0);
    if bytes > at {
        out[bytes - 1] = (bytes - at) as u8;
    }

    let has_padding = u8::from(bytes > at);
    out[0] = 0x80 | has_padding << 5 | TRANSPORT_WIDE_CC;
    out[1] = TRANSPORT_FEEDBACK;
    out[2..4].copy_from_slice(&((bytes / 4 - 1) as u16).to_be_bytes());
    out[4..8].copy_from_slice(&report.sender_ssrc.to_be_bytes());
    out[8..12].copy_from_slice(&report.media_ssrc.to_be_bytes());
    out[12..14].copy_from_slice(&(base as u16).to_be_bytes());
    out[14..16].copy_from_slice(&(next.wrapping_sub(base) as u16).to_be_bytes());
    out[16..20].copy_from_slice(
        &((reference as u32) << 8 | u32::from(report.feedback_count)).to_be_bytes(),
    );
    Ok(Written {
        bytes,
        arrivals: taken,
    })
}

/// A received feedback packet, its structure checked: iteration cannot run out of bytes.
#[derive(Clone, Debug)]
pub struct Feedback<'a> {
    /// Who reports.
    pub sender_ssrc: u32,
    /// Any stream of ours.
    pub media_ssrc: u32,
    /// First sequence number reported on.
    pub base_sequence: u16,
    /// How many sequence numbers are reported on.
    pub status_count: u16,
    /// 24 bits, in units of 64 ms of the reporter's clock.
    pub reference_time_64ms: u32,
    /// Counts the packets of this reporter, wraps.
    pub feedback_count: u8,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// Reads what follows the four-byte RTCP header, padding removed.
    pub fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let status_count = be16(body, 10).ok_or(WireError::Truncated)?;
        let word = |at: usize| be32(body, at).ok_or(WireError::Truncated);
        let reference_time_64ms = be24(body, 12).ok_or(WireError::Truncated)?;
        let feedback_count = *body.get(15).ok_or(WireError::Truncated)?;
        let rest = &body[16..];
        let mut left = status_count;
        let mut at = 0;
        let mut needed = 0;
        while left > 0 {
            let chunk = be16(rest, at).ok_or(WireError::Truncated)?;
            at += 2;
            let symbols = chunk_symbols(chunk);
            let counted = symbols.min(left);
            left -= counted;
            if chunk >> 15 == 0 {
                needed += usize::from(counted) * delta_bytes(chunk_symbol(chunk, 0))?;
            } else {
                for i in 1..=counted {
                    needed += delta_bytes(chunk_symbol(chunk, symbols - i))?;
                }
            }
        }
        let (chunks, deltas) = rest.split_at(at);
        if deltas.len() < needed {
            return Err(WireError::Truncated);
        }
        Ok(Self {
            sender_ssrc: word(0)?,
            media_ssrc: word(4)?,
            base_sequence: be16(body, 8).ok_or(WireError::Truncated)?,
            status_count,
            reference_time_64ms,
            feedback_count,
            chunks,
            deltas,
        })
    }

    /// Exactly `status_count` statuses, in sequence order.
    pub fn statuses(&self) -> Statuses<'a> {
        Statuses {
            chunks: self.chunks,
            deltas: self.deltas,
            sequence: self.base_sequence,
            left: self.status_count,
            chunk: 0,
            chunk_left: 0,
        }
    }
}

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Transport-wide sequence number.
    pub sequence: u16,
    /// Time since the previous received packet of this feedback (the first: since the reference time) in microseconds,
    /// in steps of 250; None if the packet did not arrive.
    pub delta_us: Option<i32>,
}

/// Statuses of one feedback.
#[derive(Clone, Debug)]
pub struct Statuses<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    sequence: u16,
    left: u16,
    chunk: u16,
    chunk_left: u16,
}

/// How many symbols a chunk holds.
fn chunk_symbols(chunk: u16) -> u16 {
    match chunk >> 14 {
        0 | 1 => chunk & 0x1fff,
        2 => ONE_BIT_SYMBOLS as u16,
        _ => TWO_BIT_SYMBOLS as u16,
    }
}

/// The symbol that has `after` more behind it in its chunk.
fn chunk_symbol(chunk: u16, after: u16) -> u8 {
    (match chunk >> 14 {
        0 | 1 => chunk >> 13 & 3,
        2 => chunk >> after & 1,
        _ => chunk >> (2 * after) & 3,
    }) as u8
}

impl Iterator for Statuses<'_> {
    type Item = Status;

    fn next(&mut self) -> Option<Status> {
        self.left = self.left.checked_sub(1)?;
        while self.chunk_left == 0 {
            self.chunk = be16(self.chunks, 0)?;
            self.chunks = &self.chunks[2..];
            self.chunk_left = chunk_symbols(self.chunk);
        }
        self.chunk_left -= 1;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let ticks = match chunk_symbol(self.chunk, self.chunk_left) {
            SMALL_DELTA => {
                let (&delta, rest) = self.deltas.split_first()?;
                self.deltas = rest;
                Some(i32::from(delta))
            }
            LARGE_DELTA => {
                let (&delta, rest) = self.deltas.split_first_chunk()?;
                self.deltas = rest;
                Some(i32::from(i16::from_be_bytes(delta)))
            }
            _ => None,
        };
        Some(Status {
            sequence,
            delta_us: ticks.map(|ticks| ticks * TICK_US as i32),
        })
    }
}
