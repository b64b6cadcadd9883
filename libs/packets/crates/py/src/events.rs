//! Events as Python objects. Those of a transport can be made in Python too, by tests that play the packet path.

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
    #[new]
    fn new(transport: u64, address: String) -> Self {
        Self { transport, address }
    }

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
    #[new]
    fn new(transport: u64, datagrams: Py<PyList>) -> Self {
        Self {
            transport,
            datagrams,
        }
    }

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
    reason: String,
}

#[pymethods]
impl TransportClosed {
    #[new]
    fn new(transport: u64, reason: String) -> Self {
        Self { transport, reason }
    }

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
    transport: u64,
    source: u64,
}

#[pymethods]
impl SourceStarted {
    fn __repr__(&self) -> String {
        format!(
            "SourceStarted(transport={}, source={})",
            self.transport, self.source
        )
    }
}

/// No packet of this source for 5 s.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SourceStopped {
    transport: u64,
    source: u64,
}

#[pymethods]
impl SourceStopped {
    fn __repr__(&self) -> String {
        format!(
            "SourceStopped(transport={}, source={})",
            self.transport, self.source
        )
    }
}

/// The viewers of a source get its replacement.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SwitchedTo {
    transport: u64,
    source: u64,
    replacement: u64,
}

#[pymethods]
impl SwitchedTo {
    fn __repr__(&self) -> String {
        format!(
            "SwitchedTo(transport={}, source={}, replacement={})",
            self.transport, self.source, self.replacement
        )
    }
}

/// The viewers of a source get its own packets again.
#[pyclass(frozen, get_all, module = "salon_packets._native")]
pub(crate) struct SwitchedBack {
    transport: u64,
    source: u64,
    reason: String,
}

#[pymethods]
impl SwitchedBack {
    fn __repr__(&self) -> String {
        format!(
            "SwitchedBack(transport={}, source={}, reason={:?})",
            self.transport, self.source, self.reason
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
                reason: reason.code().to_owned(),
            },
        )?
        .into_any(),
        Event::SourceStarted { transport, source } => {
            Py::new(py, SourceStarted { transport, source })?.into_any()
        }
        Event::SourceStopped { transport, source } => {
            Py::new(py, SourceStopped { transport, source })?.into_any()
        }
        Event::SwitchedTo {
            transport,
            source,
            replacement,
        } => Py::new(
            py,
            SwitchedTo {
                transport,
                source,
                replacement,
            },
        )?
        .into_any(),
        Event::SwitchedBack {
            transport,
            source,
            reason,
        } => Py::new(
            py,
            SwitchedBack {
                transport,
                source,
                reason: reason.code().to_owned(),
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
        .bitor(py.get_type::<SwitchedTo>())?
        .bitor(py.get_type::<SwitchedBack>())?
        .bitor(py.get_type::<EventsLost>())
}
