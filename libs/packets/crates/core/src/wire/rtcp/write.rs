//! RTCP writers: one compound composed in a caller's buffer.
#![forbid(unsafe_code)]

use super::{
    APPLICATION_LAYER, BYE, CNAME, FIR, GENERIC_NACK, PAYLOAD_FEEDBACK, PLI, RECEIVER_REPORT,
    REPORT_BLOCK_BYTES, ReportBlock, SDES, SENDER_REPORT, SenderInfo,
};
use crate::wire::{TRANSPORT_FEEDBACK, WireError, twcc};

fn block_count(blocks: &[ReportBlock]) -> Result<u8, WireError> {
    u8::try_from(blocks.len())
        .ok()
        .filter(|&count| count <= 31)
        .ok_or(WireError::OutOfRange)
}

fn put_words(body: &mut [u8], words: impl IntoIterator<Item = u32>) {
    for (field, word) in body.chunks_exact_mut(4).zip(words) {
        field.copy_from_slice(&word.to_be_bytes());
    }
}

fn put_blocks(body: &mut [u8], blocks: &[ReportBlock]) {
    for (field, block) in body.chunks_exact_mut(REPORT_BLOCK_BYTES).zip(blocks) {
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        put_words(
            field,
            [
                block.ssrc,
                u32::from(block.fraction_lost) << 24 | lost,
                block.extended_highest_sequence,
                block.jitter_ts,
                block.last_sr,
                block.delay_since_last_sr,
            ],
        );
    }
}

