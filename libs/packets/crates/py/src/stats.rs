//! A snapshot as the `Stats` dictionary.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use salon_packets_core::stats::Stats;

macro_rules! dict {
    ($py:expr, $from:expr, $($field:ident),+ $(,)?) => {{
        let dict = PyDict::new($py);
        $(dict.set_item(stringify!($field), &$from.$field)?;)+
        dict
    }};
}

pub(crate) fn into_python(py: Python<'_>, stats: Stats) -> PyResult<Bound<'_, PyDict>> {
    let (transports, sources, sinks) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
    for (id, one) in &stats.transports {
        let fields = dict!(
            py,
            one,
            packets_received,
            bytes_received,
            packets_sent,
            bytes_sent,
            srtp_failures,
            round_trip_time_ms,
        );
        transports.set_item(id, fields)?;
    }
    for (id, one) in &stats.sources {
        let fields = dict!(
            py,
            one,
            packets_received,
            bytes_received,
            packets_lost,
            nacks_sent,
            retransmissions_received,
            keyframe_requests_sent,
            jitter_ts,
            payload_type,
            sinks,
            bitrate_bps,
        );
        sources.set_item(id, fields)?;
    }
    for (id, one) in &stats.sinks {
        let fields = dict!(
            py,
            one,
            packets_sent,
            bytes_sent,
            nacks_received,
            retransmissions_sent,
            codec_mismatches,
            fraction_lost,
            packets_lost,
            jitter_ts,
            estimate_bps,
        );
        sinks.set_item(id, fields)?;
    }
    let all = dict!(
        py,
        stats,
        packets_received,
        packets_sent,
        send_failures,
        unknown_datagrams,
        stun_failures,
        stale_commands,
        panics,
        cpu_time_ns,
    );
    all.set_item("transports", transports)?;
    all.set_item("sources", sources)?;
    all.set_item("sinks", sinks)?;
    Ok(all)
}
