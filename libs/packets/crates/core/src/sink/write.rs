//! A viewer's packets on their way out: built and protected straight into the send arena.

use super::{Egress, Flow, Sink};
use crate::arena::Arena;
use crate::history::{Form, Sent};
use crate::media::{MediaPacket, PASSED};
use crate::transport::Transport;
use crate::wire::extensions::fits_one_byte;
use crate::wire::rtp::{HeaderFields, write_header};
use crate::wire::vp8::MAX_DESCRIPTOR_BYTES;

const MAX_ELEMENTS: usize = 3 + PASSED.len();

impl Sink {
    /// Fills a gap that can no longer be closed with a packet of padding.
    pub(crate) fn fill(
        &mut self,
        source_sequence: i64,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) {
        if self.flow != Flow::Open || !transport.is_ready() {
            return;
        }
        let Some(sequence) = self.sequences.map(source_sequence) else {
            return;
        };
        let fields = HeaderFields {
            marker: false,
            has_padding: true,
            payload_type: self.codecs.current().payload_type,
            sequence_number: sequence as u16,
            timestamp: self.last_timestamp,
            ssrc: self.ssrc,
        };
        let Ok(header_bytes) = write_header(egress.header, &fields, &[]) else {
            return;
        };
        self.protect(
            &egress.header[..header_bytes],
            &[&[1]],
            (sequence >> 16) as u32,
            transport,
            egress.arena,
        );
    }

    pub(super) fn fields(
        &self,
        packet: &MediaPacket<'_>,
        sent: &Sent,
        sequence: i64,
    ) -> HeaderFields {
        HeaderFields {
            marker: packet.marker,
            has_padding: sent.form == Form::Padded,
            payload_type: self
                .codecs
                .choose(packet)
                .unwrap_or(*self.codecs.current())
                .payload_type,
            sequence_number: sequence as u16,
            timestamp: sent.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// Sends `packet`, which left as `sent`, again: on the rtx stream (RFC 4588), or byte for byte as it was.
    pub(crate) fn retransmit(
        &mut self,
        packet: &MediaPacket<'_>,
        mut sent: Sent,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) -> bool {
        if !transport.spend(packet.payload.len() + 40) {
            self.history.release(&sent);
            return false;
        }
        let codec = self.codecs.choose(packet).unwrap_or(*self.codecs.current());
        let written = match self.rtx_ssrc.zip(codec.rtx_payload_type) {
            Some((ssrc, payload_type)) => {
                let original_number = (sent.sequence as u16).to_be_bytes();
                self.rtx_sequence += 1;
                sent.abs_send_time = egress.abs_send_time;
                if sent.form == Form::Padded {
                    sent.form = Form::Plain;
                }
                if self.transport_cc_id != 0 {
                    sent.transport_sequence = transport.departures.number(packet.payload.len());
                }
                let fields = HeaderFields {
                    payload_type,
                    ssrc,
                    ..self.fields(packet, &sent, self.rtx_sequence)
                };
                let roc = (self.rtx_sequence >> 16) as u32;
                self.write(
                    &fields,
                    &original_number,
                    packet,
                    &sent,
                    roc,
                    transport,
                    egress,
                )
            }
            // The same index may not protect two different packets (RFC 7714 section 8.1), so even send time and
            // transport sequence are those of the first time.
            None => {
                let fields = self.fields(packet, &sent, i64::from(sent.sequence));
                self.write(
                    &fields,
                    &[],
                    packet,
                    &sent,
                    sent.sequence >> 16,
                    transport,
                    egress,
                )
            }
        };
        if written.is_some() {
            self.counters.retransmissions_sent += 1;
        }
        written.is_some()
    }

    /// Builds and protects one packet straight into the send arena; gives its size.
    #[inline]
    #[allow(clippy::too_many_arguments)] // one call site's locals, split only for retransmission
    pub(super) fn write(
        &self,
        fields: &HeaderFields,
        prefix: &[u8],
        packet: &MediaPacket<'_>,
        sent: &Sent,
        roc: u32,
        transport: &mut Transport,
        egress: &mut Egress<'_>,
    ) -> Option<usize> {
        let transport_sequence = sent.transport_sequence.to_be_bytes();
        let mut elements: [(u8, &[u8]); MAX_ELEMENTS] = [(0, &[]); MAX_ELEMENTS];
        let mut count = 0;
        let mut add = |id: u8, data| {
            if id != 0 {
                elements[count] = (id, data);
                count += 1;
            }
        };
        add(self.mid_id, &self.mid[..]);
        for (place, data) in packet.passed.iter() {
            if self.mixes_extensions || fits_one_byte(data) {
                add(self.passed_ids[place], data);
            }
        }
        add(self.abs_send_time_id, &sent.abs_send_time[..]);
        add(self.transport_cc_id, &transport_sequence[..]);
        let header_bytes = write_header(egress.header, fields, &elements[..count]).ok()?;
        let header = &egress.header[..header_bytes];
        let padding: &[u8] = if sent.form == Form::Padded { &[1] } else { &[] };
        match &packet.descriptor {
            Some(descriptor) if descriptor.bytes <= MAX_DESCRIPTOR_BYTES => {
                let mut rewritten = [0; MAX_DESCRIPTOR_BYTES];
                let (head, body) = packet.payload.split_at(descriptor.bytes);
                rewritten[..head.len()].copy_from_slice(head);
                descriptor.rewrite(
                    &mut rewritten[..head.len()],
                    sent.picture_id,
                    sent.tl0_pic_idx,
                );
                self.protect(
                    header,
                    &[prefix, &rewritten[..head.len()], body, padding],
                    roc,
                    transport,
                    egress.arena,
                )
            }
            _ => self.protect(
                header,
                &[prefix, packet.payload, padding],
                roc,
                transport,
                egress.arena,
            ),
        }
    }

    #[inline]
    fn protect(
        &self,
        header: &[u8],
        parts: &[&[u8]],
        roc: u32,
        transport: &mut Transport,
        arena: &mut Arena,
    ) -> Option<usize> {
        transport.send_rtp(self.transport, arena, header, parts, roc)
    }
}
