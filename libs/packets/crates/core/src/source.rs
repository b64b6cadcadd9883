//! One published track: a media section of a publisher.

use std::sync::Arc;

use crate::config::SourceConfig;
use crate::keys::{EncodingKey, TransportKey};
use crate::replacement::Part;

/// What is agreed about a track and what it is to others. What arrives of it is its encoding's.
pub(crate) struct Source {
    pub(crate) id: u64,
    pub(crate) transport: TransportKey,
    pub(crate) section: Arc<SourceConfig>,
    /// What new sinks follow. With simulcast there are several; sinks name the one they follow already.
    pub(crate) encoding: EncodingKey,
    pub(crate) part: Part,
}
