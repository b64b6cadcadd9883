//! Media sections as Python describes them. Wrong values raise `ValueError` here, on the caller's thread.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyMapping;
use salon_packets_core::config as core;
use salon_packets_core::wire::extensions::ExtensionIds;

const MAX_PAYLOAD_TYPE: u8 = 127;

/// One payload type of one media section.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct Codec(core::Codec);

#[pymethods]
impl Codec {
    #[new]
    #[pyo3(signature = (name, payload_type, clock_rate_hz, rtx_payload_type=None))]
    fn new(
        name: &str,
        payload_type: u8,
        clock_rate_hz: u32,
        rtx_payload_type: Option<u8>,
    ) -> PyResult<Self> {
        let name = core::CodecName::from_name(name).ok_or_else(|| {
            PyValueError::new_err(format!("codec {name:?} is none of opus, VP8, H264"))
        })?;
        for value in [Some(payload_type), rtx_payload_type].into_iter().flatten() {
            if value > MAX_PAYLOAD_TYPE {
                return Err(PyValueError::new_err(format!(
                    "payload type {value} is above 127"
                )));
            }
        }
        if clock_rate_hz == 0 {
            return Err(PyValueError::new_err("clock rate is 0"));
        }
        Ok(Self(core::Codec {
            name,
            payload_type,
            clock_rate_hz,
            rtx_payload_type,
        }))
    }
}

/// What a publisher's media section looks like on its own connection.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct SourceConfig(pub(crate) core::SourceConfig);

#[pymethods]
impl SourceConfig {
    #[new]
    #[pyo3(signature = (*, kind, mid, codecs, ssrcs, extensions, nack, transport_cc, remb, parameter_sets=vec![], keyframe_feedback=Some("pli")))]
    #[allow(clippy::too_many_arguments)] // keyword-only on the Python side
    fn new(
        kind: &str,
        mid: String,
        codecs: Vec<PyRef<'_, Codec>>,
        ssrcs: Vec<(u32, Option<u32>)>,
        extensions: &Bound<'_, PyMapping>,
        nack: bool,
        transport_cc: bool,
        remb: bool,
        parameter_sets: Vec<(u8, Vec<u8>)>,
        keyframe_feedback: Option<&str>,
    ) -> PyResult<Self> {
        let keyframe_feedback = match keyframe_feedback {
            Some("pli") => core::KeyframeFeedback::Pli,
            Some("fir") => core::KeyframeFeedback::Fir,
            None => core::KeyframeFeedback::NotOffered,
            Some(other) => {
                return Err(PyValueError::new_err(format!(
                    "keyframe_feedback {other:?} is neither pli nor fir"
                )));
            }
        };
        if codecs.is_empty() {
            return Err(PyValueError::new_err("a source needs at least one codec"));
        }
        Ok(Self(core::SourceConfig {
            kind: media_kind(kind)?,
            mid,
            codecs: codecs.iter().map(|codec| codec.0).collect(),
            parameter_sets: parameter_sets
                .into_iter()
                .map(|(payload_type, unit)| core::SignalledParameterSet { payload_type, unit })
                .collect(),
            ssrcs,
            extensions: extension_ids(extensions)?,
            nack,
            keyframe_feedback,
            transport_cc,
            remb,
        }))
    }
}

/// What a viewer's media section looks like on the viewer's connection.
#[pyclass(frozen, module = "salon_packets._native")]
pub(crate) struct SinkConfig(pub(crate) core::SinkConfig);

#[pymethods]
impl SinkConfig {
    #[new]
    #[pyo3(signature = (*, kind, mid, codec, ssrc, rtx_ssrc, cname, extensions, nack, transport_cc, alternatives=vec![], mixed_extensions=false))]
    #[allow(clippy::too_many_arguments)] // keyword-only on the Python side
    fn new(
        kind: &str,
        mid: String,
        codec: PyRef<'_, Codec>,
        ssrc: u32,
        rtx_ssrc: Option<u32>,
        cname: String,
        extensions: &Bound<'_, PyMapping>,
        nack: bool,
        transport_cc: bool,
        alternatives: Vec<(u8, PyRef<'_, Codec>)>,
        mixed_extensions: bool,
    ) -> PyResult<Self> {
        if cname.len() > 255 || mid.len() > 255 {
            return Err(PyValueError::new_err(
                "cname and mid have at most 255 bytes",
            ));
        }
        Ok(Self(core::SinkConfig {
            kind: media_kind(kind)?,
            mid,
            codec: codec.0,
            alternatives: alternatives
                .iter()
                .map(|(payload_type, codec)| (*payload_type, codec.0))
                .collect(),
            ssrc,
            rtx_ssrc,
            cname,
            extensions: extension_ids(extensions)?,
            mixed_extensions,
            nack,
            transport_cc,
        }))
    }
}

fn media_kind(kind: &str) -> PyResult<core::MediaKind> {
    match kind {
        "audio" => Ok(core::MediaKind::Audio),
        "video" => Ok(core::MediaKind::Video),
        _ => Err(PyValueError::new_err(format!(
            "kind {kind:?} is neither audio nor video"
        ))),
    }
}

fn extension_ids(mapping: &Bound<'_, PyMapping>) -> PyResult<ExtensionIds> {
    let pairs: Vec<(String, u16)> = mapping.items()?.extract()?;
    core::extension_ids(pairs.iter().map(|(uri, id)| (uri.as_str(), *id)))
        .ok_or_else(|| PyValueError::new_err("an extension id is not in 1..255"))
}
