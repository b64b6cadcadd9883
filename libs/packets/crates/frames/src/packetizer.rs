//! One encoded frame in; RTP packets of equal size out.

use salon_packets_core::wire::rtp::{HeaderFields, write_header};

use crate::annexb::Units;
use crate::color_space::ColorSpace;
use crate::frame::Codec;
use crate::h264::{FU_A, FU_END, FU_START, PPS, STAP_A, kind};

/// No packet is larger.
pub const MAX_PACKET_BYTES: usize = 1200;

const HEADER_BYTES: usize = 12;
/// A block with the orientation and nothing else.
const EXTENSION_BYTES: usize = 8;
/// With orientation and colour space in the two-byte form.
const MAX_EXTENSION_BYTES: usize = 40;
const MAX_PAYLOAD_BYTES: usize = MAX_PACKET_BYTES - HEADER_BYTES;
/// X, I, and a picture id of 15 bits: a viewer's decoder tells by it that nothing is missing.
const VP8_DESCRIPTOR_BYTES: usize = 4;
const VP8_START: u8 = 0x10;
const NAL_FILLER_AND_DELIMITERS: [u8; 4] = [9, 10, 11, 12];

/// The frame has no bytes, or no NAL unit that can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingToSend;

/// The packets of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Packets<'a> {
    bytes: &'a [u8],
    /// Where each packet ends.
    ends: &'a [usize],
}

impl<'a> Packets<'a> {
    /// How many; never 0.
    #[allow(clippy::len_without_is_empty)] // a frame has at least one
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// In the order to send them.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, ends) = (self.bytes, self.ends);
        let starts = core::iter::once(&0).chain(ends);
        starts
            .zip(ends)
            .map(move |(&start, &end)| &bytes[start..end])
    }
}

/// Cuts frames of one stream into packets.
///
/// For each frame: [`Packetizer::cut`], then [`Packetizer::sent`].
#[derive(Debug)]
pub struct Packetizer {
    codec: Codec,
    payload_type: u8,
    ssrc: u32,
    orientation_id: u8,
    color_space: Option<(u8, ColorSpace)>,
    sequence_number: u16,
    picture_id: u16,
    out: Vec<u8>,
    ends: Vec<usize>,
}

/// What the packets of one frame have in common.
#[derive(Clone, Copy)]
struct Cut {
    timestamp: u32,
    /// On the last packet.
    orientation: Option<u8>,
    /// There as well: receivers look for it nowhere else.
    color_space: Option<ColorSpace>,
}

impl Cut {
    /// What the last packet of the frame has beyond the others.
    fn extension_bytes(self, is_last: bool) -> usize {
        match (self.orientation, self.color_space) {
            _ if !is_last => 0,
            (None, None) => 0,
            (Some(_), None) => EXTENSION_BYTES,
            // The two-byte form is as long as any.
            (_, Some(value)) => {
                let orientation_bytes = if self.orientation.is_some() { 3 } else { 0 };
                4 + (orientation_bytes + 2 + value.data().len()).next_multiple_of(4)
            }
        }
    }
}

