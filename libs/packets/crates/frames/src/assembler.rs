//! Packets and time in; whole frames in order and requests for key frames out.

use std::collections::VecDeque;

use salon_packets_core::wire::rtp::Header;

use crate::color_space::ColorSpace;
use crate::frame::{Codec, Frame};
use crate::order::{Order, Packet, Place};
use crate::requests::Requests;
use crate::{h264, vp8};

/// Frames that may wait to be taken.
const MAX_READY: usize = 64;

/// What is known of the stream beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The only one understood.
    pub codec: Codec,
    /// Of media; packets with another are not read.
    pub payload_type: u8,
    /// Id of the video-orientation extension; 0 for none.
    pub orientation_id: u8,
    /// Id of the color-space extension; 0 for none.
    pub color_space_id: u8,
    /// How long a missing packet is waited for, counted from the first packet after it.
    pub max_wait_ns: u64,
    /// A larger frame is skipped, with those that need it.
    pub max_frame_bytes: usize,
}

#[derive(Debug)]
enum Builder {
    Vp8(vp8::Builder),
    H264(h264::Builder),
}

impl Builder {
    fn begins_keyframe(&self, packet: &Packet, follows_gap: bool) -> bool {
        match self {
            Self::Vp8(_) => vp8::Builder::begins_keyframe(packet),
            Self::H264(_) => h264::Builder::begins_keyframe(packet, follows_gap),
        }
    }

    /// Whether this packet begins a frame whatever came before it; the timestamp tells the rest.
    fn begins_frame(&self, packet: &Packet) -> bool {
        match self {
            Self::Vp8(_) => vp8::Builder::begins_frame(packet),
            Self::H264(_) => false,
        }
    }

    fn push(&mut self, payload: &[u8]) -> bool {
        match self {
            Self::Vp8(builder) => builder.push(payload),
            Self::H264(builder) => builder.push(payload),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Vp8(builder) => builder.bytes(),
            Self::H264(builder) => builder.bytes(),
        }
    }

    fn finish(&mut self) -> Option<(Vec<u8>, bool)> {
        match self {
            Self::Vp8(builder) => builder.finish(),
            Self::H264(builder) => builder.finish(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Vp8(builder) => builder.clear(),
            Self::H264(builder) => builder.clear(),
        }
    }
}

/// What the frame under way has beside its data.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    timestamp: u32,
    orientation: Option<u8>,
    color_space: Option<ColorSpace>,
    received_ns: u64,
}

/// Makes frames of one stream.
///
/// The first frame given is a key frame; after anything that is missing, too large or malformed the next one given is
/// a key frame too. All memory is bounded: 2048 packets, two frames of the largest size, 64 frames not yet taken.
#[derive(Debug)]
pub struct FrameAssembler {
    settings: Settings,
    ssrc: Option<u32>,
    order: Order,
    builder: Builder,
    under_way: Option<UnderWay>,
    /// Every frame so far is there, so that the next one can be decoded.
    is_intact: bool,
    /// The packet before the next one was given up, or there was none.
    follows_gap: bool,
    requests: Requests,
    ready: VecDeque<Frame>,
    ready_bytes: usize,
}

