//! Events as Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use salon_packets_core::event::Event;

/// A STUN check with the right password selected this address.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct TransportConnected {
    transport: u64,
    address: String,
}

#[pymethods]
impl TransportConnected {
    fn __repr__(&self) -> String {
        format!(
            "TransportConnected(transport={}, address={:?})",
            self.transport, self.address
        )
    }
}

/// DTLS datagrams of one transport, in order.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct DtlsReceived {
    transport: u64,
    datagrams: Py<PyList>,
}

#[pymethods]
impl DtlsReceived {
    fn __repr__(&self, py: Python<'_>) -> String {
        let count = self.datagrams.bind(py).len();
        format!(
            "DtlsReceived(transport={}, datagrams=<{count}>)",
            self.transport
        )
    }
}

/// The native side gave the transport up.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct TransportClosed {
    transport: u64,
    reason: &'static str,
}

#[pymethods]
impl TransportClosed {
    fn __repr__(&self) -> String {
        format!(
            "TransportClosed(transport={}, reason={:?})",
            self.transport, self.reason
        )
    }
}

/// The first authenticated packet of a source arrived.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SourceStarted {
    source: u64,
}

#[pymethods]
impl SourceStarted {
    fn __repr__(&self) -> String {
        format!("SourceStarted(source={})", self.source)
    }
}

/// No packet of this source for 5 s.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SourceStopped {
    source: u64,
}

#[pymethods]
impl SourceStopped {
    fn __repr__(&self) -> String {
        format!("SourceStopped(source={})", self.source)
    }
}

/// The viewers of a source get another one.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SourceSubstituted {
    source: u64,
    by: u64,
}

#[pymethods]
impl SourceSubstituted {
    fn __repr__(&self) -> String {
        format!("SourceSubstituted(source={}, by={})", self.source, self.by)
    }
}

/// The viewers of a source get its own packets again.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SourceRestored {
    source: u64,
    reason: &'static str,
}

#[pymethods]
impl SourceRestored {
    fn __repr__(&self) -> String {
        format!(
            "SourceRestored(source={}, reason={:?})",
            self.source, self.reason
        )
    }
}

/// The event queue was full.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct EventsLost {
    count: u64,
}

#[pymethods]
impl EventsLost {
    fn __repr__(&self) -> String {
        format!("EventsLost(count={})", self.count)
    }
}

/// The Python object for a core event.
pub(crate) fn into_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
    Ok(match event {
        Event::TransportConnected { transport, address } => {
            let address =
                std::net::SocketAddr::new(address.ip().to_canonical(), address.port()).to_string();
            Py::new(py, TransportConnected { transport, address })?.into_any()
        }
        Event::DtlsReceived {
            transport,
            datagrams,
        } => {
            let datagrams = PyList::new(
                py,
                datagrams.iter().map(|datagram| PyBytes::new(py, datagram)),
            )?
            .unbind();
            Py::new(
                py,
                DtlsReceived {
                    transport,
                    datagrams,
                },
            )?
            .into_any()
        }
        Event::TransportClosed { transport, reason } => Py::new(
            py,
            TransportClosed {
                transport,
                reason: reason.code(),
            },
        )?
        .into_any(),
        Event::SourceStarted { source } => Py::new(py, SourceStarted { source })?.into_any(),
        Event::SourceStopped { source } => Py::new(py, SourceStopped { source })?.into_any(),
        Event::SourceSubstituted { source, by } => {
            Py::new(py, SourceSubstituted { source, by })?.into_any()
        }
        Event::SourceRestored { source, reason } => Py::new(
            py,
            SourceRestored {
                source,
                reason: reason.code(),
            },
        )?
        .into_any(),
        Event::EventsLost { count } => Py::new(py, EventsLost { count })?.into_any(),
    })
}

/// `TransportConnected | DtlsReceived | ...`, the alias of the stub.
pub(crate) fn union<'py>(module: &Bound<'py, PyModule>) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    py.get_type::<TransportConnected>()
        .into_any()
        .bitor(py.get_type::<DtlsReceived>())?
        .bitor(py.get_type::<TransportClosed>())?
        .bitor(py.get_type::<SourceStarted>())?
        .bitor(py.get_type::<SourceStopped>())?
        .bitor(py.get_type::<SourceSubstituted>())?
        .bitor(py.get_type::<SourceRestored>())?
        .bitor(py.get_type::<EventsLost>())
}
