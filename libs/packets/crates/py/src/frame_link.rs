//! A transcoder's end of a local transport.

use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use salon_packets_core::io::monotonic_ns;
use salon_packets_core::seqpacket::{Read, SeqPacket, Written};
use salon_packets_core::wire::rtcp::{Packet, Packets, Writer};
use salon_packets_core::wire::rtp::{Kind, classify};
use salon_packets_frames::{
    Codec, Frame, FrameAssembler, LatestColorSpace, Packetizer, Settings, is_keyframe,
};

/// A key frame of 500 kB is some 450 packets.
const BUFFER_BYTES: i32 = 4 << 20;
/// Larger messages are dropped; the relay sends none.
const MAX_MESSAGE_BYTES: usize = 2048;
/// A frame larger than the socket's buffer needs the relay to read meanwhile. One that does not read for as long as
/// this is in trouble.
const SEND_PATIENCE_NS: u64 = 100_000_000;

/// One whole frame of a stream.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct EncodedFrame {
    data: Py<PyBytes>,
    timestamp: u32,
    is_keyframe: bool,
    orientation: Option<u8>,
    received_ns: u64,
}

#[pymethods]
impl EncodedFrame {
    fn __repr__(&self, py: Python<'_>) -> String {
        let bytes = self.data.bind(py).as_bytes().len();
        let kind = if self.is_keyframe {
            "key frame"
        } else {
            "frame"
        };
        format!(
            "EncodedFrame(<{kind} of {bytes} bytes>, timestamp={})",
            self.timestamp
        )
    }
}

/// The relay wants the next frame sent to be a key frame.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct KeyframeRequested {}

#[pymethods]
impl KeyframeRequested {
    fn __repr__(&self) -> &'static str {
        "KeyframeRequested()"
    }
}

/// The relay's end is gone.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct LinkClosed {}

#[pymethods]
impl LinkClosed {
    fn __repr__(&self) -> &'static str {
        "LinkClosed()"
    }
}

enum Happened {
    KeyframeRequested,
    Frame(Frame),
    Closed,
    Nothing,
    /// A signal came: Python's handlers run first.
    Interrupted,
}

struct Receiving {
    assembler: FrameAssembler,
    color_space: LatestColorSpace,
    buffer: Box<[u8]>,
    /// RFC 5104 section 4.3.1.2: the same number again is the same request.
    last_fir: Option<u8>,
    is_keyframe_requested: bool,
    is_closed: bool,
}

struct Sending {
    packetizer: Packetizer,
    /// A frame was lost on the way out, so that no frame that needs it can be shown.
    needs_keyframe: bool,
}