impl Packetizer {
    /// `orientation_id` is 1 to 14, or 0 to leave the extension out. The numbers begin at what `random` says.
    pub fn new(codec: Codec, payload_type: u8, ssrc: u32, orientation_id: u8, random: u64) -> Self {
        Self {
            codec,
            payload_type: payload_type & 0x7f,
            ssrc,
            orientation_id,
            color_space: None,
            // Far from the wrap, as RFC 3711 section 3.3.1 wants it for whoever protects them later.
            sequence_number: (random & 0x7fff) as u16,
            picture_id: (random >> 32 & 0x7fff) as u16,
            out: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// What frames mean from the next one on, and the id (1 to 14) to say it under.
    pub fn set_color_space(&mut self, color_space: Option<(u8, ColorSpace)>) {
        self.color_space = color_space;
    }

    /// The packets of `frame`: VP8 as it is, H.264 as Annex B.
    pub fn cut(
        &mut self,
        frame: &[u8],
        timestamp: u32,
        orientation: Option<u8>,
    ) -> Result<Packets<'_>, NothingToSend> {
        self.out.clear();
        self.ends.clear();
        let cut = Cut {
            timestamp,
            orientation: orientation.filter(|_| self.orientation_id != 0),
            color_space: self.color_space.map(|(_, color_space)| color_space),
        };
        match self.codec {
            Codec::Vp8 => self.cut_vp8(frame, cut),
            Codec::H264 => self.cut_h264(frame, cut),
        }
        if self.ends.is_empty() {
            return Err(NothingToSend);
        }
        Ok(Packets {
            bytes: &self.out,
            ends: &self.ends,
        })
    }

    /// Says how many packets of the last cut have gone out. If some but not all, one number is left out, so that a
    /// viewer sees that the frame is not complete.
    pub fn sent(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let gap = usize::from(count < self.ends.len());
        self.sequence_number = self.sequence_number.wrapping_add((count + gap) as u16);
        self.picture_id = self.picture_id.wrapping_add(1) & 0x7fff;
    }

    fn cut_vp8(&mut self, frame: &[u8], cut: Cut) {
        let [high, low] = (self.picture_id | 0x8000).to_be_bytes();
        let room = MAX_PAYLOAD_BYTES - VP8_DESCRIPTOR_BYTES;
        let mut start = VP8_START;
        for (part, is_last) in equal_parts(frame, room, cut.extension_bytes(true)) {
            self.put(cut, is_last, &[&[0x80 | start, 0x80, high, low], part]);
            start = 0;
        }
    }

    fn cut_h264(&mut self, frame: &[u8], cut: Cut) {
        let mut units = Units::new(frame)
            .filter(|unit| {
                let kind = kind(unit);
                (1..STAP_A).contains(&kind) && !NAL_FILLER_AND_DELIMITERS.contains(&kind)
            })
            .peekable();
        let mut aggregate = Aggregate::default();
        while let Some(unit) = units.next() {
            let is_last = units.peek().is_none();
            // Parameter sets and SEI in front of the slices share one packet.
            if !is_last && matches!(kind(unit), 6..=PPS) && aggregate.add(unit) {
                continue;
            }
            aggregate.flush(self, cut);
            self.put_unit(cut, unit, is_last);
        }
    }

    fn put_unit(&mut self, cut: Cut, unit: &[u8], is_last_unit: bool) {
        let extension_bytes = cut.extension_bytes(is_last_unit);
        if unit.len() + extension_bytes <= MAX_PAYLOAD_BYTES {
            self.put(cut, is_last_unit, &[unit]);
            return;
        }
        let (indicator, kind) = (unit[0] & 0xe0 | FU_A, unit[0] & 0x1f);
        let mut start = FU_START;
        for (part, is_last) in equal_parts(&unit[1..], MAX_PAYLOAD_BYTES - 2, extension_bytes) {
            let end = if is_last { FU_END } else { 0 };
            self.put(
                cut,
                is_last && is_last_unit,
                &[&[indicator, start | end | kind], part],
            );
            start = 0;
        }
    }

    fn put(&mut self, cut: Cut, is_last: bool, payload: &[&[u8]]) {
        let fields = HeaderFields {
            marker: is_last,
            has_padding: false,
            payload_type: self.payload_type,
            sequence_number: self.sequence_number.wrapping_add(self.ends.len() as u16),
            timestamp: cut.timestamp,
            ssrc: self.ssrc,
        };
        let start = self.out.len();
        let orientation = cut.orientation.filter(|_| is_last);
        let value = [orientation.unwrap_or_default()];
        let mut elements: [(u8, &[u8]); 2] = [(0, &[]); 2];
        let mut count = 0;
        if orientation.is_some() {
            elements[count] = (self.orientation_id, &value);
            count += 1;
        }
        if let Some((id, color_space)) = self.color_space.as_ref().filter(|_| is_last) {
            elements[count] = (*id, color_space.data());
            count += 1;
        }
        self.out
            .resize(start + HEADER_BYTES + MAX_EXTENSION_BYTES, 0);
        // The room is enough for both, in either form.
        let len =
            write_header(&mut self.out[start..], &fields, &elements[..count]).unwrap_or_default();
        self.out.truncate(start + len);
        for part in payload {
            self.out.extend_from_slice(part);
        }
        self.ends.push(self.out.len());
    }
}

/// Small units on their way into one STAP-A.
#[derive(Default)]
struct Aggregate {
    body: Vec<u8>,
    count: usize,
    /// F and the largest NRI of the units (RFC 6184 section 5.7).
    head: u8,
}

impl Aggregate {
    /// False if it does not fit.
    fn add(&mut self, unit: &[u8]) -> bool {
        let Ok(size) = u16::try_from(unit.len()) else {
            return false;
        };
        if 1 + self.body.len() + 2 + unit.len() > MAX_PAYLOAD_BYTES {
            return false;
        }
        self.body.extend_from_slice(&size.to_be_bytes());
        self.body.extend_from_slice(unit);
        self.head = self.head & 0x80 | unit[0] & 0x80 | (self.head & 0x60).max(unit[0] & 0x60);
        self.count += 1;
        true
    }

    fn flush(&mut self, packetizer: &mut Packetizer, cut: Cut) {
        match core::mem::take(self) {
            Self { count: 0, .. } => {}
            Self { count: 1, body, .. } => packetizer.put(cut, false, &[&body[2..]]),
            Self { head, body, .. } => packetizer.put(cut, false, &[&[head | STAP_A], &body]),
        }
    }
}

/// Parts of at most `room` bytes, in the last of which `reserved` are left free. Apart from that they differ by one
/// byte at most, the longer ones first: the relay then sends all of them in one call.
fn equal_parts(bytes: &[u8], room: usize, reserved: usize) -> impl Iterator<Item = (&[u8], bool)> {
    let count = match bytes {
        [] => 0,
        _ => (bytes.len() + reserved).div_ceil(room),
    };
    let (size, longer) = match count {
        0 => (0, 0),
        _ => (
            (bytes.len() + reserved) / count,
            (bytes.len() + reserved) % count,
        ),
    };
    let mut rest = bytes;
    (0..count).map(move |index| {
        let wanted = size + usize::from(index < longer);
        let (part, after) = rest.split_at(wanted.min(rest.len()));
        rest = after;
        (part, index + 1 == count)
    })
}
