//! The running relay.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::{PoisonError, RwLock};

use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use salon_packets_core::command::Command;
use salon_packets_core::io;
use salon_packets_core::srtp::{Profile, SrtpReceiver, SrtpSender};

use crate::config::{SinkConfig, SourceConfig};
use crate::{events, stats};

create_exception!(
    salon_packets._native,
    CommandQueueFull,
    PyRuntimeError,
    "The data thread is 4096 commands behind. Retryable."
);

/// Owns one UDP socket and the thread that serves it.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct Relay {
    local_port: u16,
    /// `None` after `close`.
    running: RwLock<Option<io::Relay>>,
}

impl Relay {
    fn with<T>(&self, call: impl FnOnce(&io::Relay) -> T) -> PyResult<T> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(call).ok_or_else(closed)
    }

    fn send(&self, command: Command) -> PyResult<()> {
        self.with(|relay| relay.send(command))?.map_err(send_error)
    }
}

fn closed() -> PyErr {
    PyRuntimeError::new_err("the relay is closed")
}

fn send_error(error: io::SendError) -> PyErr {
    match error {
        io::SendError::QueueFull => {
            CommandQueueFull::new_err("the data thread is 4096 commands behind")
        }
        io::SendError::Closed => closed(),
    }
}

#[pymethods]
impl Relay {
    #[new]
    #[pyo3(signature = (host, port))]
    fn new(host: &str, port: u16) -> PyResult<Self> {
        let ip: IpAddr = host
            .parse()
            .map_err(|_| PyValueError::new_err(format!("host {host:?} is not an IP address")))?;
        let relay = io::Relay::start(SocketAddr::new(ip, port))?;
        Ok(Self {
            local_port: relay.local_address().port(),
            running: RwLock::new(Some(relay)),
        })
    }

    #[getter]
    fn local_port(&self) -> u16 {
        self.local_port
    }

    fn fileno(&self) -> PyResult<RawFd> {
        self.with(io::Relay::events_fd)
    }

    fn drain(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let drained = self.with(io::Relay::drain)?;
        drained
            .into_iter()
            .map(|event| events::into_python(py, event))
            .collect()
    }

    fn add_transport(
        &self,
        transport: u64,
        local_ufrag: String,
        local_pwd: String,
        remote_ufrag: String,
    ) -> PyResult<()> {
        self.send(Command::AddTransport {
            transport,
            local_ufrag,
            local_pwd,
            remote_ufrag,
        })
    }

    fn add_local_transport(&self, transport: u64, fd: RawFd) -> PyResult<()> {
        self.with(|relay| relay.add_local_transport(transport, fd))??
            .map_err(send_error)
    }

    fn remove_transport(&self, transport: u64) -> PyResult<()> {
        self.send(Command::RemoveTransport { transport })
    }

    fn send_dtls(&self, transport: u64, datagrams: Vec<Vec<u8>>) -> PyResult<()> {
        self.send(Command::SendDtls {
            transport,
            datagrams,
        })
    }

    fn set_srtp(
        &self,
        transport: u64,
        profile: u16,
        local_key: &[u8],
        remote_key: &[u8],
    ) -> PyResult<()> {
        let profile = Profile::from_id(profile).ok_or_else(|| {
            PyValueError::new_err(format!("SRTP profile {profile} is none of 1, 7, 8"))
        })?;
        let refused = |error| PyValueError::new_err(format!("SRTP keys refused: {error}"));
        let sender = Box::new(SrtpSender::new(profile, local_key).map_err(refused)?);
        let receiver = Box::new(SrtpReceiver::new(profile, remote_key).map_err(refused)?);
        self.send(Command::SetSrtp {
            transport,
            sender,
            receiver,
        })
    }

    fn add_source(
        &self,
        transport: u64,
        source: u64,
        config: PyRef<'_, SourceConfig>,
    ) -> PyResult<()> {
        self.send(Command::AddSource {
            transport,
            source,
            config: Box::new(config.0.clone()),
        })
    }

    fn remove_source(&self, source: u64) -> PyResult<()> {
        self.send(Command::RemoveSource { source })
    }

    fn add_sink(
        &self,
        transport: u64,
        sink: u64,
        source: u64,
        config: PyRef<'_, SinkConfig>,
    ) -> PyResult<()> {
        self.send(Command::AddSink {
            transport,
            sink,
            source,
            config: Box::new(config.0.clone()),
        })
    }

    fn remove_sink(&self, sink: u64) -> PyResult<()> {
        self.send(Command::RemoveSink { sink })
    }

    fn pause_sink(&self, sink: u64, paused: bool) -> PyResult<()> {
        self.send(Command::PauseSink { sink, paused })
    }

    fn request_keyframe(&self, source: u64) -> PyResult<()> {
        self.send(Command::RequestKeyframe { source })
    }

    fn switch_to(&self, source: u64, replacement: u64) -> PyResult<()> {
        self.send(Command::SwitchTo {
            source,
            replacement,
        })
    }

    fn switch_back(&self, source: u64) -> PyResult<()> {
        self.send(Command::SwitchBack { source })
    }

    fn hold(&self, source: u64, max_ms: u32) -> PyResult<()> {
        self.send(Command::Hold { source, max_ms })
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = py
            .detach(|| self.with(io::Relay::stats))?
            .map_err(send_error)?;
        stats::into_python(py, snapshot)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            let relay = self
                .running
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            drop(relay);
        });
    }
}