impl FrameAssembler {
    /// Nothing received.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ssrc: None,
            order: Order::default(),
            builder: match settings.codec {
                Codec::Vp8 => Builder::Vp8(vp8::Builder::default()),
                Codec::H264 => Builder::H264(h264::Builder::default()),
            },
            under_way: None,
            is_intact: false,
            follows_gap: true,
            requests: Requests::default(),
            ready: VecDeque::new(),
            ready_bytes: 0,
        }
    }

    /// The SSRC of what is received, once something was.
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Takes an RTP packet; anything else is dropped. Another SSRC begins anew.
    pub fn on_packet(&mut self, datagram: &[u8], now_ns: u64) {
        let Ok(header) = Header::parse(datagram) else {
            return;
        };
        let is_media = header.payload_type == self.settings.payload_type;
        if self.ssrc != Some(header.ssrc) {
            if !is_media {
                return;
            }
            self.ssrc = Some(header.ssrc);
            self.order = Order::default();
            self.begin();
        }
        // Padding and what is not media have a number all the same.
        let payload = match header.payload(datagram) {
            Ok(range) if is_media => datagram[range].to_vec(),
            _ => Vec::new(),
        };
        let value = |id| header.extensions(datagram).find(id).filter(|_| id != 0);
        let orientation =
            value(self.settings.orientation_id).and_then(|data| data.first().copied());
        let color_space = value(self.settings.color_space_id).and_then(ColorSpace::read);
        let packet = Packet {
            timestamp: header.timestamp,
            marker: header.marker,
            orientation,
            color_space,
            arrived_ns: now_ns,
            payload,
        };
        match self.order.push(header.sequence_number, packet) {
            Place::Taken => {}
            Place::Refused => return,
            Place::Restarted => self.begin(),
        }
        self.on_time(now_ns);
    }

    /// Gives up what was waited for too long. To be called when [`FrameAssembler::deadline_ns`] is over.
    pub fn on_time(&mut self, now_ns: u64) {
        loop {
            if let Some(packet) = self.order.pop() {
                self.take(packet);
                continue;
            }
            let Some(gap_ns) = self.order.gap_ns() else {
                return;
            };
            // What is missing in front of a key frame is of no use to somebody who waits for one.
            let builder = &self.builder;
            let is_useless = !self.is_intact
                && self.under_way.is_none()
                && self
                    .order
                    .skip_to(|packet| builder.begins_keyframe(packet, true));
            if is_useless {
                self.follows_gap = true;
                continue;
            }
            let is_over = now_ns >= gap_ns.saturating_add(self.settings.max_wait_ns)
                || self.order.waiting_bytes() > self.settings.max_frame_bytes;
            if !is_over {
                return;
            }
            self.order.skip_to(|_| true);
            self.begin();
        }
    }

    /// Asks for a key frame although nothing is missing. Frames go on being given.
    pub fn want_keyframe(&mut self) {
        self.requests.want();
    }

    /// True if a request for a key frame is to be sent to [`FrameAssembler::ssrc`] now. Never before something was
    /// received.
    pub fn take_keyframe_request(&mut self, now_ns: u64) -> bool {
        self.ssrc.is_some() && self.requests.take_due(now_ns)
    }

    /// When to call [`FrameAssembler::on_time`] and [`FrameAssembler::take_keyframe_request`] next.
    pub fn deadline_ns(&self) -> Option<u64> {
        let gap_ns = self.order.gap_ns();
        let over_ns = gap_ns.map(|gap_ns| gap_ns.saturating_add(self.settings.max_wait_ns));
        let request_ns = self.ssrc.and(self.requests.deadline_ns());
        over_ns.into_iter().chain(request_ns).min()
    }

    /// The next frame.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let frame = self.ready.pop_front()?;
        self.ready_bytes -= frame.data.len();
        Some(frame)
    }

    /// False if more packets would make frames that are thrown away: take some first.
    pub fn has_room(&self) -> bool {
        self.ready.len() < MAX_READY && self.ready_bytes <= self.settings.max_frame_bytes
    }

    /// A packet in its order, nothing missing before it.
    fn take(&mut self, packet: Packet) {
        let follows_gap = core::mem::take(&mut self.follows_gap);
        if packet.payload.is_empty() {
            return;
        }
        if let Some(under_way) = self.under_way
            && (under_way.timestamp != packet.timestamp || self.builder.begins_frame(&packet))
        {
            // Its marker was forgotten.
            self.finish();
        }
        if self.under_way.is_none()
            && !self.is_intact
            && !self.builder.begins_keyframe(&packet, follows_gap)
        {
            self.requests.want();
            return;
        }
        if !self.builder.push(&packet.payload)
            || self.builder.bytes() > self.settings.max_frame_bytes
        {
            self.lose();
            return;
        }
        let under_way = self.under_way.get_or_insert(UnderWay {
            timestamp: packet.timestamp,
            orientation: None,
            color_space: None,
            received_ns: 0,
        });
        under_way.orientation = packet.orientation.or(under_way.orientation);
        under_way.color_space = packet.color_space.or(under_way.color_space);
        under_way.received_ns = under_way.received_ns.max(packet.arrived_ns);
        if !self.is_intact {
            self.requests.on_keyframe();
        }
        if packet.marker {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        let Some((data, is_keyframe)) = self.builder.finish() else {
            self.lose();
            return;
        };
        if data.is_empty() || !(self.is_intact || is_keyframe) {
            return;
        }
        if !self.has_room() {
            self.lose();
            return;
        }
        if is_keyframe {
            self.requests.on_keyframe();
        }
        self.is_intact = true;
        self.ready_bytes += data.len();
        self.ready.push_back(Frame {
            data,
            timestamp: under_way.timestamp,
            is_keyframe,
            orientation: under_way.orientation,
            color_space: under_way.color_space,
            received_ns: under_way.received_ns,
        });
    }

    /// What comes next is not known to follow what came before.
    fn begin(&mut self) {
        self.lose();
        self.follows_gap = true;
    }

    /// Nothing can be decoded until the next key frame.
    fn lose(&mut self) {
        self.under_way = None;
        self.builder.clear();
        self.is_intact = false;
        self.requests.want();
    }
}
