//! The packet path without Python: wire formats, SRTP and the relay engine.
//!
//! Sans-I/O: packets, time and commands go in; packets, events and the next deadline come out. [`io::Relay`] is the
//! shell with the socket and the thread, and has the only unsafe code.
#![deny(unsafe_code)]

pub mod arena;
mod cache;
mod clock;
pub mod command;
pub mod config;
mod encoding;
pub mod engine;
pub mod event;
mod feedback;
mod history;
mod ice;
pub mod io;
mod keys;
mod link;
mod media;
mod parameter_sets;
mod picture;
mod random;
mod replacement;
mod role;
pub mod seqpacket;
mod sequence;
mod sink;
mod slab;
mod source;
pub mod srtp;
#[doc(hidden)]
pub mod stamped;
pub mod stats;
mod successor;
mod sys;
mod taken;
mod timer;
mod transport;
pub mod wire;