/// Whole frames here, RTP packets there.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct FrameLink {
    codec: Codec,
    ssrc: u32,
    color_space_id: u8,
    /// `None` after `close`.
    socket: Mutex<Option<Arc<SeqPacket>>>,
    /// Never held while waiting for the socket.
    receiving: Mutex<Receiving>,
    sending: Mutex<Sending>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FrameLink {
    fn socket(&self) -> PyResult<Arc<SeqPacket>> {
        lock(&self.socket)
            .clone()
            .ok_or_else(|| PyRuntimeError::new_err("the link is closed"))
    }

    fn read_all(&self, socket: &SeqPacket, receiving: &mut Receiving) {
        while receiving.assembler.has_room() && !receiving.is_closed {
            match socket.read(&mut receiving.buffer) {
                Read::Message(len) => self.on_message(receiving, len),
                Read::Cut => {}
                Read::Empty => break,
                Read::Closed => receiving.is_closed = true,
            }
        }
    }

    fn on_message(&self, receiving: &mut Receiving, len: usize) {
        let message = &receiving.buffer[..len];
        match classify(message) {
            Kind::Rtp => receiving.assembler.on_packet(message, monotonic_ns()),
            Kind::Rtcp => {
                for packet in Packets::new(message).flatten() {
                    receiving.is_keyframe_requested |= match packet {
                        Packet::Pli { media_ssrc, .. } => media_ssrc == self.ssrc,
                        Packet::Fir(fir) => fir
                            .entries()
                            .filter(|(ssrc, _)| *ssrc == self.ssrc)
                            .any(|(_, number)| receiving.last_fir.replace(number) != Some(number)),
                        _ => false,
                    };
                }
            }
            _ => {}
        }
    }

    /// Sends a PLI if one is due.
    fn request_if_due(&self, socket: &SeqPacket, receiving: &mut Receiving) {
        let Some(media_ssrc) = receiving.assembler.ssrc() else {
            return;
        };
        if receiving.assembler.take_keyframe_request(monotonic_ns()) {
            let mut buffer = [0; 32];
            let mut writer = Writer::new(&mut buffer);
            if writer.pli(self.ssrc, media_ssrc).is_ok() {
                let len = writer.len();
                // Not written is not answered, and asked again.
                socket.write(&buffer[..len]);
            }
        }
    }

    fn receive_until(&self, socket: &SeqPacket, deadline_ns: u64) -> Happened {
        loop {
            let wait_ns;
            {
                let receiving = &mut *lock(&self.receiving);
                self.read_all(socket, receiving);
                let now_ns = monotonic_ns();
                receiving.assembler.on_time(now_ns);
                self.request_if_due(socket, receiving);
                if core::mem::take(&mut receiving.is_keyframe_requested) {
                    return Happened::KeyframeRequested;
                }
                if let Some(frame) = receiving.assembler.next_frame() {
                    (receiving.color_space).on_frame(frame.is_keyframe, frame.color_space);
                    return Happened::Frame(frame);
                }
                if receiving.is_closed {
                    return Happened::Closed;
                }
                if now_ns >= deadline_ns {
                    return Happened::Nothing;
                }
                let next_ns = receiving.assembler.deadline_ns().unwrap_or(u64::MAX);
                wait_ns = next_ns.min(deadline_ns).saturating_sub(now_ns);
            }
            if socket.wait_readable(wait_ns).is_err() {
                return Happened::Interrupted;
            }
        }
    }

    /// How many packets have left.
    fn send_packets(
        &self,
        socket: &SeqPacket,
        frame: &[u8],
        timestamp: u32,
        orientation: Option<u8>,
    ) -> Option<usize> {
        let color_space = lock(&self.receiving).color_space.get();
        let sending = &mut *lock(&self.sending);
        let said = color_space.map(|color_space| (self.color_space_id, color_space));
        sending.packetizer.set_color_space(said);
        let is_keyframe = is_keyframe(self.codec, frame);
        if sending.needs_keyframe && !is_keyframe {
            return Some(0);
        }
        let packets = sending.packetizer.cut(frame, timestamp, orientation).ok()?;
        let (mut sent, mut patience_ns) = (0, None);
        let is_whole = packets.iter().all(|packet| {
            let is_sent = write_patiently(socket, packet, &mut patience_ns);
            sent += usize::from(is_sent);
            is_sent
        });
        sending.packetizer.sent(sent);
        if !is_whole && (is_keyframe || !sending.needs_keyframe) {
            lock(&self.receiving).is_keyframe_requested = true;
        }
        sending.needs_keyframe = !is_whole;
        Some(sent)
    }
}

/// Waits for room, for all packets of a frame together no longer than `SEND_PATIENCE_NS`.
fn write_patiently(socket: &SeqPacket, packet: &[u8], deadline_ns: &mut Option<u64>) -> bool {
    loop {
        match socket.write(packet) {
            Written::Whole => return true,
            Written::Closed => return false,
            Written::Full => {}
        }
        let now_ns = monotonic_ns();
        let deadline_ns = *deadline_ns.get_or_insert(now_ns + SEND_PATIENCE_NS);
        if now_ns >= deadline_ns {
            return false;
        }
        // A signal only makes the wait shorter.
        let _ = socket.wait_writable(deadline_ns - now_ns);
    }
}