/// Composes a compound packet in a caller's buffer. A method that fails leaves what was written before intact.
pub struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// An empty compound.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Bytes so far, always a multiple of four.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nothing written yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Claims a packet of `body_bytes` (a multiple of four) after the header, and gives that body.
    fn claim(
        &mut self,
        count: u8,
        packet_type: u8,
        body_bytes: usize,
    ) -> Result<&mut [u8], WireError> {
        let words = u16::try_from(body_bytes / 4).map_err(|_| WireError::OutOfRange)?;
        let packet = self
            .out
            .get_mut(self.len..self.len + 4 + body_bytes)
            .ok_or(WireError::NoRoom)?;
        self.len += packet.len();
        let (head, body) = packet.split_at_mut(4);
        head[0] = 0x80 | count;
        head[1] = packet_type;
        head[2..].copy_from_slice(&words.to_be_bytes());
        Ok(body)
    }

    /// SR with at most 31 blocks.
    pub fn sender_report(
        &mut self,
        info: &SenderInfo,
        blocks: &[ReportBlock],
    ) -> Result<(), WireError> {
        let body = self.claim(
            block_count(blocks)?,
            SENDER_REPORT,
            24 + blocks.len() * REPORT_BLOCK_BYTES,
        )?;
        put_words(
            body,
            [
                info.ssrc,
                (info.ntp >> 32) as u32,
                info.ntp as u32,
                info.rtp_timestamp,
                info.packet_count,
                info.octet_count,
            ],
        );
        put_blocks(&mut body[24..], blocks);
        Ok(())
    }

    /// RR with at most 31 blocks; an empty one is the usual head of a compound.
    pub fn receiver_report(&mut self, ssrc: u32, blocks: &[ReportBlock]) -> Result<(), WireError> {
        let body = self.claim(
            block_count(blocks)?,
            RECEIVER_REPORT,
            4 + blocks.len() * REPORT_BLOCK_BYTES,
        )?;
        put_words(body, [ssrc]);
        put_blocks(&mut body[4..], blocks);
        Ok(())
    }

    /// SDES with one chunk holding a CNAME of at most 255 bytes.
    pub fn sdes_cname(&mut self, ssrc: u32, cname: &[u8]) -> Result<(), WireError> {
        let len = u8::try_from(cname.len()).map_err(|_| WireError::OutOfRange)?;
        // At least one zero octet ends the chunk (RFC 3550 section 6.5).
        let body = self.claim(1, SDES, (4 + 2 + cname.len() + 1).next_multiple_of(4))?;
        body.fill(0);
        put_words(body, [ssrc]);
        body[4] = CNAME;
        body[5] = len;
        body[6..6 + cname.len()].copy_from_slice(cname);
        Ok(())
    }

    /// BYE with at most 31 SSRCs.
    pub fn bye(&mut self, ssrcs: &[u32]) -> Result<(), WireError> {
        let count = u8::try_from(ssrcs.len())
            .ok()
            .filter(|&count| count <= 31)
            .ok_or(WireError::OutOfRange)?;
        let body = self.claim(count, BYE, ssrcs.len() * 4)?;
        put_words(body, ssrcs.iter().copied());
        Ok(())
    }

    /// Generic NACK of sequence numbers sorted in stream order (a wrap inside is fine); gives how many fitted.
    pub fn nack(
        &mut self,
        sender_ssrc: u32,
        media_ssrc: u32,
        sequence_numbers: &[u16],
    ) -> Result<usize, WireError> {
        if sequence_numbers.is_empty() {
            return Err(WireError::OutOfRange);
        }
        let start = self.len + 12;
        let room = self.out.len().saturating_sub(start) / 4;
        let mut entries = 0;
        let mut rest = sequence_numbers;
        while let [packet_id, following @ ..] = rest {
            if entries == room.min(usize::from(u16::MAX) - 2) {
                break;
            }
            let mut bits = 0u16;
            rest = following;
            while let [next, following @ ..] = rest {
                match next.wrapping_sub(*packet_id) {
                    0 => {}
                    distance @ 1..=16 => bits |= 1 << (distance - 1),
                    _ => break,
                }
                rest = following;
            }
            let at = start + entries * 4;
            self.out[at..at + 2].copy_from_slice(&packet_id.to_be_bytes());
            self.out[at + 2..at + 4].copy_from_slice(&bits.to_be_bytes());
            entries += 1;
        }
        if entries == 0 {
            return Err(WireError::NoRoom);
        }
        let body = self.claim(GENERIC_NACK, TRANSPORT_FEEDBACK, 8 + entries * 4)?;
        put_words(body, [sender_ssrc, media_ssrc]);
        Ok(sequence_numbers.len() - rest.len())
    }

    /// PLI.
    pub fn pli(&mut self, sender_ssrc: u32, media_ssrc: u32) -> Result<(), WireError> {
        put_words(
            self.claim(PLI, PAYLOAD_FEEDBACK, 8)?,
            [sender_ssrc, media_ssrc],
        );
        Ok(())
    }

    /// FIR with one entry.
    pub fn fir(
        &mut self,
        sender_ssrc: u32,
        target_ssrc: u32,
        command: u8,
    ) -> Result<(), WireError> {
        let body = self.claim(FIR, PAYLOAD_FEEDBACK, 16)?;
        put_words(
            body,
            [sender_ssrc, 0, target_ssrc, u32::from(command) << 24],
        );
        Ok(())
    }

    /// REMB for at most 255 streams; the rate is rounded down to 18 bits of mantissa.
    pub fn remb(
        &mut self,
        sender_ssrc: u32,
        bitrate_bps: u64,
        ssrcs: &[u32],
    ) -> Result<(), WireError> {
        let count = u8::try_from(ssrcs.len()).map_err(|_| WireError::OutOfRange)?;
        let exponent = (64 - bitrate_bps.leading_zeros()).saturating_sub(18);
        let rate = u32::from(count) << 24 | exponent << 18 | (bitrate_bps >> exponent) as u32;
        let head = [sender_ssrc, 0, u32::from_be_bytes(*b"REMB"), rate];
        let body = self.claim(APPLICATION_LAYER, PAYLOAD_FEEDBACK, 16 + ssrcs.len() * 4)?;
        put_words(body, head.into_iter().chain(ssrcs.iter().copied()));
        Ok(())
    }

    /// Transport-wide feedback; gives how many arrivals it covers, see [`twcc::write`].
    pub fn transport_feedback(&mut self, report: &twcc::Report<'_>) -> Result<usize, WireError> {
        let written = twcc::write(self.out.get_mut(self.len..).unwrap_or_default(), report)?;
        self.len += written.bytes;
        Ok(written.arrivals)
    }
}
