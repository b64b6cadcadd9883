//! `salon_packets._native`: types and calls only, every decision is the core's. The contract is `_native.pyi`.

mod beauty;
mod config;
mod events;
mod frame_link;
mod relay;
mod stats;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add(
        "CommandQueueFull",
        module.py().get_type::<relay::CommandQueueFull>(),
    )?;
    module.add_class::<beauty::Beautifier>()?;
    module.add_class::<config::Codec>()?;
    module.add_class::<config::SourceConfig>()?;
    module.add_class::<config::SinkConfig>()?;
    module.add_class::<relay::Relay>()?;
    module.add_class::<events::TransportConnected>()?;
    module.add_class::<events::DtlsReceived>()?;
    module.add_class::<events::TransportClosed>()?;
    module.add_class::<events::SourceStarted>()?;
    module.add_class::<events::SourceStopped>()?;
    module.add_class::<events::SwitchedTo>()?;
    module.add_class::<events::SwitchedBack>()?;
    module.add_class::<events::EventsLost>()?;
    module.add_class::<frame_link::EncodedFrame>()?;
    module.add_class::<frame_link::KeyframeRequested>()?;
    module.add_class::<frame_link::LinkClosed>()?;
    module.add_class::<frame_link::FrameLink>()?;
    module.add("Event", events::union(module)?)?;
    Ok(())
}