#[pymethods]
impl FrameLink {
    #[new]
    #[pyo3(signature = (
        fd, *, codec, payload_type, ssrc, orientation_id, color_space_id = 0, max_wait_ms = 200, max_frame_bytes = 4_194_304
    ))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of the Python class
    fn new(
        fd: RawFd,
        codec: &str,
        payload_type: u8,
        ssrc: u32,
        orientation_id: u8,
        color_space_id: u8,
        max_wait_ms: u32,
        max_frame_bytes: usize,
    ) -> PyResult<Self> {
        let codec = match codec {
            "VP8" => Codec::Vp8,
            "H264" => Codec::H264,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "codec {codec:?} is neither VP8 nor H264"
                )));
            }
        };
        if payload_type > 127 || orientation_id > 14 || color_space_id > 14 {
            return Err(PyValueError::new_err(
                "payload_type is 0 to 127, orientation_id and color_space_id 0 (none) to 14",
            ));
        }
        let settings = Settings {
            codec,
            payload_type,
            orientation_id,
            color_space_id,
            max_wait_ns: Duration::from_millis(max_wait_ms.into()).as_nanos() as u64,
            max_frame_bytes,
        };
        let random = random();
        Ok(Self {
            codec,
            ssrc,
            color_space_id,
            socket: Mutex::new(Some(Arc::new(SeqPacket::duplicate(fd, BUFFER_BYTES)?))),
            receiving: Mutex::new(Receiving {
                assembler: FrameAssembler::new(settings),
                color_space: LatestColorSpace::default(),
                buffer: vec![0; MAX_MESSAGE_BYTES].into_boxed_slice(),
                last_fir: None,
                is_keyframe_requested: false,
                is_closed: false,
            }),
            sending: Mutex::new(Sending {
                packetizer: Packetizer::new(codec, payload_type, ssrc, orientation_id, random),
                needs_keyframe: false,
            }),
        })
    }

    fn receive(&self, py: Python<'_>, timeout_ms: u64) -> PyResult<Option<Py<PyAny>>> {
        let deadline_ns = monotonic_ns().saturating_add(timeout_ms.saturating_mul(1_000_000));
        loop {
            let socket = self.socket()?;
            let happened = py.detach(|| self.receive_until(&socket, deadline_ns));
            return Ok(Some(match happened {
                Happened::KeyframeRequested => Py::new(py, KeyframeRequested {})?.into_any(),
                Happened::Frame(frame) => Py::new(
                    py,
                    EncodedFrame {
                        data: PyBytes::new(py, &frame.data).unbind(),
                        timestamp: frame.timestamp,
                        is_keyframe: frame.is_keyframe,
                        orientation: frame.orientation,
                        received_ns: frame.received_ns,
                    },
                )?
                .into_any(),
                Happened::Closed => {
                    // `close` on another thread looks like the relay's end.
                    self.socket()?;
                    Py::new(py, LinkClosed {})?.into_any()
                }
                Happened::Nothing => return Ok(None),
                Happened::Interrupted => {
                    py.check_signals()?;
                    continue;
                }
            }));
        }
    }

    fn request_keyframe(&self, py: Python<'_>) -> PyResult<()> {
        let socket = self.socket()?;
        py.detach(|| {
            let receiving = &mut *lock(&self.receiving);
            receiving.assembler.want_keyframe();
            self.request_if_due(&socket, receiving);
        });
        Ok(())
    }

    #[pyo3(signature = (frame, timestamp, orientation))]
    fn send(
        &self,
        py: Python<'_>,
        frame: &[u8],
        timestamp: u32,
        orientation: Option<u8>,
    ) -> PyResult<usize> {
        let socket = self.socket()?;
        py.detach(|| self.send_packets(&socket, frame, timestamp, orientation))
            .ok_or_else(|| PyValueError::new_err("the frame is empty"))
    }

    fn close(&self) {
        if let Some(socket) = lock(&self.socket).take() {
            socket.shut_down();
        }
    }
}

/// Not a secret: an observer of the packets sees the numbers that begin here.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(monotonic_ns())
}
